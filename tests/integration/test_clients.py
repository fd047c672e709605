"""Real clients fetch a whole drop, over plain, STLS and TLS: every octet equals the file's, a kept
message stays, a deleted one is gone."""
import re

import clients
import messages
import pytest

DROP = ("plain", "dots", "crlf", "crlfdots", "nonewline", "third")
EXACT = ("curl", "poplib", "net_pop3", "s_client")
# Those that take lines of any length; the others hold them to limits of their own.
LONG_LINES = ("curl", "net_pop3", "s_client")
IMPOSSIBLE = (("s_client", "plain"), ("getmail", "stls"))
SMALL_ONLY = ("mailutils",)
CASES = [(name, mode) for name in clients.ALL for mode in clients.MODES
         if (name, mode) not in IMPOSSIBLE]


def _is_same(name, got, data):
    """Line ends aside for clients that store with LF; neomutt writes its own header fields too."""
    want = messages.wire(data)
    if name in EXACT:
        if name == "net_pop3":
            got = got.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return got == want
    got, want = got.replace(b"\r\n", b"\n"), want.replace(b"\r\n", b"\n")
    if name in ("fetchmail", "getmail", "neomutt", "mailutils"):
        got, want = _without_status(got), _without_status(want)
    return got.rstrip(b"\n") == want.rstrip(b"\n")


def _by_subject(texts):
    """Some clients store in an order of their own."""
    return sorted(texts, key=lambda text: re.search(rb"(?m)^Subject: (\w+)", text).group(1))


def _without_status(text):
    head, _, body = text.partition(b"\n\n")
    own = rb"(?m)^(Return-Path|Status|X-Status|X-UIDL|Lines|Content-Length|X-IMAPbase|X-UID): ?.*\n?"
    return re.sub(own, b"", head + b"\n").rstrip(b"\n") + b"\n\n" + body


@pytest.mark.parametrize("name,mode", CASES)
def test_client_fetches_every_octet_and_deletes(shared_server, tmp_path, name, mode):
    if not clients.is_here(name):
        pytest.skip(f"{name} is not installed")
    drop = shared_server.maildrop("alice")
    names = DROP + (("middle",) if name not in SMALL_ONLY else ())
    names += ("longline",) if name in LONG_LINES else ()
    drop.fill(*names)
    files = drop.contents()
    account = clients.Account(shared_server, mode)
    for keep in (True, False):
        folder = tmp_path / ("keep" if keep else "delete")
        folder.mkdir()
        got = clients.ALL[name][0](account, str(folder), keep)
        assert len(got) == len(files)
        wrong = [label for label, one, data in zip(sorted(names), _by_subject(got),
                                                   _by_subject(files))
                 if not _is_same(name, one, data)]
        assert not wrong, f"{name} over {mode} got other octets of {wrong}"
        assert len(drop.files()) == (len(files) if keep else 0)
