"""Rules C20 and C21 at every point: a fetch of 20 messages is killed at a system call, cut at an
octet, or told by the disk that it is full or broken; a second, undisturbed run completes it. Never
is a message lost, never is one there twice, and none is partial at any time.

In the short run a sample of the points; all of them in the long one, each noted (tests/support/sweep.py
says how) and counted.
"""
import os
import re
import shutil
import signal
import subprocess
import sys

import collector
import pytest
from collector import Collector, as_stored
from proxy import Proxy
from quirk import Message, Quirk, Script, on
from sweep import Fault, Sweep

COUNT = 20
SAMPLE = 12
BOX = [(f"k{i:02}", b"From: k@example.org\r\nSubject: number %d\r\nMessage-ID: <%d@kill>\r\n\r\n"
        % (i, i) + b"line of a message\r\n.\r\n" * i) for i in range(1, COUNT + 1)]
WANT = sorted(as_stored(data) for _uidl, data in BOX)
KEEPS = ("forever", "none")
DISK = {"write": ("ENOSPC", "EIO"), "pwrite64": ("ENOSPC", "EIO"), "fsync": ("EIO", "ENOSPC"),
        "fdatasync": ("EIO",), "syncfs": ("EIO", "ENOSPC"), "rename": ("ENOSPC", "EIO"), "renameat": ("EIO",),
        "renameat2": ("ENOSPC", "EIO"), "linkat": ("ENOSPC",), "ftruncate": ("EIO",)}

pytestmark = [
    pytest.mark.skipif(collector.program() is None, reason="poplin is not built"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="no strace"),
]


class Stage:
    """A server, a folder, and an account that can be set back to the beginning."""

    def __init__(self, folder, keep, rules=()):
        self.folder, self.keep, self.rules = str(folder), keep, rules
        self.server = Quirk(Script(rules=list(rules)), box=BOX)
        self.account = Collector(folder, self.url(), settings=self.settings())

    def url(self, port=None):
        return f"pop3://127.0.0.1:{port or self.server.port}"

    def settings(self):
        return (f"keep {self.keep}", "timeout 10s")

    def reset(self):
        self.server.wait_idle()
        self.server.box = [Message(*one) for one in BOX]
        self.server.play(Script(rules=list(self.rules)))
        for path in (self.account.mail, self.account.state):
            shutil.rmtree(path, ignore_errors=True)
        self.account.configure(self.url(), settings=self.settings())

    def strace(self, *options):
        """Runs a fetch under strace; what it ended with and the system calls it made."""
        log = os.path.join(self.folder, "strace.log")
        environment = {**self.account.environment(), "ASAN_OPTIONS": "detect_leaks=0:exitcode=99"}
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", log, *options,
             *self.account.command("fetch", "--quiet")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
            cwd=self.folder, env=environment)
        assert not collector.SANITIZER.search(done.stdout.decode(errors="replace")), done.stdout
        with open(log, encoding="utf-8", errors="replace") as file:
            return done.returncode, re.findall(r"(?m)^\d+ +(\w+)\(", file.read())

    def nothing_is_partial(self, where):
        got = self.account.messages()
        if any(one not in WANT for one in got):
            raise Fault("other", f"{where}: a message that nobody sent")
        if len(set(got)) != len(got):
            raise Fault("twice", f"{where}: a message twice")
        self.server.wait_idle()
        left = [as_stored(message.data) for message in self.server.box]
        if set(got) | set(left) != set(WANT):
            raise Fault("lost", f"{where}: a message is neither here nor there")

    def complete(self, where):
        """The next run ends the work; one more finds nothing to do."""
        self.nothing_is_partial(where)
        self.account.configure(self.url(), settings=self.settings())
        for _ in range(2):
            result = self.account.fetch("--json")
            assert result.exit == 0, f"{where}: {result.text()[-1000:]}"
            got = self.account.messages()
            if len(got) != len(WANT):
                raise Fault("lost" if len(got) < len(WANT) else "twice",
                            f"{where}: {len(got)} messages")
            assert got == WANT, f"{where}: other octets"
            assert self.account.drafts() == [], f"{where}: drafts are left"
        self.server.wait_idle()
        assert len(self.server.box) == (COUNT if self.keep == "forever" else 0), where


