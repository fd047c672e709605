"""A POP3 server that plays scripts: ordinary until a rule says otherwise, so that a client can be
shown every fault a server was ever seen to have.

    with Quirk(Script(rules=[on("^RETR 2$", "-ERR locked")])) as server:
        …                       # a client talks to 127.0.0.1, server.port
        server.said()           # the command lines it sent

One thread a connection, the standard library only. The maildrop is the server's: what one session
deletes at its QUIT is gone in the next, whatever script that one plays.
"""
import base64
import hashlib
import hmac
import os
import re
import socket
import ssl
import struct
import tempfile
import threading
import time
from dataclasses import dataclass, field

import certificate

FIRST = (b"From: Ada <ada@example.org>\r\nTo: Reader <reader@example.net>\r\nSubject: first\r\n"
         b"Message-ID: <1@quirk.example>\r\n\r\nA plain text.\r\nOf two lines.\r\n")
SECOND = (b"From: Bea <bea@example.org>\r\nSubject: dots\r\nMessage-ID: <2@quirk.example>\r\n\r\n"
          b".\r\n..\r\n.hidden\r\n...more\r\n\r\nend.\r\n")
THIRD = (b"From: Cyd <cyd@example.org>\r\nSubject: octets\r\nMessage-ID: <3@quirk.example>\r\n"
         b"Content-Transfer-Encoding: 8bit\r\n\r\n" + bytes(range(128, 256)) + b"\r\ntab\there\r\n")
BOX = (("u-one", FIRST), ("u-two", SECOND), ("u-three", THIRD))
USER, PASSWORD, TOKEN = "user", "secret", "ya29.token"
HALF = b"+OK 110 octets\r\nFrom: Bea <bea@exa"  # of SECOND
NAMES = {"elsewhere": "elsewhere.example"}
CAPABILITIES = ("TOP", "UIDL", "USER", "RESP-CODES", "PIPELINING")


class Gone(Exception):
    """The connection is over, by either side."""


@dataclass
class Message:
    uidl: str
    data: bytes


@dataclass
class Rule:
    pattern: str
    actions: tuple
    times: int  # how often it holds; -1: always
    hits: int = 0


def on(pattern, *actions, times=-1):
    """What is done, instead of the ordinary, when a command line matches: text is sent with a line
    end, octets as they are, functions are called with the session."""
    return Rule(pattern, actions, times)


@dataclass
class Script:
    greeting: object = "+OK quirk ready"  # text, octets, None (silence) or an action
    capabilities: tuple = CAPABILITIES    # None: CAPA is not known
    capabilities_after: tuple = None      # those after the login, where they differ
    rules: list = field(default_factory=list)
    tls: str = "none"                     # none, stls, tls
    identity: str = "server"              # server, other (untrusted), elsewhere, expired
    eol: bytes = b"\r\n"
    cut: int = -1                         # octets after which the connection is closed
    is_reset: bool = False                # … and by RST
    piece: int = 0                        # octets of one write; 0: all
    pause: float = 0                      # seconds between pieces
    window: int = 0                       # messages shown at a time, those retrieved never again
    scram_fault: str = ""                 # signature, nonce, iterations


# --- actions ---

def close(_session):
    raise Gone


def reset(session):
    session.reset()


def stall(session):
    """Says nothing more until the client leaves."""
    session.drain()


def pause(seconds):
    return lambda _session: time.sleep(seconds)


def ordinary(session):
    """What the server would have done without the rule."""
    session.answer(session.command)


def log_in(session):
    session.is_logged_in = True


def start_tls(session):
    session.start_tls()


def read_line(session):
    session.line()


def delete_nothing(session):
    session.deleted.clear()


def rows(*lines, head="+OK"):
    """A multi-line reply."""
    return lambda session: session.say("\r\n".join([head, *lines, "."]))


def mail(data, head=b"+OK", end=b".\r\n"):
    """A message as the reply of RETR, its octets stuffed."""
    return head + b"\r\n" + stuffed(data) + end


