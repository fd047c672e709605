"""A drop of many messages: counted by helper threads within the confined store, indexed, found again
by a process that has just started."""
import os
import poplib

COUNT = 900


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
