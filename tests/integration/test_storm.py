"""Many clients that do anything at any time, while processes are killed: no mail is ever lost."""
import os
import random
import signal
import ssl
import threading
import time

import pop3
import pytest
from poplind import wait_until

USERS = ["alice", "bob", "dave"]
SECONDS = float(os.environ.get("POPLIN_STORM_SECONDS", "12"))
MESSAGES = 40
FAULTS = (pop3.Closed, OSError, ssl.SSLError, AssertionError, ValueError)


def text_of(user, i):
    size = (i % 7) ** 5 + 20
    return f"Subject: {user} {i}\n\n.dot\n".encode() + b"line of text\n" * (size // 13) + b"end"


class Client(threading.Thread):
    """Random sessions of one user after another; `mistakes` holds octets that were not the mail's."""

    def __init__(self, server, seed, until):
        super().__init__()
        self.server, self.random, self.until = server, random.Random(seed), until
        self.mistakes, self.sessions, self.may_be_gone = [], 0, set()

    def run(self):
        while time.monotonic() < self.until:
            try:
                self.once()
            except FAULTS:
                pass

    def connect(self):
        kind = self.random.randrange(4)
        if kind == 0:
            return self.server.session(tls=True, timeout=5)
        session = self.server.session(
            timeout=5, receive_buffer=4096 if self.random.random() < 0.2 else None)
        if kind == 1:
            session.ok("STLS")
            session.start_tls(self.server.context())
        return session

    def once(self):
        user = self.random.choice(USERS)
        with self.connect() as session:
            action = self.random.choice([self.partial, self.wrong, self.flood, self.leave, self.read,
                                         self.read, self.delete, self.injected])
            action(session, user)
            if self.random.random() < 0.3 and not isinstance(session.socket, ssl.SSLSocket):
                session.reset()

    def partial(self, session, user):
        session.send(f"USER {user}\r\nPASS secret\r\nRETR 1\r\nRE".encode())
        time.sleep(self.random.random() / 50)

    def wrong(self, session, user):
        session.ok(f"USER {user}")
        session.err("PASS no")

    def flood(self, session, user):
        commands = ["RETR %d" % self.random.randrange(1, MESSAGES + 1) for _ in range(50)]
        commands += ["LIST", "UIDL", "TOP 1 99999999999999999999", "NOOP"] * 5
        session.send(f"USER {user}\r\nPASS secret\r\n".encode() + "\r\n".join(commands).encode() +
                     b"\r\n" + self.random.choice([b"", b"RSET\r\nQUIT\r\n"]))
        for _ in range(self.random.randrange(30)):
            session._more()

    def leave(self, session, user):
        session.send(f"USER {user}\r\nPASS secret\r\n".encode() + b"RETR 7\r\n" * 9)
        session.line()
        session.half_close()
        session.ended(1)

    def injected(self, session, _user):
        session.send(b"STLS\r\nCAPA\r\n")
        session.ended(1)

    def read(self, session, user):
        session.login(user)
        self.sessions += 1
        uidls = session.rows("UIDL")
        for number in self.random.sample(sorted(uidls), min(5, len(uidls))):
            self.compare(user, session.retr(number))
        session.ok("QUIT")

    def compare(self, user, octets):
        i = int(octets.split(b"\r\n", 1)[0].split()[-1])
        if octets != text_of(user, i).replace(b"\n", b"\r\n") + b"\r\n":
            self.mistakes.append((user, i, len(octets)))

    def delete(self, session, user):
        session.login(user)
        uidls = session.rows("UIDL")
        if not uidls:
            return
        number = self.random.choice(sorted(uidls))
        ending = self.random.choice(["quit", "quit", "rset", "lost"])
        octets = session.retr(number)
        self.compare(user, octets)
        i = int(octets.split(b"\r\n", 1)[0].split()[-1])
        session.ok(f"DELE {number}")
        if ending == "rset":
            session.ok("RSET")
        if ending == "quit":
            self.may_be_gone.add((user, i))  # once QUIT is said, whatever is heard of it
        if ending != "lost":
            session.ask("QUIT")


def fill(server):
    names = {}
    for user in USERS:
        drop = server.maildrop(user)
        drop.fill()
        for i in range(MESSAGES):
            names[(user, i)] = drop.deliver(text_of(user, i))
    return names


def kill_some(server, generator, until):
    while time.monotonic() < until:
        time.sleep(1)
        victims = sorted(server.children())
        if victims:
            try:
                os.kill(generator.choice(victims), signal.SIGKILL)
            except ProcessLookupError:
                pass


@pytest.mark.parametrize("policy", ["snapshot", "takeover"])
def test_a_storm_of_clients_and_kills_loses_no_mail(make_server, policy):
    server = make_server(limits={"per-user": "100"}, extra=f"lock {policy}")
    names = fill(server)
    seed = int(os.environ.get("POPLIN_STORM_SEED", "7"))
    until = time.monotonic() + SECONDS
    clients = [Client(server, seed * 100 + i, until) for i in range(6)]
    for client in clients:
        client.start()
    kill_some(server, random.Random(seed), until)
    for client in clients:
        client.join(30)
        assert not client.is_alive()
    assert [m for client in clients for m in client.mistakes] == []
    assert sum(client.sessions for client in clients) > 20
    gone = set().union(*(client.may_be_gone for client in clients))
    lost = [key for key, path in names.items() if key not in gone and not os.path.exists(path)]
    assert lost == []
    assert not server.reports()
    check_service(server, names)


def check_service(server, names):
    """Within seconds of the last kill everybody is served, octet for octet."""
    def logged_in():
        try:
            return server.session(timeout=5).login(user)
        except FAULTS:
            return None

    for user in USERS:
        session = wait_until(logged_in, 10, f"a login of {user}")
        with session:
            there = sum(os.path.exists(path) for key, path in names.items() if key[0] == user)
            uidls = session.rows("UIDL")
            assert len(uidls) == there
            for number in uidls:
                i = int(session.retr(number).split(b"\r\n", 1)[0].split()[-1])
                assert os.path.exists(names[(user, i)])
            session.ok("QUIT")
