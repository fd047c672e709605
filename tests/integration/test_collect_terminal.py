"""What `poplin fetch` shows a person: one line that grows on a terminal, one line at the end of it and
wherever else."""
import os
import pty
import re
import subprocess
import time

import collector
import pytest
from quirk import Quirk, Script, mail, on, pause

pytestmark = pytest.mark.skipif(collector.program() is None, reason="poplin is not built")

BOX = [(f"t{i}", b"Subject: %d\r\n\r\n" % i + (b"w" * 78 + b"\r\n") * 3000) for i in range(8)]
PROGRESS = r"here  \d/8  \d+%  \d\.\d MiB  \d+\.\d MiB/s  ETA \d+:\d\d"
SUMMARY = "here: 8 fetched (1.8 MiB), 0 deleted, 8 on the server"


@pytest.fixture
def here(tmp_path):
    slow = [on(f"^RETR {n}$", pause(0.25), mail(BOX[n - 1][1])) for n in range(1, 9)]
    with Quirk(Script(rules=slow), box=BOX) as server:
        yield collector.Collector(tmp_path, f"pop3://localhost:{server.port}")


def shown_on_a_terminal(here, *words, **environment):
    """All that a terminal gets, by standard output and error."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(here.command("fetch", *words), stdin=theirs, stdout=theirs,
                               stderr=theirs, env={**here.environment(), **environment})
    os.close(theirs)
    shown, end = b"", time.monotonic() + 30
    while time.monotonic() < end:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait(10) == 0
    return shown.decode()


def as_it_stands(shown):
    """What is left to be read when all has been written over."""
    return re.sub(r"(?m)^[^\n]*\r\x1b\[K", "", shown.replace("\r\n", "\n")).strip()


def test_a_terminal_gets_a_line_that_grows_and_then_the_summary(here):
    shown = shown_on_a_terminal(here)
    lines = re.findall(PROGRESS, shown)
    assert len(lines) >= 3 and len(set(lines)) == len(lines)
    counts = [int(re.search(r" (\d)/8", line)[1]) for line in lines]
    assert counts == sorted(counts)
    assert as_it_stands(shown) == SUMMARY


def test_no_colour_is_ever_used(here):
    for environment in ({}, {"NO_COLOR": "1"}):
        assert not re.search(r"\x1b\[[0-9;]*m", shown_on_a_terminal(here, **environment))


def test_quiet_shows_a_terminal_nothing(here):
    assert shown_on_a_terminal(here, "--quiet") == ""


def test_elsewhere_there_is_one_line_alone(here):
    done = here.run("fetch")
    assert done.exit == 0 and done.text() == SUMMARY + "\n"
