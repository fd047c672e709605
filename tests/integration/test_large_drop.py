"""A drop of many messages: counted by helper threads within the confined store, indexed, found again
by a process that has just started."""
import os
import poplib
import socket
import time

COUNT = 900
LATE = 14000


def stat(server):
    pop = poplib.POP3("127.0.0.1", server.port)
    pop.user("alice")
    pop.pass_(server.users["alice"])
    answer = pop.stat()
    uidls = pop.uidl()[1]
    pop.quit()
    return answer, uidls


def test_many_messages_are_counted_and_remembered(make_server):
    server = make_server()
    drop = server.maildrop("alice")
    body = b"A: b\n\n" + b"x" * 300 + b"\n"
    for i in range(COUNT):
        drop.deliver(body, name=f"{1_600_000_000 + i}.M1P1.host")
    first = stat(server)
    assert first[0] == (COUNT, COUNT * (len(body) + 3))
    assert first[1][0] == b"1 1600000000.M1P1.host"
    assert stat(server) == first
    assert os.stat(os.path.join(drop.path, "poplin-index")).st_mode & 0o777 == 0o600
    server.stop()
    server.start()
    assert stat(server) == first


def test_a_listing_that_comes_after_the_login_is_whole(make_server):
    """So many that the rows are made after PASS is answered: whoever says more at once, or leaves
    at once, meets nothing odd."""
    server = make_server()
    drop = server.maildrop("alice")
    for i in range(LATE):
        drop.deliver(b"A: b\n\nc\n", name=f"{1_600_000_000 + i}.M1P1.host")
    time.sleep(2.1)
    first = stat(server)
    secret = server.users["alice"].encode()
    for rest in (b"STAT\r\nUIDL 14000\r\nDELE 1\r\nLIST 1\r\nRSET\r\nQUIT\r\n", b"QUIT\r\n", None):
        server.stop()
        server.start()
        with socket.create_connection(("127.0.0.1", server.port), 10) as client:
            client.sendall(b"USER alice\r\nPASS " + secret + b"\r\n" + (rest or b""))
            if rest:
                answers = client.makefile("rb").read().split(b"\r\n")
                assert answers[2].startswith(b"+OK") and answers[-2].startswith(b"+OK")
                assert len(answers) == 4 + rest.count(b"\r\n")
                assert len(answers) == 5 or answers[4] == b"+OK 14000 1600013999.M1P1.host"
    assert stat(server) == first
