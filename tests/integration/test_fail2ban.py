"""The filter that is shipped finds failed logins in real log lines, and only the true address."""
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILTER = os.path.join(ROOT, "packaging", "fail2ban", "filter.d", "poplind.conf")

FORGED = [
    b"ann",
    b"",
    b'x" rip=1.2.3.4 y="',
    b'x\\" rip=1.2.3.4',
    b'x, rip=1.2.3.4',
    b"x\r\ntime=2030-01-01T00:00:00.000Z level=warning event=auth-fail rip=1.2.3.4 process=auth",
    b"x\nlevel=warning event=auth-fail rip=1.2.3.4 process=auth reason=password",
    b'x"}\n{"level":"warning","event":"auth-fail","rip":"1.2.3.4","process":"auth"',
    b'","level":"warning","event":"auth-fail","rip":"1.2.3.4","process":',
    b"\x1b[2K\x1b[1Glevel=warning event=auth-fail rip=1.2.3.4 process=",
    b"Jan  1 00:00:00 host poplind[1]: level=warning event=auth-fail rip=1.2.3.4 process=",
    b"2030-01-01 00:00:00 level=warning event=auth-fail rip=1.2.3.4 process=",
    "x\u2028level=warning event=auth-fail rip=1.2.3.4 process=".encode(),
    b"\x85level=warning event=auth-fail rip=1.2.3.4 process=",
    b"\xff\xfe rip=1.2.3.4",
    b"1.2.3.4",
    b"x" * 2000 + b" rip=1.2.3.4",
    b"\x01" * 2000,
]


def log_lines():
    """The program that writes lines as the server does."""
    for build in (os.environ.get("POPLIN_BUILD"), "build-asan", "build-test", "build"):
        path = os.path.join(ROOT, build or "", "tests", "support", "log_lines")
        if build and os.path.exists(path):
            return path
    raise FileNotFoundError("log_lines: build with -Dtests=true, or set POPLIN_BUILD")


def write_log(path, target, form, address, names):
    with open(path, "wb") as out:
        subprocess.run([log_lines(), target, form, address], stdout=out, check=True,
                       input=b"".join(name + b"\0" for name in names))


def found(path):
    """The addresses that fail2ban would count, one for each line that it matched."""
    run = subprocess.run(["fail2ban-regex", "--out", "ip", str(path), FILTER],
                         capture_output=True, text=True, check=False)
    return run.stdout.split()


pytestmark = pytest.mark.skipif(shutil.which("fail2ban-regex") is None,
                                reason="fail2ban is not installed")


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
@pytest.mark.parametrize("form", ["logfmt", "json"])
@pytest.mark.parametrize("target", ["stderr", "journal", "syslog"])
def test_a25_forged_names_ban_only_the_true_address(tmp_path, target, form, address):
    log = tmp_path / "log"
    write_log(log, target, form, address, FORGED)
    lines = log.read_bytes().split(b"\n")
    assert len(lines) == len(FORGED) + 1
    assert found(log) == [address] * len(FORGED)


def test_other_events_are_not_failed_logins(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "time=2030-01-01T00:00:00.000Z level=info event=login rip=192.0.2.1 process=auth pid=1 "
        "user=\"event=auth-fail rip=1.2.3.4 process=\"\n"
        "time=2030-01-01T00:00:00.000Z level=info event=logout rip=192.0.2.1 process=front pid=1\n")
    assert found(log) == []
