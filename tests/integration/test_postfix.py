"""An MTA delivers while a session is open, and the next session finds what came."""
import messages
import postfix
import pytest
from poplind import wait_until


@pytest.fixture
def mta(shared_server):
    if not postfix.is_here():
        pytest.skip("needs root and Postfix")
    one = postfix.Postfix(shared_server.mail, ["alice", "bob"])
    yield one
    one.close()


def test_s03_postfix_delivers_during_a_session(shared_server, mta):
    drop = shared_server.maildrop("alice")
    drop.fill("plain")
    sent = b"Subject: through the MTA\r\nMessage-ID: <mta@example.net>\r\n\r\n.\r\n..two\r\nend\r\n"
    with shared_server.session().login() as session:
        before = session.rows("UIDL")
        mta.send("alice", sent)
        wait_until(lambda: len(drop.files()) == 2, 15, "the delivery; " + mta.log()[-2000:])
        assert session.ok("STAT").split()[1] == "1"
        assert session.rows("UIDL") == before
        session.ok("DELE 1")
        session.ok("QUIT")
    with shared_server.session().login() as session:
        (uidl,) = session.rows("UIDL").values()
        assert uidl not in before.values()
        got = session.retr(1)
        assert got == messages.wire(drop.contents()[0])
        assert got.endswith(b"\r\n\r\n.\r\n..two\r\nend\r\n")
        session.ok("DELE 1")
        session.ok("QUIT")
    assert drop.files() == []


def test_many_deliveries_while_others_fetch_lose_nothing(shared_server, mta):
    drop = shared_server.maildrop("bob")
    count, seen = 30, {}
    for number in range(count):
        mta.send("bob", f"Subject: number {number}\r\n\r\nbody {number}\r\n".encode())
        with shared_server.session().login("bob") as session:
            for row, uidl in session.rows("UIDL").items():
                assert uidl not in seen, "a UIDL was used twice"
                seen[uidl] = session.retr(row)
                session.ok(f"DELE {row}")
            session.ok("QUIT")

    def fetch_rest():
        with shared_server.session().login("bob") as session:
            for row, uidl in session.rows("UIDL").items():
                seen[uidl] = session.retr(row)
                session.ok(f"DELE {row}")
            session.ok("QUIT")
        return len(seen) == count

    wait_until(fetch_rest, 15, f"{count} messages fetched; there are {len(seen)}")
    bodies = {text.rsplit(b"\r\n\r\n", 1)[1] for text in seen.values()}
    assert bodies == {f"body {number}\r\n".encode() for number in range(count)}
    assert drop.files() == []
