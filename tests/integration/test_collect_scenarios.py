"""The real `poplin` against a server that plays every scenario of the tables; and those that want
two processes or a signal."""
import re
import signal
import time

import collect_case
import collect_scenarios
import collect_scenarios_hostile
import collect_scenarios_keep
import collector
import pytest
import quirk
from poplind import wait_until
from quirk import HALF, Quirk, Script, mail, on, ordinary, pause, stall

CASES = [*collect_scenarios.CASES, *collect_scenarios_keep.CASES,
         *collect_scenarios_hostile.CASES]
pytestmark = pytest.mark.skipif(collector.program() is None, reason="poplin is not built")


def test_every_rule_has_scenarios_and_no_name_comes_twice():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 100
    rules = {name[:3] for name in names}
    assert rules >= {f"c{i:02}" for i in (*range(1, 15), 20, 21)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_scenario(case, tmp_path):
    collect_case.run(case, tmp_path)


@pytest.fixture
def server():
    with Quirk() as made:
        yield made


@pytest.fixture
def here(server, tmp_path):
    return collector.Collector(tmp_path, f"pop3://localhost:{server.port}")


def said(server, pattern):
    return lambda: any(re.search(pattern, line) for line in server.said())


def stored(*messages):
    return sorted(collector.as_stored(data) for data in messages)


def test_c22_the_second_of_two_runs_says_so_and_stops(server, here):
    server.play(Script(rules=[on("^RETR 1$", pause(2), ordinary)]))
    first = here.start("fetch", "--json")
    wait_until(said(server, "^RETR 1"), 10, "a first run in its dialogue")
    second = here.fetch("--json")
    assert (second.exit, second.kind) == (75, "locked")
    assert first.wait(20) == 0
    assert here.messages() == stored(*collect_case.ALL)


def test_c22_a_run_that_was_killed_holds_no_lock(server, here):
    server.play(Script(rules=[on("^RETR 1$", stall)]), Script())
    first = here.start("fetch")
    wait_until(said(server, "^RETR 1"), 10, "a first run in its dialogue")
    first.kill()
    first.wait()
    assert here.fetch().exit == 0
    assert here.messages() == stored(*collect_case.ALL)


def test_c21_a_run_killed_in_a_message_is_completed_by_the_next(server, here):
    server.play(Script(rules=[on("^RETR 2$", HALF, stall)]), Script())
    first = here.start("fetch")
    wait_until(said(server, "^RETR 2"), 10, "RETR 2")
    time.sleep(0.3)
    first.kill()
    first.wait()
    for _ in range(2):
        assert here.fetch().exit == 0
        assert here.messages() == stored(*collect_case.ALL)
        assert here.drafts() == []


def test_c21_told_to_stop_it_ends_after_the_message_in_flight(server, here):
    whole = mail(quirk.SECOND)
    server.play(Script(rules=[on("^RETR 2$", whole[:30], pause(1), whole[30:])],
                       capabilities=("UIDL", "TOP")), Script())
    first = here.start("fetch", "--json")
    wait_until(said(server, "^RETR 2"), 10, "RETR 2")
    time.sleep(0.3)
    first.send_signal(signal.SIGINT)
    assert first.wait(10) == 75
    got = here.messages()
    assert got == stored(quirk.FIRST, quirk.SECOND)
    assert here.fetch().exit == 0
    assert here.messages() == stored(*collect_case.ALL)


def test_c21_told_twice_it_ends_at_once(server, here):
    server.play(Script(rules=[on("^RETR 2$", HALF, stall)]), Script())
    here.configure(f"pop3://localhost:{server.port}", settings=("timeout 60s",))
    first = here.start("fetch", "--json")
    wait_until(said(server, "^RETR 2"), 10, "RETR 2")
    for _ in range(2):
        first.send_signal(signal.SIGINT)
        time.sleep(0.2)
    assert first.wait(5) != 0
    assert here.fetch().exit == 0
    assert here.messages() == stored(*collect_case.ALL)
