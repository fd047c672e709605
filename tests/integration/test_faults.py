"""Processes die, the master is told to stop or to read its configuration again: nothing is lost, no
lock stays, and the service is back within a second."""
import os
import random
import signal
import ssl
import threading
import time

import certificate
import messages
import pop3
import pytest
from poplind import wait_until

ROLES = ("front", "auth", "store")
FAULTS = (pop3.Closed, OSError, AssertionError, ssl.SSLError)


def pids_of(server, role):
    return [pid for pid, name in server.children().items() if role in name]


def poll(server, user="alice"):
    """A whole session; what it retrieved is compared."""
    with server.session(timeout=10) as session:
        session.login(user)
        assert session.retr(1) == messages.wire(messages.stored("plain"))
        session.ok("QUIT")


class Load:
    """Threads that log in, retrieve and quit, and expect to be cut off when a process is killed."""

    def __init__(self, server, users):
        self.server, self.done, self.polls = server, threading.Event(), 0
        self.wrong = []
        self.threads = [threading.Thread(target=self._run, args=(user,)) for user in users]
        for thread in self.threads:
            thread.start()

    def _run(self, user):
        want = messages.wire(messages.stored("plain"))
        while not self.done.is_set():
            try:
                with self.server.session(timeout=5) as session:
                    session.login(user)
                    got = session.retr(1)
                    if got != want:
                        self.wrong.append(got)
                    session.ok("QUIT")
                self.polls += 1
            except FAULTS:
                time.sleep(0.02)

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join(20)


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_process_loses_nothing_and_is_back_within_a_second(make_server, role):
    server = make_server(limits={"per-address": "1000"})
    users = ("alice", "bob", "dave")
    for user in users:
        server.maildrop(user).fill("plain", "dots")
    load = Load(server, users)
    try:
        for _ in range(2):
            wait_until(lambda: load.polls > 3, 10, "some sessions under load")
            victims = pids_of(server, role)
            assert victims, f"no process of the role {role} in {server.children()}"
            os.kill(random.choice(victims), signal.SIGKILL)
            time.sleep(0.2)  # what was past its login by then ends; the next ones count
            load.polls = 0
            wait_until(lambda: load.polls > 5, 1.5, f"sessions after {role} was killed")
            time.sleep(1)
    finally:
        load.stop()
    assert not load.wrong
    for user in users:
        assert len(server.maildrop(user).files()) == 2
        poll(server, user)


@pytest.mark.parametrize("role", ROLES)
def test_no_lock_outlives_a_killed_process(make_server, role):
    server = make_server(extra="processes { front 1 store 1 }")
    server.maildrop("alice").fill("plain", "dots")
    session = server.session().login()
    session.ok("DELE 2")
    for pid in pids_of(server, role):
        os.kill(pid, signal.SIGKILL)

    def is_back():
        try:
            poll(server)
            return True
        except FAULTS:
            return False

    if role == "auth":
        session.ok("NOOP")
        session.ok("RSET")
        session.ok("QUIT")
    wait_until(is_back, 3, "a login of the same user")
    session.close()
    assert len(server.maildrop("alice").files()) == 2


def test_other_sessions_notice_nothing_when_auth_dies(make_server):
    server = make_server()
    server.maildrop("alice").fill("large", "plain")
    session = server.session().login()
    for pid in pids_of(server, "auth"):
        os.kill(pid, signal.SIGKILL)
    assert session.retr(1) == messages.wire(messages.stored("large"))
    session.ok("DELE 1")
    session.ok("QUIT")
    assert len(server.maildrop("alice").files()) == 1


def test_a_killed_front_deletes_nothing(make_server):
    server = make_server()
    server.maildrop("alice").fill("plain", "dots")
    session = server.session().login()
    session.ok("DELE 1")
    for pid in pids_of(server, "front"):
        os.kill(pid, signal.SIGKILL)
    assert session.ended(5)
    wait_until(lambda: server._is_ready(), 5, "a greeting again")
    assert len(server.maildrop("alice").files()) == 2


def test_s09_sigterm_finishes_a_retr_and_tells_the_idle(make_server):
    server = make_server(limits={"drain": "10s"})
    server.maildrop("alice").fill("large")
    server.maildrop("bob").fill("plain")
    busy = server.session(receive_buffer=4096)
    busy.login()
    idle = server.session().login("bob")
    idle.ok("DELE 1")
    busy.send(b"RETR 1\r\n")
    assert busy.line().startswith(b"+OK")
    server.signal(signal.SIGTERM)
    assert busy.body() == messages.wire(messages.stored("large"))
    assert idle.line().startswith(b"-ERR [SYS/TEMP]")
    assert idle.ended(5)
    busy.close()
    assert server.process.wait(15) == 0
    assert len(server.maildrop("bob").files()) == 1


def test_sigterm_leaves_no_process_behind(make_server):
    server = make_server()
    children = server.children()
    assert len(children) >= 3
    server.signal(signal.SIGTERM)
    assert server.process.wait(15) == 0
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children), 3,
               "the end of all children")


