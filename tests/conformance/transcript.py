"""Transcripts: what is typed and what must come back, read from *.t files and played to a server.

A file holds scenarios. `== S11 text` begins one: the rule it proves and the claim. Then:

    drop USER: NAME…        the maildrop holds these messages (support/messages.py); `small*9` is nine
    open [plain|tls|required] [NAME]   a new connection; the greeting must be +OK
    use NAME                go on with that connection
    login USER [PASSWORD]   USER and PASS, both +OK
    > TEXT                  send a line; \\r \\n \\0 \\s \\xHH \\\\ and {N*TEXT} are replaced
    >> TEXT                 the same without a line end
    >1 TEXT                 a line, one octet a packet
    < +OK | < -ERR | < /REGEX/   the next reply line
    .                       read a multi-line reply
    lines N                 it has N lines            rows /REGEX/     each line matches
    has /REGEX/             some line matches         hasnt /REGEX/    none does
    body NAME               it is that message        top NAME N       it is that TOP
    mark KEY | same KEY     remember the multi-line reply, compare with it
    size NAME…              the last number in the reply line is their size on the wire
    tls                     start TLS                 handshakefails   a handshake does not succeed
    closed [SECONDS]        the server closes         silent SECONDS   nothing arrives
    reset | hangup | halfclose   this side ends the connection so
    left USER N             that many files are in the maildrop, within 3 s
    deliver USER NAME | expunge USER N | seen USER N    others act on the drop
    pause SECONDS
"""
import os
import re
import ssl
import time

import messages
import pop3
from poplind import wait_until

ESCAPES = {"r": "\r", "n": "\n", "0": "\0", "s": " ", "t": "\t", "\\": "\\"}


class Scenario:
    def __init__(self, file, line, rule, claim):
        self.file, self.line, self.rule, self.claim = file, line, rule, claim
        self.steps = []

    @property
    def name(self):
        return f"{self.rule.lower()}_{re.sub(r'[^a-z0-9]+', '_', self.claim.lower()).strip('_')}"


def read_file(path):
    scenarios = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("== "):
                rule, claim = line[3:].split(" ", 1)
                scenarios.append(Scenario(os.path.basename(path), number, rule, claim))
            elif line.strip() and not line.startswith("#"):
                scenarios[-1].steps.append((number, line))
    return scenarios


def read_folder(folder):
    names = sorted(name for name in os.listdir(folder) if name.endswith(".t"))
    return [one for name in names for one in read_file(os.path.join(folder, name))]


def octets(text):
    """The bytes of a line to send."""
    text = re.sub(r"\{(\d+)\*([^}]*)\}", lambda m: m[2] * int(m[1]), text)
    parts = re.split(r"(\\x[0-9a-fA-F]{2}|\\.)", text)
    return b"".join(
        bytes([int(part[2:], 16)]) if part.startswith("\\x")
        else ESCAPES[part[1]].encode() if part.startswith("\\") else part.encode()
        for part in parts)


def expand(names):
    """`plain small*3` is plain, small1, small2, small3."""
    out = []
    for name in names.split():
        stem, star, count = name.partition("*")
        out += [f"{stem}{i}" for i in range(1, int(count) + 1)] if star else [name]
    return out


def _regex(text):
    assert text.startswith("/") and text.endswith("/"), f"not a pattern: {text}"
    return re.compile(text[1:-1])


