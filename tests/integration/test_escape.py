"""Each real process is asked from inside for what it must not have. Needs -Dprobe=true."""
import re
import signal

import pytest
from poplind import Poplind, wait_until

LINE = re.compile(r'event=notice .*text="(front|auth|store) (\d+) ([^"]*) (denied|ALLOWED)"')
LEAST = {"front": {"open", "exec", "socket", "ptrace", "kill"},
         "auth": {"open", "exec", "socket", "ptrace", "kill"},
         "store": {"exec", "socket", "ptrace", "kill"}}


@pytest.fixture(scope="module")
def told():
    """What every process said of every probe, after it was asked by the master's SIGUSR1."""
    with Poplind() as server:
        server.maildrop("alice").fill("plain")
        live = server.session().login()
        children = len(server.children())
        server.signal(signal.SIGUSR1)

        def told_by_all():
            lines = LINE.findall(server.log())
            return lines if len({line[:2] for line in lines}) == children else None

        try:
            wait_until(told_by_all, 5, "notices")
        except AssertionError:
            if not LINE.search(server.log()):
                pytest.skip("built without -Dprobe=true")
            raise
        live.ok("RETR 1")
        live.body()
        live.ok("QUIT")
        server.session().login("bob").ok("QUIT")
        assert len(server.children()) == children, "a probe ended its process"
        yield LINE.findall(server.log())


def test_every_probe_of_every_process_is_denied(told):
    assert [line for line in told if line[3] != "denied"] == []


@pytest.mark.parametrize("role", sorted(LEAST))
def test_each_role_is_asked_for_what_it_must_not_have(told, role):
    asked = " ".join(line[2] for line in told if line[0] == role)
    assert [move for move in LEAST[role] if move not in asked] == []