def flood(octets, line=b"x" * 78 + b"\r\n"):
    """Without end, for all that the client can tell."""
    def send(session):
        block = line * max(1, 65536 // len(line))
        for _ in range(max(1, octets // len(block))):
            session.send(block)
    return send


def stuffed(data):
    return re.sub(rb"(?m)^\.", b"..", data)


# --- one connection ---

class Session:
    def __init__(self, server, script, connection):
        self.server, self.script, self.socket = server, script, connection
        self.received, self.sent = b"", 0
        self.command, self.user = "", None
        self.is_secure = self.is_logged_in = False
        self.box = list(server.box)
        self.deleted = set()
        self.lines = []      # (line, whether TLS was up)
        self.deepest = 0     # commands that had come behind one that was not answered yet
        self.retrieved = set()

    # octets

    def send(self, data):
        limit = self.script.cut
        if limit >= 0 and self.sent + len(data) >= limit:
            self._write(data[:limit - self.sent])
            self.sent = limit
            self.reset() if self.script.is_reset else close(self)
        self._write(data)
        self.sent += len(data)

    def _write(self, data):
        size = self.script.piece or len(data) or 1
        for start in range(0, len(data), size):
            self.socket.sendall(data[start:start + size])
            if self.script.pause:
                time.sleep(self.script.pause)

    def say(self, text):
        lines = text.split("\r\n")
        self.send(b"".join(line.encode() + self.script.eol for line in lines))

    def line(self):
        while b"\n" not in self.received:
            data = self.socket.recv(65536)
            if not data or len(self.received) > 1 << 20:
                raise Gone
            self.received += data
            if data[:1] == b"\x16" and not self.is_secure:
                self.lines.append(("<a TLS handshake in clear>", False))
                raise Gone
        self.deepest = max(self.deepest, self.received.count(b"\n") - 1)
        line, self.received = self.received.split(b"\n", 1)
        text = line.rstrip(b"\r").decode(errors="surrogateescape")
        self.lines.append((text, self.is_secure))
        return text

    def drain(self):
        while self.socket.recv(65536):
            pass
        raise Gone

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def start_tls(self):
        self.socket = self.server.context(self.script.identity).wrap_socket(
            self.socket, server_side=True)
        self.is_secure, self.received, self.user = True, b"", None

    # the dialogue

    def run(self):
        if self.script.tls == "tls":
            self.start_tls()
        self.act(self.script.greeting)
        while True:
            self.command = self.line()
            rule = self._rule(self.command)
            if rule:
                for action in rule.actions:
                    self.act(action)
            else:
                self.answer(self.command)

    def _rule(self, line):
        with self.server.lock:
            for rule in self.script.rules:
                if rule.hits != rule.times and re.search(rule.pattern, line, re.I):
                    rule.hits += 1
                    return rule
        return None

    def act(self, action):
        if action is None:
            self.drain()
        elif isinstance(action, bytes):
            self.send(action)
        elif isinstance(action, str):
            self.say(action)
        else:
            action(self)

    def answer(self, line):
        verb, _, rest = line.partition(" ")
        verb, words = verb.upper(), rest.split()
        before = {"CAPA": self._capa, "STLS": self._stls, "USER": self._user, "PASS": self._pass,
                  "APOP": self._apop, "AUTH": self._auth, "QUIT": self._quit}
        after = {"STAT": self._stat, "LIST": self._list, "UIDL": self._uidl, "RETR": self._retr,
                 "TOP": self._top, "DELE": self._dele, "RSET": self._rset, "NOOP": self._noop}
        if verb in before:
            before[verb](rest, words)
        elif verb in after and self.is_logged_in:
            after[verb](rest, words)
        else:
            self.say("-ERR not now" if verb in after else "-ERR no such command")

    def _capa(self, _rest, _words):
        shown = self.script.capabilities
        if self.is_logged_in and self.script.capabilities_after is not None:
            shown = self.script.capabilities_after
        if shown is None:
            self.say("-ERR no such command")
            return
        stls = ["STLS"] if self.script.tls == "stls" and not self.is_secure else []
        self.say("\r\n".join(["+OK", *shown, *stls, "."]))

    def _stls(self, _rest, _words):
        if self.script.tls != "stls" or self.is_secure:
            self.say("-ERR no TLS here")
            return
        self.say("+OK begin")
        self.start_tls()

    # logging in

    def login(self, is_right):
        self.is_logged_in = is_right
        self.say("+OK logged in" if is_right else "-ERR wrong user or password")

    def is_right(self, user, password):
        return (user, password) == (self.server.user, self.server.password)

    def _user(self, rest, _words):
        self.user = rest
        self.say("+OK")

    def _pass(self, rest, _words):
        self.login(self.is_right(self.user, rest))

    def _apop(self, rest, words):
        stamp = re.search(r"<[^<>]*>", str(self.script.greeting))
        digest = hashlib.md5(((stamp or [""])[0] + self.server.password).encode()).hexdigest()
        self.login(bool(stamp) and words == [self.server.user, digest])

    def _auth(self, _rest, words):
        name = words[0].upper() if words else ""
        offered = [word for line in self.script.capabilities or () if line.startswith("SASL ")
                   for word in line.split()[1:]]
        if name not in offered:
            self.say("-ERR no such mechanism")
            return
        steps = {"PLAIN": self._plain, "LOGIN": self._login, "CRAM-MD5": self._cram,
                 "XOAUTH2": self._bearer, "OAUTHBEARER": self._bearer,
                 "SCRAM-SHA-1": self._scram, "SCRAM-SHA-256": self._scram,
                 "SCRAM-SHA-512": self._scram}
        try:
            self.login(steps[name](name, words[1] if len(words) > 1 else None))
        except (ValueError, IndexError):
            self.say("-ERR [AUTH] not understood")

    def ask(self, challenge=b""):
        self.say("+ " + base64.b64encode(challenge).decode())
        return self._decoded(self.line())

    @staticmethod
    def _decoded(line):
        if line == "*":
            raise ValueError
        return base64.b64decode("" if line == "=" else line, validate=True)

    def _first(self, initial):
        return self.ask() if initial is None else self._decoded(initial)

    def _plain(self, _name, initial):
        self.authzid, user, password = self._first(initial).decode().split("\0")
        return self.is_right(user, password)

    def _login(self, _name, initial):
        user = self.ask(b"Username:") if initial is None else self._decoded(initial)
        return self.is_right(user.decode(), self.ask(b"Password:").decode())

    def _cram(self, _name, _initial):
        challenge = b"<4711@quirk.example>"
        digest = hmac.new(self.server.password.encode(), challenge, "md5").hexdigest()
        return self.ask(challenge).decode() == f"{self.server.user} {digest}"

    def _bearer(self, name, initial):
        if f"auth=Bearer {self.server.token}\x01" in self._first(initial).decode():
            return True
        self.ask(b'{"status":"401","schemes":"bearer","scope":"https://mail.example/"}')
        return False

    def _scram(self, name, initial):
        hash_name = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256",
                     "SCRAM-SHA-512": "sha512"}[name]
        fault = self.script.scram_fault
        bare = self._first(initial).decode().split(",", 2)[2]
        nonce = re.search("r=([^,]*)", bare)[1] + "quirk"
        rounds = 0 if fault == "iterations" else 4096
        first = f"r={'other' if fault == 'nonce' else nonce},s=c2FsdHlzYWx0,i={rounds}"
        final = self.ask(first.encode()).decode()
        without, proof = final.rsplit(",p=", 1)
        salted = hashlib.pbkdf2_hmac(hash_name, self.server.password.encode(), b"saltysalt", 4096)
        signed = f"{bare},{first},{without}".encode()

        def keyed(key, text):
            return hmac.new(key, text, hash_name).digest()

        client = keyed(salted, b"Client Key")
        proved = keyed(hashlib.new(hash_name, client).digest(), signed)
        if bytes(a ^ b for a, b in zip(client, proved)) != base64.b64decode(proof):
            return False
        signature = keyed(keyed(salted, b"Server Key"), signed)
        if fault == "signature":
            signature = bytes(len(signature))
        self.ask(b"v=" + base64.b64encode(signature))
        return True

    # the maildrop

    def shown(self):
        count = self.script.window or len(self.box)
        return [n for n in range(1, min(count, len(self.box)) + 1) if n not in self.deleted]

    def _number(self, words):
        text = words[0] if words else ""
        number = int(text) if text.isdigit() else 0
        if number not in self.shown():
            self.say("-ERR no such message")
            return None
        return number

    def data(self, number):
        return self.box[number - 1].data

    def _stat(self, _rest, _words):
        shown = self.shown()
        self.say(f"+OK {len(shown)} {sum(len(self.data(n)) for n in shown)}")

    def _rows(self, words, value):
        if words:
            number = self._number(words)
            if number:
                self.say(f"+OK {number} {value(number)}")
            return
        self.say("\r\n".join(["+OK", *(f"{n} {value(n)}" for n in self.shown()), "."]))

    def _list(self, _rest, words):
        self._rows(words, lambda n: len(self.data(n)))

    def _uidl(self, _rest, words):
        self._rows(words, lambda n: self.box[n - 1].uidl)

    def message(self, data):
        self.send((b"+OK %d octets\r\n" % len(data) + stuffed(data) + b".\r\n").replace(
            b"\r\n", self.script.eol))

    def _retr(self, _rest, words):
        number = self._number(words)
        if number:
            self.message(self.data(number))
            self.retrieved.add(number)

    def _top(self, _rest, words):
        number = self._number(words)
        if number:
            head, _, body = self.data(number).partition(b"\r\n\r\n")
            lines = body.split(b"\r\n")[:-1][:int(words[1])]
            self.message(head + b"\r\n\r\n" + b"".join(line + b"\r\n" for line in lines))

    def _dele(self, _rest, words):
        number = self._number(words)
        if number:
            self.deleted.add(number)
            self.say("+OK")

    def _rset(self, _rest, _words):
        self.deleted.clear()
        self.say("+OK")

    def _noop(self, _rest, _words):
        self.say("+OK")

    def update(self):
        hidden = self.retrieved if self.script.window else set()
        gone = [self.box[n - 1] for n in self.deleted | hidden]
        with self.server.lock:
            self.server.box = [m for m in self.server.box if not any(m is g for g in gone)]
        self.deleted.clear()

    def _quit(self, _rest, _words):
        if self.is_logged_in:
            self.update()
        self.say("+OK bye")
        raise Gone


# --- the server ---

class Quirk:
    def __init__(self, *scripts, box=BOX, user=USER, password=PASSWORD, token=TOKEN):
        self.user, self.password, self.token = user, password, token
        self.box = [Message(uidl, data) for uidl, data in box]
        self.lock = threading.Lock()
        self._certificates = None
        self._running = 0
        self.play(*scripts)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=32)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def play(self, *scripts):
        """From now on: a script for each connection, the last one for all that follow."""
        self.scripts = scripts or (Script(),)
        self.sessions = []

    def identity(self, name="server"):
        """(certificate, key); clients are to trust the certificate of `server` only."""
        if not self._certificates:
            self._certificates = tempfile.TemporaryDirectory(prefix="poplin-quirk-")
        path = os.path.join(self._certificates.name, name)
        if not os.path.exists(path + ".key"):
            if name == "expired":
                certificate.make_expired(self._certificates.name, name)
            else:
                certificate.make(self._certificates.name, NAMES.get(name, "localhost"), name)
        return path + ".crt", path + ".key"

    def context(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.identity(name))
        return context

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            connection.settimeout(60)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script = self.scripts[min(len(self.sessions), len(self.scripts) - 1)]
            session = Session(self, script, connection)
            self.sessions.append(session)
            self._running += 1
            threading.Thread(target=self._run, args=(session,), daemon=True).start()

    def _run(self, session):
        try:
            session.run()
        except (Gone, OSError, ssl.SSLError):
            pass
        finally:
            try:
                session.socket.close()
            except OSError:
                pass
            self._running -= 1

    def wait_idle(self, seconds=5):
        end = time.monotonic() + seconds
        while self._running > 0 and time.monotonic() < end:
            time.sleep(0.001)

    def said(self):
        """All command lines since the last play, in order."""
        return [line for session in self.sessions for line, _secure in session.lines]

    def said_in_clear(self):
        return [line for session in self.sessions for line, secure in session.lines if not secure]

    def uidls(self):
        return [message.uidl for message in self.box]

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        for session in self.sessions:
            try:
                session.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if self._certificates:
            self._certificates.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_how):
        self.close()