class Player:
    def __init__(self, server):
        self.server = server
        self.sessions = {}
        self.session = None
        self.reply = ""
        self.body = b""
        self.marks = {}

    def play(self, scenario):
        try:
            for number, text in scenario.steps:
                word, _, rest = text.partition(" ")
                try:
                    self.STEPS[word](self, rest)
                except (AssertionError, pop3.Closed, OSError) as fault:
                    raise AssertionError(
                        f"{scenario.file}:{number}: {text[:100]}: {fault!r}") from fault
        finally:
            for session in self.sessions.values():
                session.close()

    def _rows(self):
        return self.body.decode("utf-8", "replace").split("\r\n")[:-1]

    def drop(self, rest):
        user, names = rest.split(":", 1)
        self.server.maildrop(user).fill(*expand(names))

    def open(self, rest):
        words = rest.split()
        kind = words.pop(0) if words and words[0] in ("plain", "tls", "required") else "plain"
        port = {"plain": self.server.port, "tls": self.server.tls_port,
                "required": getattr(self.server, "required_port", None)}[kind]
        context = self.server.context() if kind == "tls" else None
        self.session = pop3.Session(port, tls=context)
        self.sessions[words[0] if words else "first"] = self.session
        self.reply = self.session.greeting.decode("utf-8", "replace")
        assert self.reply.startswith("+OK"), self.reply

    def use(self, rest):
        self.session = self.sessions[rest]

    def login(self, rest):
        user, _, password = rest.partition(" ")
        self.session.login(user, password or self.server.users[user])

    def send(self, rest):
        self.session.send(octets(rest) + b"\r\n")

    def send_raw(self, rest):
        self.session.send(octets(rest))

    def send_slowly(self, rest):
        for octet in octets(rest) + b"\r\n":
            self.session.send(bytes([octet]))
            time.sleep(0.002)

    def expect(self, rest):
        line = self.session.line()
        assert len(line) + 2 <= 512, f"a first line of {len(line) + 2} octets (S31)"
        self.reply = line.decode("utf-8", "replace")
        pattern = _regex(rest).match if rest.startswith("/") else re.compile(
            re.escape(rest) + r"( |$)").match
        assert pattern(self.reply), f"got {self.reply!r}"

    def read_body(self, rest):
        self.body = self.session.body()

    def lines(self, rest):
        assert len(self._rows()) == int(rest), f"{len(self._rows())} lines: {self._rows()[:5]}"

    def rows(self, rest):
        wrong = [row for row in self._rows() if not _regex(rest).fullmatch(row)]
        assert not wrong, f"rows {wrong[:3]}"

    def has(self, rest):
        assert any(_regex(rest).search(row) for row in self._rows()), f"in {self._rows()[:20]}"

    def hasnt(self, rest):
        assert not any(_regex(rest).search(row) for row in self._rows()), f"in {self._rows()[:20]}"

    def _is(self, want):
        same = 0
        for same, (x, y) in enumerate(zip(self.body, want)):
            if x != y:
                break
        assert self.body == want, (f"{len(self.body)} octets for {len(want)}; about {same}: "
                                   f"{self.body[max(0, same - 10):same + 20]!r}")

    def is_message(self, rest):
        self._is(messages.wire(messages.stored(rest)))

    def is_top(self, rest):
        name, count = rest.split()
        self._is(messages.top(messages.stored(name), int(count)))

    def mark(self, rest):
        self.marks[rest] = self.body

    def same(self, rest):
        self._is(self.marks[rest])

    def size(self, rest):
        number = int(re.findall(r"\d+", self.reply)[-1])
        want = sum(len(messages.wire(messages.stored(name))) for name in expand(rest))
        assert number == want, f"{self.reply!r}, but {want} octets on the wire"

    def tls(self, rest):
        self.session.start_tls(self.server.context())

    def handshake_fails(self, rest):
        try:
            self.tls(rest)
        except (ssl.SSLError, OSError):
            return
        raise AssertionError("the handshake succeeded")

    def closed(self, rest):
        assert self.session.ended(float(rest or 5)), "still open"

    def silent(self, rest):
        assert self.session.silent(float(rest)), f"got {self.session.buffer[:80]!r}"

    def reset(self, rest):
        self.session.reset()

    def hangup(self, rest):
        self.session.close()

    def half_close(self, rest):
        self.session.half_close()

    def left(self, rest):
        user, count = rest.split()
        drop = self.server.maildrop(user)
        wait_until(lambda: len(drop.files()) == int(count), 3,
                   f"{count} messages in the drop of {user}; there are {len(drop.files())}")

    def deliver(self, rest):
        user, name = rest.split()
        self.server.maildrop(user).deliver(name)

    def expunge(self, rest):
        user, number = rest.split()
        os.unlink(self.server.maildrop(user).files()[int(number) - 1])

    def seen(self, rest):
        user, number = rest.split()
        drop = self.server.maildrop(user)
        drop.mark_seen(drop.files()[int(number) - 1])

    def pause(self, rest):
        time.sleep(float(rest))

    STEPS = {
        "drop": drop, "open": open, "use": use, "login": login, ">": send, ">>": send_raw,
        ">1": send_slowly, "<": expect, ".": read_body, "lines": lines, "rows": rows, "has": has,
        "hasnt": hasnt, "body": is_message, "top": is_top, "mark": mark, "same": same,
        "size": size, "tls": tls, "handshakefails": handshake_fails, "closed": closed,
        "silent": silent, "reset": reset, "hangup": hangup, "halfclose": half_close, "left": left,
        "deliver": deliver, "expunge": expunge, "seen": seen, "pause": pause,
    }
