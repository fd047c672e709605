"""Sessions while processes die, configurations change and clients leave at bad moments."""
import os
import signal
import socket
import time

import pop3
import pytest
from poplind import wait_until

BIG = b"Subject: big\n\n" + (b"x" * 70 + b"\n") * 60000


def reload(server, text, pattern):
    start = len(server.log())
    server.write_config(text)
    server.signal(signal.SIGHUP)
    server.wait_log(pattern, 10, start)


def kill_role(server, role):
    """kill -9 of every process of a role; returns when their successors run."""
    old = {pid for pid, name in server.children().items() if f"--child {role}" in name}
    assert old
    for pid in old:
        os.kill(pid, signal.SIGKILL)

    def replaced():
        new = {pid for pid, name in server.children().items() if f"--child {role}" in name}
        return len(new) == len(old) and not new & old

    wait_until(replaced, 5, f"a new {role}")


def logs_in(server, user="alice"):
    try:
        with pop3.Session(server.port, timeout=5) as session:
            session.login(user).ok("QUIT")
            return True
    except (pop3.Closed, OSError, AssertionError):
        return False


def test_a_configuration_whose_processes_cannot_start_changes_nothing(make_server):
    server = make_server()
    server.maildrop("alice").fill("plain")
    before = server.session().login()
    for _ in range(3):
        reload(server, server.config_text() + f"index {server.folder}/no-such-folder\n",
               "the old one goes on")
        assert logs_in(server, "bob")
    reload(server, server.config_text(), "configuration unchanged")
    before.ok("STAT")
    before.ok("QUIT")
