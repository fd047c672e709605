"""Clients that leave, stall or talk too much in each stage of a session; processes without room."""
import os
import random
import resource
import signal
import ssl
import subprocess
import time

import messages
import pop3
import pytest
from poplind import wait_until

ENDS = ("quit", "close", "half", "reset", "mid-retr", "mid-login", "stls-stop", "tls", "tls-cut",
        "update-reset", "wrong", "partial", "auth-half")


def open_files(server):
    """How many descriptors each process has, by its pid."""
    return {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in [server.process.pid, *server.children()]}


def leave(server, how):
    """One session that ends in a way of its own."""
    tls = how in ("tls", "tls-cut")
    session = server.session(tls=tls, receive_buffer=4096 if how == "mid-retr" else None)
    if how == "stls-stop":
        session.ok("STLS")
        session.send(b"\x16\x03\x01\x02")
    elif how == "mid-login":
        session.send(b"USER alice\r\nPASS secret\r\n")
    elif how == "auth-half":
        session.send(b"AUTH LOGIN\r\n")
        session.line()
        session.send(b"YWxp")
    elif how == "wrong":
        session.ok("USER alice")
        session.err("PASS wrong")
    else:
        session.login(random.choice(("alice", "bob", "dave")))
    if how in ("quit", "tls"):
        session.retr(1)
        session.ok("QUIT")
    elif how == "half":
        session.send(b"LIST\r\nUIDL\r\n")
        session.half_close()
        session.ended(3)
    elif how == "mid-retr":
        session.send(b"RETR 2\r\n" * 5)
        session.line()
    elif how == "update-reset":
        session.send(b"DELE 3\r\nQUIT\r\n")
    elif how == "partial":
        session.send(b"RETR 2")
    if how in ("reset", "update-reset", "mid-retr", "auth-half"):
        session.reset()
    else:
        session.close()


def test_no_process_keeps_a_descriptor_of_a_session_that_ended(make_server):
    server = make_server(limits={"per-address": "1000", "per-user": "100"}, extra="lock snapshot")
    for user in ("alice", "bob", "dave"):
        server.maildrop(user).fill("plain", "large", *["second"] * 80)
    for how in ENDS:
        leave(server, how)
    before = open_files(server)
    for _ in range(12):
        for how in ENDS:
            leave(server, how)

    def is_as_before():
        now = open_files(server)
        return now.keys() == before.keys() and all(now[pid] <= before[pid] + 1 for pid in now)

    try:
        wait_until(is_as_before, 8, "the end of all sessions")
    except AssertionError:
        raise AssertionError(f"{before} became {open_files(server)}") from None


def pid_of(server, role):
    return next((pid for pid, name in server.children().items() if f"--child {role}" in name), None)


def limit_files(pid, more):
    """Leaves the process that many descriptors more than it has; gives what restores them. As its
    own user: root without capabilities may not, either."""
    used = max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd")) + 1
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        fields = dict(line.split(":", 1) for line in file)
    owner = {}
    if os.geteuid() == 0:
        owner = {"user": int(fields["Uid"].split()[0]), "group": int(fields["Gid"].split()[0]),
                 "extra_groups": []}
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def limit(soft):
        subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={soft}:{hard}"], check=True, **owner)

    limit(used + more)
    return lambda: limit(hard)


@pytest.mark.parametrize("more", range(3))
def test_a41_a_store_without_descriptors_answers_and_recovers(make_server, more):
    server = make_server(extra="processes { front 1 store 1 }")
    server.maildrop("alice").fill("large", *["middle"] * 3, *["second"] * 100)
    server.maildrop("bob").fill("plain", "middle")
    alice = server.session(timeout=5).login()
    restore = limit_files(pid_of(server, "store"), more)
    for number in (1, 2, 3, 4, 5):
        reply = alice.ask(f"RETR {number}")
        if reply.startswith("+OK"):
            alice.body()
        else:
            assert reply.startswith("-ERR [SYS/TEMP]"), reply
    for _ in range(3):
        with server.session(timeout=5) as bob:
            bob.ok("USER bob")
            reply = bob.ask("PASS secret")
            assert reply.startswith(("+OK", "-ERR [SYS/TEMP]")), reply
    restore()
    for number in (1, 2, 5):
        alice.retr(number)
    alice.ok("QUIT")
    with server.session(timeout=5).login("bob") as bob:
        assert bob.retr(1) == messages.wire(messages.stored("plain"))
        assert bob.retr(2) == messages.wire(messages.stored("middle"))
        bob.ok("QUIT")
    with server.session(timeout=5).login("alice") as alice:
        assert len(alice.rows("LIST")) == 104


