"""`poplin` against real servers, over plain, STLS and TLS: the delivered files equal the originals,
a second run brings nothing, and what `keep none` deletes is gone there and here once."""
import re

import collector
import courier
import dovecot
import mailutils
import messages
import poplind
import pytest
from collector import Collector, as_stored
from poplind import wait_until

NAMES = ("plain", "dots", "crlf", "crlfdots", "third", "middle", "longline", "eightbit", "nul",
         "lonecr", "blanks", "headeronly", "utf8header", "manydots")
SERVERS = {"poplind": (poplind.is_built, poplind.Poplind),
           "dovecot": (dovecot.is_here, dovecot.Dovecot),
           "courier": (courier.is_here, courier.Courier),
           "mailutils": (mailutils.is_here, mailutils.Mailutils)}
MODES = ("plain", "stls", "tls")
MECHANISMS = {"mailutils": ("USER",)}
# What a server makes other octets of: a NUL, a lone CR, files with CRLF, UTF-8 in a header (without the
# command UTF8). Mailutils numbers messages in their headers.
ALTERED = {"dovecot": ("nul", "lonecr"), "mailutils": ("crlf", "crlfdots", "lonecr"),
           "courier": ("crlf", "crlfdots", "lonecr", "utf8header")}
OWN = {"mailutils": lambda data: re.sub(rb"(?m)^X-UIDL: .*\n", b"", data, count=1)}

pytestmark = pytest.mark.skipif(collector.program() is None, reason="poplin is not built")


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    is_here, make = SERVERS[request.param]
    if not is_here():
        pytest.skip(f"{request.param} is not here, or cannot run as this user")
    made = make()
    made.kind = request.param
    made.alters = ALTERED.get(request.param, ())
    made.without_own = OWN.get(request.param, bytes)
    yield made
    made.close()


def account(server, folder, mode, *settings, user="alice"):
    scheme, port = ("pop3s", server.tls_port) if mode == "tls" else ("pop3", server.port)
    tls = {"plain": "none", "stls": "stls", "tls": "implicit"}[mode]
    lines = [f"tls {tls}", "timeout 30s", *settings]
    if mode != "plain":
        lines.append(f"ca {server.certificate}")
    login = getattr(server, "login", "{user}").format(user=user)
    return Collector(folder, f"{scheme}://localhost:{port}", login, server.users[user], lines)


def names_for(server):
    """What the server gives out unchanged."""
    return [name for name in NAMES if name not in server.alters]


def arrived(server, here):
    """What lies here, without what the server has written into it."""
    return sorted(server.without_own(data) for data in here.messages())


def stored(names):
    return sorted(as_stored(messages.wire(messages.stored(name))) for name in names)


@pytest.mark.parametrize("mode", MODES)
def test_c20_files_equal_the_originals_and_come_once(server, tmp_path, mode):
    names = names_for(server)
    drop = server.maildrop("alice")
    drop.fill(*names)
    here = account(server, tmp_path, mode)
    for _ in range(2):
        result = here.fetch("--json")
        assert result.exit == 0, result.text()
        assert arrived(server, here) == stored(names)
        assert len(drop.files()) == len(names)
    drop.deliver("second")
    assert here.fetch().exit == 0
    assert arrived(server, here) == stored([*names, "second"])


@pytest.mark.parametrize("mode", MODES)
def test_c20_keep_none_empties_the_drop(server, tmp_path, mode):
    names = [f"small{i}" for i in range(1, 151)]
    drop = server.maildrop("alice")
    drop.fill(*names)
    here = account(server, tmp_path, mode, "keep none")
    assert here.fetch().exit == 0
    assert arrived(server, here) == stored(names)
    # Courier deletes when it has said goodbye already.
    wait_until(lambda: drop.files() == [], 5, "an empty drop")
    assert here.fetch().exit == 0
    assert arrived(server, here) == stored(names)


def test_c13_every_mechanism_that_the_server_has(server, tmp_path):
    server.maildrop("alice").fill("plain")
    for name in MECHANISMS.get(server.kind, ("PLAIN", "USER")):
        folder = tmp_path / name
        folder.mkdir()
        here = account(server, folder, "tls", f"auth {name}")
        assert here.fetch().exit == 0, name
        assert arrived(server, here) == stored(["plain"])


def test_c01_a_wrong_password_is_told(server, tmp_path):
    here = account(server, tmp_path, "tls")
    with open(here.secret, "w", encoding="utf-8") as file:
        file.write("wrong\n")
    result = here.fetch("--json")
    assert (result.exit, result.kind) == (77, "login")


def test_c01_a_drop_in_use_is_told(server, tmp_path):
    if server.kind != "poplind":
        pytest.skip("it waits for the lock")
    drop = server.maildrop("alice")
    drop.fill("plain")
    here = account(server, tmp_path, "plain")
    with server.session() as other:
        other.login("alice")
        result = here.fetch("--json")
        other.ok("QUIT")
    assert (result.exit, result.kind) == (75, "busy")
    assert here.fetch().exit == 0
    assert arrived(server, here) == stored(["plain"])
