"""A server is replaced and no client downloads its mail again: with `uidl keep` every UIDL is the one
that the old server gave. The old servers are Debian's own, over the same drop."""
import os
import shutil
import subprocess

import dovecot
import peers
import pytest
from maildir import Maildir
from poplind import MAIL_USER, mail_owner

COURIER = peers.program("courier-pop", "usr/lib/courier/courier/courierpop3d") or ""


def uidls(server, user="alice"):
    with server.session().login(user) as session:
        rows = session.rows("UIDL")
        session.ok("QUIT")
    return rows


def without_index(server):
    """As after a restore from a backup that left our index out."""
    path = server.maildrop().path
    for name in os.listdir(path):
        if "poplin" in name and os.path.isfile(os.path.join(path, name)):
            os.unlink(os.path.join(path, name))


@pytest.mark.skipif(not dovecot.is_here(), reason="needs root and Dovecot")
@pytest.mark.parametrize("setting", ("pop3_uidl_format = %08Xu%08Xv",
                                     "pop3_uidl_format = %f\npop3_save_uidl = yes"))
def test_uidls_are_those_that_dovecot_gave(make_server, setting):
    server = make_server(extra="uidl keep", start=False)
    peer = dovecot.Dovecot(extra=setting, mail=server.mail)
    try:
        drop = server.maildrop()
        drop.fill(*[f"small{i}" for i in range(1, 21)])
        uidls(peer)
        with peer.session().login() as session:
            for number in (3, 7, 20):
                session.ok(f"DELE {number}")
            session.ok("QUIT")
        for name in ("plain", "dots", "crlf"):
            drop.deliver(name)
        old = uidls(peer)
    finally:
        peer.close()
    server.start()
    assert uidls(server) == old
    without_index(server)
    assert uidls(server) == old
    server.maildrop().deliver("second")
    again = uidls(server)
    assert {n: again[n] for n in old} == old and len(set(again.values())) == len(old) + 1


def _courier(path, commands):
    """courierpop3d as it runs after its login program, on standard input and output."""
    done = subprocess.run(
        ["setpriv", f"--reuid={MAIL_USER}", f"--regid={MAIL_USER}", "--clear-groups", COURIER, "."],
        input="".join(c + "\r\n" for c in commands).encode(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, cwd=path, timeout=20,
        env={**os.environ, "AUTHENTICATED": "alice", "HOME": path, "MAILDIR": "."})
    return done.stdout.decode()


@pytest.mark.skipif(not os.path.exists(COURIER) or os.geteuid() != 0, reason="needs root and Courier")
def test_uidls_are_those_that_courier_gave(make_server):
    server = make_server(extra="uidl keep", start=False)
    drop = server.maildrop()
    drop.fill("plain", "dots", "crlf", "second")
    _courier(drop.path, ["UIDL", "DELE 2", "QUIT"])
    drop.deliver("third")
    text = _courier(drop.path, ["UIDL", "QUIT"])
    rows = [line.split(" ", 1) for line in text.split("\r\n") if line[:1].isdigit()]
    old = {int(number): uidl for number, uidl in rows}
    assert len(old) == 4, text
    server.start()
    assert sorted(uidls(server).values()) == sorted(old.values())
    without_index(server)
    assert sorted(uidls(server).values()) == sorted(old.values())


def test_uidls_survive_a_copy_of_the_drop_and_another_host_name(make_server):
    first = make_server()
    first.maildrop().fill("plain", "dots", "crlf")
    before = uidls(first)
    first.stop()
    second = make_server(start=False)
    copy = second.maildrop().path
    shutil.rmtree(copy)
    shutil.copytree(first.maildrop().path, copy)
    second.write_config(second.config_text().replace("hostname localhost", "hostname elsewhere"))
    Maildir(second.maildrop().path, mail_owner())
    without_index(second)
    if mail_owner():
        subprocess.run(["chown", "-R", f"{MAIL_USER}:", second.mail], check=True)
    second.start()
    assert uidls(second) == before