def test_children_end_when_the_master_is_killed(make_server):
    server = make_server()
    children = server.children()
    server.process.kill()
    server.process.wait()
    server.process = None
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children), 5,
               "the end of all children")


def test_sighup_takes_new_users_and_keeps_sessions(make_server):
    server = make_server(users={"alice": "secret"})
    server.maildrop("alice").fill("plain")
    session = server.session().login()
    server.users["late"] = "secret"
    server.maildrop("late").fill("plain")
    server.write_users()
    server.signal(signal.SIGHUP)
    wait_until(lambda: _can_log_in(server, "late"), 5, "a login of the new user")
    assert session.retr(1) == messages.wire(messages.stored("plain"))
    session.ok("QUIT")


def _can_log_in(server, user):
    try:
        with server.session() as session:
            session.ok(f"USER {user}")
            return session.ask(f"PASS {server.users[user]}").startswith("+OK")
    except FAULTS:
        return False


def test_a_changed_user_file_is_read_again_by_itself(make_server):
    server = make_server(users={"alice": "secret"})
    assert _can_log_in(server, "alice")
    server.users["alice"] = "changed"
    server.write_users()
    wait_until(lambda: _can_log_in(server, "alice"), 8, "a login with the new password")
    with server.session() as session:
        session.ok("USER alice")
        assert "[AUTH]" in session.err("PASS secret")


def test_sighup_with_a_bad_file_keeps_the_old_one_and_says_why(make_server):
    server = make_server()
    server.maildrop("alice").fill("plain")
    server.write_config(server.config_text() + "lisen pop3\nlimits { idle 3 }\n")
    start = len(server.log())
    server.signal(signal.SIGHUP)
    server.wait_log(r"poplind\.conf:\d+:\d+", start=start)
    assert "lisen" in server.log()[start:]
    assert server.process.poll() is None
    poll(server)


def test_sighup_takes_a_new_limit(make_server):
    server = make_server()
    server.limits["bad-commands-before-login"] = "1"
    server.write_config()
    server.signal(signal.SIGHUP)

    def is_strict():
        with server.session() as session:
            session.err("NONSENSE")
            return session.ended(0.5)

    wait_until(is_strict, 5, "the new limit at work")


def _serial(server):
    with server.session() as plain:
        plain.ok("STLS")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain.start_tls(context)
        return plain.socket.getpeercert(binary_form=True)


@pytest.mark.parametrize("how", ("sighup", "by itself"))
def test_a_changed_certificate_is_seen_by_new_connections(make_server, how):
    server = make_server()
    before = _serial(server)
    old = server.session(tls=True).login()
    certificate.make(server.folder)
    if how == "sighup":
        server.signal(signal.SIGHUP)
    wait_until(lambda: _serial(server) != before, 15, "the new certificate")
    old.ok("NOOP")
    old.close()


def test_a_wrong_certificate_file_keeps_the_old_one(make_server):
    server = make_server()
    before = _serial(server)
    with open(server.certificate, "w", encoding="utf-8") as file:
        file.write("not a certificate\n")
    start = len(server.log())
    server.signal(signal.SIGHUP)
    server.wait_log(r"level=(warning|error)", start=start)
    assert _serial(server) == before


def _take_one(server, user, kept):
    """Retrieves the first message and deletes it; what was retrieved counts before QUIT is sent."""
    with server.session(timeout=5) as session:
        session.login(user)
        if session.ok("STAT").split()[1] == "0":
            return False
        kept.append(session.retr(1))
        session.ok("DELE 1")
        session.ok("QUIT")
    return True


def _take_all(server, user, kept):
    while True:
        try:
            if not _take_one(server, user, kept):
                return
        except FAULTS:
            time.sleep(0.02)


@pytest.mark.long
def test_no_message_is_lost_whatever_dies_while_drops_are_emptied(make_server):
    users = {f"user{i}": "secret" for i in range(4)}
    server = make_server(users=users, limits={"per-address": "1000"})
    names = [f"small{i}" for i in range(1, 1501)]
    kept = {user: [] for user in users}
    for user in users:
        server.maildrop(user).fill(*names)
    threads = [threading.Thread(target=_take_all, args=(server, user, kept[user])) for user in users]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 60
    while any(thread.is_alive() for thread in threads) and time.monotonic() < end:
        time.sleep(random.uniform(0.2, 1.0))
        victims = pids_of(server, random.choice(ROLES))
        if victims:
            os.kill(random.choice(victims), signal.SIGKILL)
    for thread in threads:
        thread.join(60)
    want = {messages.wire(messages.stored(name)) for name in names}
    for user in users:
        assert server.maildrop(user).files() == []
        assert set(kept[user]) == want


def test_a_sighup_before_all_is_ready_is_obeyed_afterwards(make_server):
    server = make_server(start=False)
    server.start(wait=False)
    wait_until(lambda: "event=listening" in server.log(), 10, "the first sockets")
    server.write_config(server.config_text().replace("per-address 100", "per-address 90"))
    server.signal(signal.SIGHUP)
    wait_until(lambda: server.log().count("event=ready") == 2, 15, "the second generation")