@pytest.mark.parametrize("more", range(3))
def test_a41_a_front_without_descriptors_answers_and_recovers(make_server, more):
    server = make_server(extra="processes { front 1 store 1 }")
    server.maildrop("alice").fill("large", *["middle"] * 3, *["second"] * 100)
    server.maildrop("bob").fill(*["second"] * 100)
    alice = server.session(timeout=5).login()
    restore = limit_files(pid_of(server, "front"), more)
    for number in (1, 2, 3, 4, 5):
        reply = alice.ask(f"RETR {number}")
        if reply.startswith("+OK"):
            alice.body()
        else:
            assert reply.startswith("-ERR [SYS/TEMP]"), reply
    for _ in range(3):
        try:
            with server.session(timeout=1) as bob:
                bob.ok("USER bob")
                reply = bob.ask("PASS secret")
                assert reply.startswith(("+OK", "-ERR [SYS/TEMP]")), reply
        except (pop3.Closed, OSError):
            pass
    restore()
    alice.retr(1)
    alice.ok("QUIT")
    with server.session(timeout=5).login("bob") as bob:
        assert len(bob.rows("LIST")) == 100


def test_a76_a_slow_reader_gets_all_of_it(make_server):
    """Progress keeps a connection past the limit on silence; here before login, where it is short."""
    server = make_server(limits={"login": "2s"})
    session = server.session(receive_buffer=4096, timeout=5)
    session.send(b"CAPA\r\n" * 12000)
    session.socket.setblocking(True)
    got, end = 0, time.monotonic() + 4.5
    while time.monotonic() < end:
        got += len(session.socket.recv(2048))
        time.sleep(0.01)
    assert got > 100000
    session.close()


def test_a77_reloads_faster_than_processes_start_end_with_the_last_configuration(make_server):
    server = make_server()
    for limit in (9, 8, 7, 6, 1):
        server.limits["bad-commands-before-login"] = str(limit)
        server.write_config()
        server.signal(signal.SIGHUP)
        time.sleep(0.03)

    def is_strict():
        with server.session() as session:
            session.err("NONSENSE")
            return session.ended(0.3)

    wait_until(is_strict, 8, "the last configuration at work")


@pytest.mark.parametrize("role", ("store", "auth"))
def test_a41_a_process_without_descriptors_still_meets_a_restarted_front(make_server, role):
    server = make_server(extra="processes { front 1 store 1 }")
    restore = limit_files(pid_of(server, role), -5)
    old = pid_of(server, "front")
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: old not in server.children() and pid_of(server, "front"), 5, "a new front")
    wait_until(lambda: server._is_ready(), 5, "a greeting")
    restore()
    with server.session(timeout=3).login() as session:
        session.ok("QUIT")


def test_a14_the_last_reply_is_not_lost_to_those_who_go_on_talking(make_server):
    """Also where more mail was sent than may be thrown away after QUIT."""
    server = make_server()
    server.maildrop("alice").fill("large")
    with server.session(timeout=5).login() as session:
        session.retr(1)
        session.send(b"QUIT\r\n" + b"NOOP\r\n" * 100)
        for _ in range(10):
            time.sleep(0.02)
            session.send(b"NOOP\r\n" * 100)
        with pytest.raises(pop3.Closed) as closed:
            while True:
                session.line()
        assert not closed.value.reset


def random_script(rng):
    """Commands of a session with a login somewhere in it; nothing is deleted in the end."""
    early = ["CAPA", "NOOP", "USER nobody", "PASS x", "AUTH", "STAT", "NONSENSE"]
    late = ["STAT", "NOOP", "LIST", "UIDL", "CAPA", "RSET", "LIST 2", "UIDL 3", "RETR 1", "RETR 2",
            "RETR 3", "RETR 4", "TOP 2 0", "TOP 3 5", "TOP 1 99999999999", "DELE 4", "RETR 99",
            "TOP 1", "dele 1", "retr 5"]
    script = rng.sample(early, 2) + ["NOOP", "USER alice", "PASS secret"]
    script += [rng.choice(late) for _ in range(rng.randrange(3, 12))]
    return "".join(line + rng.choice(("\r\n", "\n")) for line in [*script, "RSET", "QUIT"]).encode()


def answers(server, script, rng, tls, pieces):
    """Every octet the server says to a script that is sent in random pieces while it is read."""
    with server.session(tls=tls, timeout=10, greeting=False,
                        receive_buffer=rng.choice((None, 4096))) as session:
        got, sent = bytearray(), 0
        while True:
            size = rng.choice((1, 2, 7, 60, 4000)) if pieces else len(script)
            session.socket.settimeout(10)
            if sent < len(script):
                session.send(script[sent : sent + size])
                sent += size
                session.socket.settimeout(0.001)
            try:
                data = session.socket.recv(rng.choice((1000, 65536)))
            except (TimeoutError, ssl.SSLWantReadError):
                continue
            if not data:
                return bytes(got)
            got += data


@pytest.mark.parametrize("tls", (False, True))
def test_s33_any_pieces_of_a_session_get_the_same_octets(make_server, tls):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    server = make_server(extra="lock snapshot", limits={"bad-commands-before-login": "20"},
                         per_user="100")
    server.maildrop("alice").fill("plain", "middle", "longline", "dots", "crlf")
    end = time.monotonic() + 3
    while time.monotonic() < end:
        script = random_script(rng)
        whole = answers(server, script, rng, tls, False)
        assert answers(server, script, rng, tls, True) == whole, script
        assert b"goodbye" in whole[-60:], whole[-200:]
    assert len(server.maildrop("alice").files()) == 5
