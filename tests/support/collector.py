"""The real `poplin`, run in a home of its own against a server of the tests."""
import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass

from maildir import Maildir
from poplind import ROOT, SANITIZER

SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
              "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99"}


def program():
    """The path of poplin: from the environment, else of a build; None: it is not built."""
    named = os.environ.get("POPLIN")
    builds = sorted(name for name in os.listdir(ROOT) if name.startswith("build"))
    places = [named] if named else [os.path.join(ROOT, build, "src", "cli", "poplin")
                                    for build in builds]
    return next((place for place in places if os.access(place, os.X_OK)), None)


def error_of(output):
    """The last error that `--json` printed, perhaps behind a part of a message; None: there is none."""
    start = output.rfind(b'{"error"')
    try:
        return json.loads(output[start:].splitlines()[0])["error"] if start >= 0 else None
    except ValueError:
        return None


@dataclass
class Result:
    exit: int
    out: bytes
    err: bytes
    memory: int = 0  # KiB at the most

    @property
    def kind(self):
        """The word for what went wrong, of `--json`; empty: nothing did."""
        error = error_of(self.out)
        return error["kind"] if error else ""

    def text(self):
        return (self.out + self.err).decode(errors="replace")


def _memory_of(process):
    """The most that it has had, in KiB; 0: it has ended. (What wait4 says counts its parent in.)"""
    try:
        with open(f"/proc/{process.pid}/status", encoding="utf-8", errors="replace") as file:
            return max((int(line.split()[1]) for line in file if line.startswith("VmHWM")),
                       default=0)
    except OSError:
        return 0


def run_measured(command, folder, environment, seconds):
    """Runs a program to its end, or to that of its time: then it is killed and the test fails."""
    end, memory = time.monotonic() + seconds, 0
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   cwd=folder, env=environment)
        while process.poll() is None and time.monotonic() < end:
            memory = max(memory, _memory_of(process))
            time.sleep(0.002)
        is_late = process.poll() is None
        if is_late:
            process.kill()
            process.wait()
        out.seek(0)
        err.seek(0)
        result = Result(process.returncode, out.read(), err.read(), memory)
    assert not is_late, f"{command} had not ended after {seconds} s: {result.text()[-1500:]}"
    return result


def is_sanitized():
    """Its memory says nothing then."""
    with open(program(), "rb") as file:
        return b"__asan_init" in file.read()


class Collector:
    """One account, `here`, that delivers into a Maildir below the folder."""

    def __init__(self, folder, url, user="user", password="secret", settings=()):
        self.folder = str(folder)
        self.config = os.path.join(self.folder, "config")
        self.mail = os.path.join(self.folder, "mail")
        self.state = os.path.join(self.folder, "state")
        self.secret = self._write("password", password + "\n")
        self.configure(url, user, settings)

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def configure(self, url, user="user", settings=()):
        settings = list(settings)
        for name, value in (("timeout", "3s"), ("keep", "forever"),
                            ("password", f"file:{self.secret}"),
                            ("deliver", f"maildir {self.mail}")):
            if not any(line.split()[0] == name for line in settings):
                settings.append(f"{name} {value}")
        lines = "".join(f"    {line}\n" for line in (f"server {url}", f"user {user}", *settings))
        self._write("config", "config 1\naccount here {\n" + lines + "}\n")

    def environment(self):
        return {**os.environ, **SANITIZERS, "HOME": self.folder, "XDG_STATE_HOME": self.state,
                "XDG_CONFIG_HOME": self.folder, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}

    def command(self, *arguments):
        return [program(), "--config", self.config, *arguments]

    def run(self, *arguments, before=(), seconds=60):
        """Runs it; `before` is a command that runs it in turn, as strace does."""
        done = run_measured([*before, *self.command(*arguments)], self.folder,
                            self.environment(), seconds)
        report = SANITIZER.search(done.err.decode(errors="replace"))
        assert not report, done.err.decode(errors="replace")[-4000:]
        return done

    def fetch(self, *options, **how):
        return self.run("fetch", *options, **how)

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
                                env=self.environment())

    def messages(self):
        """What lies in the Maildir, sorted."""
        if not os.path.isdir(self.mail):
            return []
        return sorted(Maildir(self.mail).contents())

    def drafts(self):
        """Names of what lies in tmp/ of the Maildir."""
        folder = os.path.join(self.mail, "tmp")
        return os.listdir(folder) if os.path.isdir(folder) else []


def as_stored(data):
    """A message's octets in the Maildir."""
    return data.replace(b"\r\n", b"\n")
