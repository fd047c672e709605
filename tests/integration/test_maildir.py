"""The drop under the session: others rename, remove and damage what is listed (S04, S07, S43 to
S46), and odd things lie in the folders."""
import base64
import os
import re
import socket
import stat
import struct
import time

import messages
import pop3
import pytest
from poplind import mail_owner


@pytest.fixture
def drop(shared_server):
    return shared_server.maildrop("alice")


def test_s45_flags_changed_during_the_session_do_not_hide_a_message(shared_server, drop):
    first, second = drop.fill("plain", "dots")
    with shared_server.session().login() as session:
        drop.mark_seen(first)
        moved = drop.mark_seen(second)
        os.rename(moved, moved + "R")
        assert session.retr(1) == messages.wire(messages.stored("plain"))
        assert session.retr(2) == messages.wire(messages.stored("dots"))
        session.ok("DELE 2")
        session.ok("QUIT")
    assert len(drop.files()) == 1


def test_s45_vanished_messages_are_errors_but_not_bad_commands(shared_server, drop):
    paths = drop.fill(*[f"small{i}" for i in range(1, 31)])
    with shared_server.session().login() as session:
        for path in paths[:25]:
            os.unlink(path)
        for number in range(1, 26):
            session.err(f"RETR {number}")
        assert session.retr(30) == messages.wire(messages.stored("small30"))


def test_s03_uidls_stay_while_others_deliver_and_delete(shared_server, drop):
    paths = drop.fill("plain", "second", "third")
    with shared_server.session().login() as session:
        before = session.rows("UIDL")
        session.ok("QUIT")
    os.unlink(paths[0])
    drop.deliver("dots")
    with shared_server.session().login() as session:
        after = session.rows("UIDL")
    assert [after[1], after[2]] == [before[2], before[3]]
    assert after[3] not in before.values()


def test_odd_things_in_the_folders_are_skipped(shared_server, drop):
    drop.fill("plain")
    folder = os.path.join(drop.path, "new")
    os.mkfifo(os.path.join(folder, "1700000001.fifo"))
    os.symlink("/etc/passwd", os.path.join(folder, "1700000002.link"))
    os.mkdir(os.path.join(folder, "1700000003.folder"))
    hidden = os.path.join(folder, ".hidden")
    with open(hidden, "wb") as file:
        file.write(b"Subject: hidden\n\n")
    os.symlink(hidden, os.path.join(drop.path, "cur", "1700000004.other"))
    try:
        with shared_server.session().login() as session:
            assert session.ok("STAT").split()[1] == "1"
            assert session.retr(1) == messages.wire(messages.stored("plain"))
            session.ok("DELE 1")
            session.ok("QUIT")
        assert stat.S_ISFIFO(os.lstat(os.path.join(folder, "1700000001.fifo")).st_mode)
    finally:
        os.rmdir(os.path.join(folder, "1700000003.folder"))


def test_a_maildrop_that_does_not_exist_is_empty_or_an_error_never_a_crash(make_server):
    server = make_server(users={"alice": "secret", "new": "secret"})
    os.rename(os.path.join(server.mail, "new"), os.path.join(server.mail, "gone"))
    with server.session() as session:
        session.ok("USER new")
        reply = session.ask("PASS secret")
        assert reply.startswith(("+OK", "-ERR [SYS/")), reply
    with server.session().login() as session:
        session.ok("STAT")


def test_a_read_only_drop_serves_everything_but_deletion(make_server):
    server = make_server()
    drop = server.maildrop("alice")
    drop.fill("plain", "dots")
    folders = [drop.path] + [os.path.join(drop.path, name) for name in ("new", "cur", "tmp")]
    for folder in folders:
        os.chmod(folder, 0o555)
    try:
        for _ in range(2):
            with server.session().login() as session:
                assert session.retr(2) == messages.wire(messages.stored("dots"))
                session.ok("DELE 1")
                assert "[SYS/" in session.err("QUIT")
        assert len(drop.files()) == 2
    finally:
        for folder in folders:
            os.chmod(folder, 0o755)


def test_an_unreadable_message_does_not_end_the_session(make_server):
    server = make_server()
    paths = server.maildrop("alice").fill("plain", "second")
    os.chmod(paths[0], 0)
    if mail_owner():
        os.chown(paths[0], 0, 0)
    with server.session().login() as session:
        count = int(session.ok("STAT").split()[1])
        assert session.retr(count) == messages.wire(messages.stored("second"))


def test_s44_a_file_cut_short_resets_the_connection_without_the_last_dot(make_server):
    server = make_server()
    path = server.maildrop("alice").fill("large")[0]
    session = server.session(receive_buffer=4096)
    session.login()
    session.send(b"RETR 1\r\n")
    assert session.line().startswith(b"+OK")
    os.truncate(path, 20000)
    with pytest.raises(pop3.Closed) as closed:
        session.raw_body()
    assert not closed.value.rest.endswith(b"\r\n.\r\n")
    assert closed.value.reset
    session.close()
    server.wait_log(r"io-error")
    assert re.search(r"level=error .*event=broken-message .*rip=127\.0\.0\.1 .*user=\"alice\"",
                     server.log())


def test_s43_a_file_that_grew_before_retr_is_sent_as_announced_or_refused(make_server):
    server = make_server()
    path = server.maildrop("alice").fill("plain")[0]
    with server.session().login() as session:
        announced = int(session.ok("LIST 1").split()[-1])
        with open(path, "ab") as file:
            file.write(b"more\n" * 10)
        reply = session.ask("RETR 1")
        if reply.startswith("+OK"):
            try:
                assert len(session.body()) == announced
            except pop3.Closed:
                pass
    with server.session().login() as session:
        want = len(messages.wire(open(path, "rb").read()))
        assert int(session.ok("LIST 1").split()[-1]) == want
        assert len(session.retr(1)) == want


