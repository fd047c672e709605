"""Messages the tests put into maildrops, and what RETR and TOP must send of them.

wire() and top() are a second, plain writing of rules S16 and S40 to S42, so that the server is
compared with the rules and not with itself.
"""


def _message(subject, body, extra=""):
    head = (
        "From: Tester <tester@example.org>\nTo: Reader <reader@example.net>\n"
        f"Subject: {subject}\nDate: Tue, 03 Feb 2026 08:00:00 +0000\n"
        f"Message-ID: <{subject.replace(' ', '-')}@example.org>\n{extra}\n"
    )
    return (head + body).encode()


def _crlf(data):
    return data.replace(b"\n", b"\r\n")


def _many_lines(count):
    return "".join(f"line {i:06d} of a longer text, to fill a few segments\n" for i in range(count))


NAMED = {
    "plain": _message("plain", "one\ntwo\nthree\nfour\n"),
    "second": _message("second", "short\n"),
    "third": _message("third", "a\n\nb\n\n\nc\n"),
    "crlf": _crlf(_message("crlf", "already\nin wire form\n")),
    "crlfdots": _crlf(_message("crlfdots", ".\n.a\n..b\nc.\n.\n")),
    "dots": _message("dots", ".\n..\n...\n.x\n. \nx.\n.\n"),
    "firstdot": b".a header that starts with a dot: yes\nSubject: firstdot\n\nbody\n",
    "onlydot": b".",
    "onlydotline": b".\n",
    "mixed": _message("mixed", "lf\n") + b"crlf\r\n.lf dot\n.crlf dot\r\n\nend\r\n",
    "nonewline": _message("nonewline", "the last line has no end"),
    "dotnonewline": _message("dotnonewline", "text\n."),
    "endcr": _message("endcr", "the last octet is CR") + b"\r",
    "lonecr": _message("lonecr", "a") + b"\rb\r\rc\n\rd\n\r\r\n.e\r.f\n",
    "nul": _message("nul", "x") + b"\0y\0\0\n\0\n",
    "eightbit": _message("eightbit", "") + bytes(range(128, 256)) + "日本語 żółw\n".encode(),
    "noblank": b"From: a@example.org\nSubject: only a header\n",
    "noblanknonewline": b"From: a@example.org\nSubject: only a header, no end",
    "headeronly": b"From: a@example.org\nSubject: header and blank line\n\n",
    "noheader": b"\nA body without a header.\n",
    "empty": b"",
    "oneoctet": b"x",
    "blanks": _message("blanks", "\n\n\n\n"),
    "longline": _message("longline", "y" * 200000 + "\n." + "z" * 70000 + "\nend\n"),
    "manydots": _message("manydots", ".\n" * 20000),
    "middle": _message("middle", _many_lines(3000)),
    "large": _message("large", _many_lines(60000)),
    "utf8header": "From: Ünï <u@example.org>\nSubject: 主题 موضوع\n\nbody\n".encode(),
}


def stored(name):
    """The octets as they lie in the Maildir; `small7` is the seventh of any number of small ones."""
    if name.startswith("small") and name[5:].isdigit():
        return _message(name, f"small message {name[5:]}\n.\n")
    return NAMED[name]


def _lines(data):
    """Each line of the message without its end; CRLF and bare LF end one, a lone CR does not. An
    empty file gets the line end that is missing, as any other: it is one empty line."""
    lines = (data or b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
        return [line[:-1] if line.endswith(b"\r") else line for line in lines]
    last = lines.pop()
    return [line[:-1] if line.endswith(b"\r") else line for line in lines] + [last]


def wire(data):
    """What a client holds after RETR, stuffing undone: every line ended by CRLF."""
    return b"".join(line + b"\r\n" for line in _lines(data))


def stuffed(data):
    """The octets of the multi-line reply, terminating line included."""
    out = (b"." + line if line.startswith(b".") else line for line in _lines(data))
    return b"".join(line + b"\r\n" for line in out) + b".\r\n"


def top(data, count):
    """The header, the separating empty line (added when missing) and `count` lines of the body."""
    lines = _lines(data)
    if b"" not in lines:
        return b"".join(line + b"\r\n" for line in lines) + b"\r\n"
    end = lines.index(b"") + 1
    return b"".join(line + b"\r\n" for line in lines[: end + count])
