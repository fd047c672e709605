"""Sessions while processes die, configurations change and clients leave at bad moments."""
import os
import signal

import pop3
from poplind import wait_until

BIG = b"Subject: big\n\n" + (b"x" * 70 + b"\n") * 60000


def reload(server, text, pattern):
    start = len(server.log())
    server.write_config(text)
    server.signal(signal.SIGHUP)
    server.wait_log(pattern, 10, start)


def kill_role(server, role):
    """kill -9 of every process of a role; returns when their successors run."""
    old = {pid for pid, name in server.children().items() if f"--child {role}" in name}
    assert old
    for pid in old:
        os.kill(pid, signal.SIGKILL)

    def replaced():
        new = {pid for pid, name in server.children().items() if f"--child {role}" in name}
        return len(new) == len(old) and not new & old

    wait_until(replaced, 5, f"a new {role}")


def logs_in(server, user="alice"):
    try:
        with pop3.Session(server.port, timeout=5) as session:
            session.login(user).ok("QUIT")
            return True
    except (pop3.Closed, OSError, AssertionError):
        return False


def test_a_configuration_whose_processes_cannot_start_changes_nothing(make_server):
    server = make_server()
    server.maildrop("alice").fill("plain")
    before = server.session().login()
    for _ in range(3):
        reload(server, server.config_text() + f"index {server.folder}/no-such-folder\n",
               "the old one goes on")
        assert logs_in(server, "bob")
    reload(server, server.config_text(), "configuration unchanged")
    before.ok("STAT")
    before.ok("QUIT")


def test_many_lists_at_once_arrive_whole(make_server):
    server = make_server()
    drop = server.maildrop("alice")
    drop.fill()
    for i in range(1000):
        drop.deliver(b"Subject: %d\n\n" % i)
    with server.session(timeout=60) as session:
        session.login()
        first = session.rows("UIDL")
        session.send(b"UIDL\r\n" * 400)
        for _ in range(400):
            assert session.line().startswith(b"+OK")
            assert session.raw_body().count(b"\r\n") == len(first) + 1
        session.ok("QUIT")


def test_a_removed_user_cannot_log_in_over_an_older_configuration_either(make_server):
    server = make_server()
    with server.session() as early:
        reload(server, server.config_text().replace("per-address 100", "per-address 99"),
               "event=ready")
        start = len(server.log())
        del server.users["bob"]
        server.write_users()
        server.wait_log("users file read again", 5, start)
        early.ok("USER bob")
        assert early.err("PASS secret").startswith("-ERR [AUTH]")


def test_s07_quit_and_a_half_close_update_in_every_stage(make_server):
    server = make_server()
    drop = server.maildrop("alice")
    for before in ("", "RETR 1\r\n", "RETR 2\r\nLIST\r\n" * 2, "TOP 2 1\r\nUIDL\r\n"):
        for tls in (False, True):
            drop.fill("plain")
            drop.deliver(BIG)
            with server.session(tls=tls, timeout=20) as session:
                session.send(f"USER alice\r\nPASS secret\r\n{before}DELE 1\r\nQUIT\r\n".encode())
                if not tls:
                    session.half_close()
                assert session.ended(20)
            wait_until(lambda: len(drop.files()) == 1, 5, f"a deletion after {before[:20]!r}")


def test_s44_a_message_that_shrinks_while_it_is_sent_ends_in_a_reset(make_server):
    server = make_server()
    drop = server.maildrop("alice")
    drop.fill()
    path = drop.deliver(BIG * 10)
    with server.session(receive_buffer=4096) as session:
        session.login().ok("RETR 1")
        os.truncate(path, 1000)
        try:
            octets = session.raw_body()
        except pop3.Closed as closed:
            assert closed.reset
        else:
            raise AssertionError(f"a body of {len(octets)} octets with its end")
    assert logs_in(server)


def test_s34_pipelined_messages_reach_a_reader_with_a_small_window(make_server):
    server = make_server()
    drop = server.maildrop("alice")
    drop.fill()
    drop.deliver(BIG[:71014])
    expected = BIG[:71014].replace(b"\n", b"\r\n")
    with server.session(receive_buffer=4096, timeout=60) as session:
        session.login()
        session.send(b"RETR 1\r\n" * 5 + b"TOP 1 99999999999999999999999\r\n")
        for _ in range(6):
            assert session.line().startswith(b"+OK")
            assert session.body() == expected
        session.ok("QUIT")


def test_a_reset_while_messages_are_removed_leaves_no_lock(make_server):
    server = make_server()
    drop = server.maildrop("alice")
    for _ in range(10):
        drop.fill()
        for i in range(50):
            drop.deliver(b"Subject: %d\n\n" % i)
        session = server.session().login()
        session.send(b"".join(b"DELE %d\r\n" % (i + 1) for i in range(50)) + b"QUIT\r\n")
        session.reset()
        wait_until(lambda: logs_in(server), 5, "a login")
        assert len(drop.files()) in (0, 50)