def test_s34_many_retrs_unread_do_not_deadlock_nor_grow(make_server):
    server = make_server()
    server.maildrop("alice").fill("large", "second")
    session = server.session(receive_buffer=4096, timeout=30)
    session.login()
    session.send(b"RETR 1\r\n" * 30 + b"NOOP\r\nRETR 2\r\n")
    time.sleep(0.5)
    with server.session().login("bob") as other:
        other.ok("STAT")
    want = messages.wire(messages.stored("large"))
    for _ in range(30):
        assert session.line().startswith(b"+OK")
        assert session.body() == want
    assert session.line().startswith(b"+OK")
    assert session.line().startswith(b"+OK")
    assert session.body() == messages.wire(messages.stored("second"))
    session.close()


def test_s46_the_last_dot_comes_with_the_last_octets(shared_server, drop):
    drop.fill("plain")
    with shared_server.session().login() as session:
        session.send(b"RETR 1\r\n")
        time.sleep(0.2)
        data = session.socket.recv(65536)
        assert data.endswith(b"\r\n.\r\n") and data.startswith(b"+OK")


def test_s02_a_dead_peer_does_not_keep_the_lock(shared_server, drop):
    drop.fill("plain")
    for _ in range(5):
        session = shared_server.session().login()
        session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        session.close()
    with shared_server.session().login() as session:
        session.ok("STAT")


def test_s02_snapshot_lets_several_sessions_in(make_server):
    server = make_server(extra="lock snapshot")
    server.maildrop("alice").fill("plain", "second")
    with server.session().login() as one, server.session().login() as two:
        one.ok("DELE 1")
        one.ok("QUIT")
        two.ok("DELE 1")
        assert two.retr(2) == messages.wire(messages.stored("second"))
        two.ok("QUIT")
    assert len(server.maildrop("alice").files()) == 1


def test_s02_takeover_ends_the_older_session_and_deletes_nothing_of_it(make_server):
    server = make_server(extra="lock takeover")
    server.maildrop("alice").fill("plain", "second")
    one = server.session().login()
    one.ok("DELE 1")
    with server.session().login() as two:
        two.ok("STAT")
        assert one.ended(5)
        two.ok("QUIT")
    assert len(server.maildrop("alice").files()) == 2


def test_s02_an_idle_session_is_taken_over_after_the_time(make_server):
    server = make_server(extra="lock exclusive { wait 0s takeover 1s }")
    server.maildrop("alice").fill("plain")
    one = server.session().login()
    with server.session() as two:
        two.ok("USER alice")
        assert "[IN-USE]" in two.err("PASS secret")
    time.sleep(1.3)
    with server.session().login() as two:
        two.ok("STAT")
    assert one.ended(5)


def test_s04_silence_before_login_ends_the_connection(make_server):
    server = make_server(limits={"login": "2s"})
    with server.session() as session:
        begin = time.monotonic()
        assert session.ended(6)
        assert 1.5 < time.monotonic() - begin < 5


def test_s04_an_idle_limit_below_ten_minutes_is_a_configuration_error(make_server):
    server = make_server(limits={"idle": "5m"}, start=False)
    server.start(wait=False)
    assert server.process.wait(10) not in (0, None)
    server.process = None
    assert "poplind.conf:" in server.log()


def test_the_index_may_be_damaged_in_any_way(make_server):
    server = make_server()
    drop = server.maildrop("alice")
    names = ("plain", "dots", "crlf", "lonecr")
    drop.fill(*names)
    with server.session().login() as session:
        uidls, sizes = session.rows("UIDL"), session.rows("LIST")
        session.ok("QUIT")
    beside = [name for name in os.listdir(drop.path) if name not in ("new", "cur", "tmp")]
    for damage in (lambda data: b"", lambda data: data[: len(data) // 2],
                   lambda data: bytes(x ^ 0x55 for x in data), lambda data: b"\0" * 100000):
        for name in beside:
            path = os.path.join(drop.path, name)
            data = open(path, "rb").read() if os.path.isfile(path) else None
            if data is not None:
                with open(path, "r+b") as file:
                    file.truncate(0)
                    file.write(damage(data))
        with server.session().login() as session:
            assert session.rows("UIDL") == uidls
            assert session.rows("LIST") == sizes
            for number, name in enumerate(names, 1):
                assert session.retr(number) == messages.wire(messages.stored(name))
            session.ok("QUIT")


def test_log_tells_of_logins_and_logouts_and_never_of_passwords(make_server):
    server = make_server(users={"alice": "a-word-never-shown"})
    server.maildrop("alice").fill("plain")
    with server.session() as session:
        session.ok("USER alice")
        session.err("PASS another-word-never-shown")
        session.login("alice", "a-word-never-shown")
        session.retr(1)
        session.ok("QUIT")
    server.wait_log(r"event=login\b.*")
    server.wait_log(r"event=logout\b.*")
    failed = server.wait_log(r"event=auth-fail\b.*").group()
    assert "rip=127.0.0.1" in failed and "alice" in failed
    assert "never-shown" not in server.log()


def test_a_client_cannot_write_fields_into_the_log(make_server):
    server = make_server()
    with server.session() as session:
        plain = base64.b64encode(b'\0mallory" rip=192.0.2.9 user="x\nevent=login\0secret')
        session.err("AUTH PLAIN " + plain.decode())
    line = server.wait_log(r"event=auth-fail\b.*").group()
    outside_quotes = re.sub(r'"(\\.|[^"\\])*"', "", line)
    assert "192.0.2.9" in line and "192.0.2.9" not in outside_quotes
