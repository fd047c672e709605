"""Too many connections, sessions and guesses from one place are that place's trouble alone."""
import os
import resource
import socket
import subprocess
import sys
import time

import pop3
import pytest

HOLDER = """
import socket, sys, time
held = []
for _ in range(int(sys.argv[2])):
    try:
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", int(sys.argv[1])))
        held.append(one)
    except OSError:
        break
    if len(held) % 200 == 0:
        time.sleep(0.02)
print(len(held), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hold(request):
    """hold(port, count): that many silent connections from 127.0.0.1, in processes of their own."""
    holders = []

    def start(port, count):
        room = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100
        while count > 0:
            part = min(count, room, 5000)
            holders.append(subprocess.Popen([sys.executable, "-c", HOLDER, str(port), str(part)],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            count -= part
        return sum(int(one.stdout.readline()) for one in holders)

    yield start
    for one in holders:
        one.stdin.close()
        one.wait(30)
        one.stdout.close()


def test_ten_thousand_silent_connections_keep_nobody_else_out(make_server, hold):
    server = make_server()
    server.maildrop("alice").fill("plain")
    assert hold(server.port, 10000) == 10000
    for _ in range(5):
        begin = time.monotonic()
        with pop3.Session(server.port, source="127.0.0.2", timeout=10) as session:
            session.login()
            session.ok("STAT")
            session.ok("QUIT")
        assert time.monotonic() - begin < 3
    with pop3.Session(server.tls_port, tls=server.context(), source="127.0.0.2") as session:
        session.login("bob").ok("QUIT")


def test_stalled_handshakes_are_dropped(make_server):
    server = make_server(limits={"handshake": "1s"})
    with socket.create_connection(("127.0.0.1", server.tls_port), timeout=6) as stalled:
        stalled.sendall(b"\x16\x03\x01")
        begin = time.monotonic()
        try:
            while stalled.recv(100):
                pass
        except ConnectionResetError:
            pass
        assert 0.5 < time.monotonic() - begin < 5


def test_sessions_of_one_user_are_limited(make_server):
    server = make_server(extra="lock snapshot", limits={"per-user": "2"})
    with server.session().login(), server.session().login():
        with server.session() as third:
            third.ok("USER alice")
            assert third.err("PASS secret").startswith("-ERR [")
        with server.session().login("bob") as other:
            other.ok("STAT")


def test_sessions_of_one_address_are_limited_and_others_come_in(make_server):
    server = make_server(limits={"per-address": "2"})
    with server.session().login("alice"), server.session().login("bob"):
        with server.session() as third:
            third.ok("USER dave")
            third.err("PASS secret")
        with pop3.Session(server.port, source="127.0.0.2") as other:
            other.login("dave")


def test_a_limit_frees_itself_when_sessions_end(make_server):
    server = make_server(limits={"per-address": "2", "per-user": "1"})
    for _ in range(6):
        with server.session().login("alice") as session, server.session().login("bob"):
            session.ok("QUIT")
        time.sleep(0.1)


def test_guessing_is_slowed_and_does_not_slow_the_right_password(make_server):
    server = make_server(limits={"auth-fail-delay": "2s"})
    begin = time.monotonic()
    with server.session() as guesser:
        guesser.ok("USER alice")
        guesser.send(b"PASS wrong\r\n")
        right = time.monotonic()
        with server.session().login("bob") as other:
            other.ok("STAT")
        assert time.monotonic() - right < 1.5
        assert guesser.line().startswith(b"-ERR [AUTH]")
    assert time.monotonic() - begin >= 1.8


def test_memory_does_not_grow_with_an_endless_line(make_server):
    server = make_server()
    with server.session(timeout=20) as session:
        before = _memory(server)
        for _ in range(100):
            session.send(b"x" * 100000)
        session.send(b"\r\n")
        assert session.line().startswith(b"-ERR")
        assert _memory(server) - before < 20_000_000


def _memory(server):
    total = 0
    for pid in server.children():
        with open(f"/proc/{pid}/statm", encoding="utf-8") as file:
            total += int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total