@pytest.fixture(params=KEEPS)
def stage(request, tmp_path):
    made = Stage(tmp_path, request.param)
    yield made
    made.server.close()


def points(calls):
    """Each call as (its name, its number among those of the name)."""
    seen = {}
    for name in calls:
        seen[name] = seen.get(name, 0) + 1
        yield name, seen[name]


def sample(whole, count):
    whole = list(whole)
    step = max(1, len(whole) // count)
    return whole[step // 2::step]


def undisturbed(stage):
    stage.reset()
    status, calls = stage.strace()
    assert status == 0 and stage.account.messages() == WANT
    return calls


def every_one(stage, name, points, attempt):
    """All the points, each tried by itself, counted."""
    sys.setswitchinterval(0.0005)  # the server's threads and the proxy's share this process
    sweep = Sweep(f"{name}-{stage.keep}", collector.program())
    sweep.run(points, lambda point: attempt(stage, *point))
    sweep.verdict()


def kill_at(stage, name, number):
    """Whether there was such a call in this run."""
    stage.reset()
    status, _calls = stage.strace("-e", f"trace={name}", "-e",
                                  f"inject={name}:signal=SIGKILL:when={number}")
    stage.complete(f"killed at {name} number {number}")
    return status == -signal.SIGKILL


def kills(stage):
    """Every call of a run but the first, which starts the program."""
    return [point for point in points(undisturbed(stage)) if point[0] != "execve"]


def test_c21_killed_at_a_sample_of_system_calls(stage):
    whole = kills(stage)
    struck = [kill_at(stage, *point) for point in sample(whole[len(whole) // 4:], SAMPLE)]
    assert any(struck)


@pytest.mark.long
def test_c21_killed_at_every_system_call(stage):
    every_one(stage, "kill", kills(stage), kill_at)


def blind(folder, keep):
    """A server without UIDL and TOP: only the messages themselves tell which they are."""
    return Stage(folder, keep, (on("^UIDL", "-ERR no such command"), on("^TOP", "-ERR no such command")))


def visible_points(calls):
    """From the first file that can be seen on."""
    whole = list(points(calls))
    return whole[whole.index(("renameat2", 1)):]


def blind_sweep(folder, keep, choose):
    stage = blind(folder, keep)
    try:
        for name, number in choose(visible_points(undisturbed(stage))):
            kill_at(stage, name, number)
    finally:
        stage.server.close()


@pytest.mark.parametrize("keep", KEEPS)
def test_c21_killed_at_a_sample_of_system_calls_without_uidl_and_top(tmp_path, keep):
    blind_sweep(tmp_path, keep, lambda whole: [*sample(whole[:COUNT + 12], SAMPLE), *sample(whole, 4)])


@pytest.mark.long
@pytest.mark.parametrize("keep", KEEPS)
def test_c21_killed_at_every_system_call_without_uidl_and_top(tmp_path, keep):
    blind_sweep(tmp_path, keep, lambda whole: whole)


def test_a52_what_came_short_is_not_deleted_after_a_kill_either(tmp_path):
    """Killed when files can be seen already and the state still says fetching."""
    stage = Stage(tmp_path, "none")
    try:
        for name, number in (("renameat2", 2), ("renameat2", 10), ("renameat2", COUNT)):
            stage.reset()
            sizes = [f"{i} {len(data) + 100}" for i, (_uidl, data) in enumerate(BOX, 1)]
            stage.server.play(Script(rules=[on("^LIST$", "+OK", *sizes, ".")]))
            stage.strace("-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={number}")
            for _ in range(2):
                stage.account.fetch()
            stage.server.wait_idle()
            assert stage.account.messages() == WANT
            assert len(stage.server.box) == COUNT, f"deleted after a kill at {name} {number}"
    finally:
        stage.server.close()


def other_sizes():
    """Each message is a little longer than it was said to be the last time, and comes as it was."""
    sizes = [f"{i} {len(data) + 1}" for i, (_uidl, data) in enumerate(BOX, 1)]
    return Script(rules=[on("^LIST$", "+OK", *sizes, ".")])


def again(stage):
    """All is here; LIST tells other sizes, so that each is looked at again."""
    stage.reset()
    assert stage.account.fetch().exit == 0
    stage.server.play(other_sizes())


def kill_again_at(stage, name, number):
    again(stage)
    status, _calls = stage.strace("-e", f"trace={name}", "-e",
                                  f"inject={name}:signal=SIGKILL:when={number}")
    where = f"killed at {name} number {number}, looking again"
    for _ in range(3):
        result = stage.account.fetch("--json")
        assert result.exit in (0, 75), f"{where}: {result.text()[-1000:]}"
    if stage.account.messages() != WANT:
        raise Fault("twice", f"{where}: {len(stage.account.messages())} messages")
    return status == -signal.SIGKILL


def looks(stage):
    again(stage)
    status, calls = stage.strace()
    assert status in (0, 75) and stage.account.messages() == WANT
    return [point for point in points(calls) if point[0] != "execve"]


@pytest.fixture
def kept(tmp_path):
    made = Stage(tmp_path, "forever")
    yield made
    made.server.close()


def test_c21_killed_while_messages_are_looked_at_again(kept):
    whole = looks(kept)
    struck = [kill_again_at(kept, *point) for point in sample(whole[len(whole) // 4:], SAMPLE)]
    assert any(struck)


@pytest.mark.long
def test_c21_killed_at_every_system_call_while_looking_again(kept):
    every_one(kept, "kill-again", looks(kept), kill_again_at)


def fail_at(stage, name, error, number):
    stage.reset()
    status, calls = stage.strace("-e", f"trace={name}",
                                 "-e", f"inject={name}:error={error}:when={number}")
    where = f"{error} at {name} number {number} (exit {status})"
    assert 0 <= status < 128, where
    stage.complete(where)
    return len(calls) >= number


def failures(calls):
    return [(name, error, number) for name, number in points(calls) if name in DISK
            for error in DISK[name]]


def test_c21_a_sample_of_disk_errors(stage):
    for point in sample(failures(undisturbed(stage)), SAMPLE):
        fail_at(stage, *point)


@pytest.mark.long
def test_c21_a_disk_error_at_every_occurrence(stage):
    every_one(stage, "disk", failures(undisturbed(stage)), fail_at)


def test_c21_a_full_disk_that_stays_full(stage):
    """Every write fails from a point on, as on a disk that is full."""
    writes = [number for name, number in points(undisturbed(stage)) if name == "write"]
    for number in sample(writes, 4):
        stage.reset()
        status, _calls = stage.strace("-e", "trace=write", "-e",
                                      f"inject=write:error=ENOSPC:when={number}+")
        stage.complete(f"ENOSPC from write number {number} on (exit {status})")


def cut_at(stage, way, octet):
    stage.reset()
    with Proxy(stage.server.port, **{way: octet}) as proxy:
        stage.account.configure(stage.url(proxy.port), settings=stage.settings())
        result = stage.account.fetch("--json")
    where = f"cut after {octet} octets {way} (exit {result.exit})"
    assert result.exit in (0, 65, 69, 75, 76), where + result.text()
    stage.complete(where)
    return proxy.passed[way] == octet


def cuts(stage):
    """Each octet of a whole dialogue, on its way down and up."""
    stage.reset()
    with Proxy(stage.server.port) as proxy:
        stage.account.configure(stage.url(proxy.port), settings=stage.settings())
        assert stage.account.fetch().exit == 0
        stage.server.wait_idle()
        return {way: [(way, octet) for octet in range(count)]
                for way, count in proxy.passed.items()}


def test_c21_cut_at_a_sample_of_octets(stage):
    for whole in cuts(stage).values():
        struck = [cut_at(stage, *point) for point in sample(whole, SAMPLE)]
        assert all(struck)


@pytest.mark.long
def test_c21_cut_at_every_octet(stage):
    every_one(stage, "cut", sum(cuts(stage).values(), []), cut_at)
