"""SCRAM and the mechanisms that are offered: poplin, mpop (GNU SASL) and a client of the tests against
poplind, over plain, STLS and TLS, with secrets of every kind."""
import base64
import hashlib
import hmac
import time

import clients
import pop3
import pytest
from collector import Collector
from messages import NAMED
from poplind import Poplind

EXTRA = "mechanisms SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\n"
ROUNDS, SALT = 4096, b"0123456789abcdef"


def secret(scheme, password):
    """A verifier as other servers write it."""
    name = scheme.removeprefix("SCRAM-").replace("-", "").lower()
    salted = hashlib.pbkdf2_hmac(name, password.encode(), SALT, ROUNDS)
    client = hmac.digest(salted, b"Client Key", name)
    stored, server = hashlib.new(name, client).digest(), hmac.digest(salted, b"Server Key", name)
    fields = [base64.b64encode(octets).decode() for octets in (SALT, stored, server)]
    return f"{{{scheme}}}{ROUNDS}," + ",".join(fields)


USERS = {
    "plain": "{PLAIN}secret",
    "sha1": secret("SCRAM-SHA-1", "secret"),
    "sha256": secret("SCRAM-SHA-256", "secret"),
    "sha512": secret("SCRAM-SHA-512", "secret"),
    "locked": "*",
    "hashed": "$6$saltsalt$" + "x" * 86,
}


@pytest.fixture(scope="module")
def server():
    with Poplind(users=USERS, extra=EXTRA) as started:
        yield started


KINDS = ("plain", "stls", "tls")
URLS = {"plain": "pop3://127.0.0.1:{port}", "stls": "pop3://localhost:{port}",
        "tls": "pop3s://localhost:{tls_port}"}


def collector(folder, server, kind, user, password="secret", *settings):
    url = URLS[kind].format(port=server.port, tls_port=server.tls_port)
    tls = [] if kind == "plain" else [f"ca {server.certificate}"]
    if kind == "stls":
        tls.append("tls stls")
    folder.mkdir(exist_ok=True)
    return Collector(str(folder), url, user, password, ["timeout 20s", *tls, *settings])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("user, mechanism", [
    ("plain", "SCRAM-SHA-512"), ("plain", "SCRAM-SHA-256"), ("plain", "SCRAM-SHA-1"),
    ("sha1", "SCRAM-SHA-1"), ("sha256", "SCRAM-SHA-256"), ("sha512", "SCRAM-SHA-512"),
    ("sha256", "PLAIN"), ("sha1", "LOGIN"), ("sha512", "USER"),
])
def test_poplin_comes_in_with_the_right_password_alone(server, tmp_path, kind, user, mechanism):
    server.maildrop(user).fill("plain")
    here = collector(tmp_path / "a", server, kind, user, "secret", f"auth {mechanism}")
    result = here.run("fetch")
    assert result.exit == 0, result.text()
    assert here.messages() == [NAMED["plain"]]
    result = collector(tmp_path / "b", server, kind, user, "Secret", f"auth {mechanism}").run("fetch")
    assert result.exit == 77, result.text()


def proof_of(result):
    """The octets of the server's proof, by which the digest is known."""
    last = result.text().split("< + ")[2].split()[0]
    assert base64.b64decode(last).startswith(b"v=")
    return len(base64.b64decode(base64.b64decode(last)[2:]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_strongest_is_taken(server, tmp_path, kind):
    server.maildrop("plain").fill("plain")
    result = collector(tmp_path, server, kind, "plain").run("fetch", "-v")
    assert result.exit == 0, result.text()
    assert proof_of(result) == 64


@pytest.mark.parametrize("mechanism", ("SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS",
                                       "SCRAM-SHA-1-PLUS"))
def test_a_login_is_bound_to_its_channel_over_tls_alone(server, tmp_path, mechanism):
    server.maildrop("plain").fill("plain")
    for kind, code in (("plain", 77), ("stls", 0), ("tls", 0)):
        here = collector(tmp_path / kind, server, kind, "plain", "secret", f"auth {mechanism}")
        result = here.run("fetch")
        assert result.exit == code, result.text()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("user, mechanism", [
    ("plain", "scram-sha-256"), ("plain", "scram-sha-1"), ("sha256", "scram-sha-256"),
    ("sha1", "scram-sha-1"),
])
def test_a_foreign_client_comes_in_with_the_right_password_alone(server, tmp_path, kind, user,
                                                                 mechanism):
    server.maildrop(user).fill("plain", "dots")
    account = clients.Account(server, kind, user, "secret", mechanism)
    assert len(clients.mpop(account, str(tmp_path), True)) == 2
    account.password = "wrong"
    with pytest.raises(AssertionError, match="mpop ended with"):
        clients.mpop(account, str(tmp_path), True)


def challenge_for(server, user, mechanism="SCRAM-SHA-256"):
    """The server's first message to a client that names this user."""
    first = f"n,,n={user},r=0123456789abcdefghij".encode()
    with pop3.Session(server.port) as session:
        session.send(b"AUTH " + mechanism.encode() + b" " + base64.b64encode(first) + b"\r\n")
        line = session.line()
        assert line.startswith(b"+ "), line
        fields = dict(f.split("=", 1) for f in base64.b64decode(line[2:]).decode().split(","))
        final = f"c=biws,r={fields['r']},p=" + base64.b64encode(b"x" * 32).decode()
        session.send(base64.b64encode(final.encode()) + b"\r\n")
        return fields, session.line()


def test_who_there_is_cannot_be_told_by_the_challenge(server):
    """Unknown, locked, hashed another way: each gets a salt that stays, and the same refusal."""
    replies = set()
    for user in ("plain", "nobody", "locked", "hashed", "sha1", "sha256"):
        one, reply = challenge_for(server, user)
        two, _ = challenge_for(server, user)
        assert one["s"] == two["s"] and one["i"] == two["i"] == "4096"
        assert one["r"] != two["r"]
        replies.add(reply)
    assert len(replies) == 1 and replies.pop().startswith(b"-ERR [AUTH]")
    salts = {challenge_for(server, user)[0]["s"] for user in ("nobody", "nobody2", "locked")}
    assert len(salts) == 3


def test_a_wrong_proof_waits_like_a_wrong_password_and_is_logged(make_server):
    server = make_server(users={"ann": "secret"}, extra=EXTRA, limits={"auth-fail-delay": "1s"})
    begun = time.monotonic()
    _, reply = challenge_for(server, "ann")
    assert reply.startswith(b"-ERR [AUTH]")
    assert time.monotonic() - begun >= 1
    assert 'reason=password' in server.log() and "method=SCRAM-SHA-256" in server.log()


def test_capa_offers_what_is_configured_and_binding_over_tls_alone(server, make_server):
    with pop3.Session(server.port) as session:
        session.ok("CAPA")
        lines = session.body().decode().splitlines()
    assert "SASL SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN" in lines
    with pop3.Session(server.tls_port, tls=server.context()) as session:
        session.ok("CAPA")
        lines = session.body().decode().splitlines()
    assert ("SASL SCRAM-SHA-512-PLUS SCRAM-SHA-512 SCRAM-SHA-256-PLUS SCRAM-SHA-256 "
            "SCRAM-SHA-1-PLUS SCRAM-SHA-1 PLAIN LOGIN") in lines
    other = make_server()
    with pop3.Session(other.port) as session:
        session.ok("CAPA")
        assert "SASL PLAIN LOGIN" in session.body().decode().splitlines()
        session.send(b"AUTH SCRAM-SHA-256\r\n")
        assert session.line().startswith(b"-ERR")
