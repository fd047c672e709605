"""A home for the real `poplin` with several accounts, as a person has it.

    home = PoplinHome(tmp_path)
    home.add("work", server, "alice")
    home.run("fetch")
"""
import json
import os
import shutil
import subprocess
from dataclasses import dataclass

from maildir import Maildir
from poplind import ROOT, SANITIZER

SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
              "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99"}


def program():
    """The path of poplin: from the environment, else of a build."""
    named = os.environ.get("POPLIN")
    builds = sorted(name for name in os.listdir(ROOT) if name.startswith("build"))
    places = [named] if named else [os.path.join(ROOT, build, "src", "cli", "poplin")
                                    for build in builds]
    return next((place for place in places if os.access(place, os.X_OK)), None)


@dataclass
class Result:
    exit: int
    out: str
    err: str

    def objects(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def text(self):
        return self.out + self.err


class PoplinHome:
    def __init__(self, folder):
        self.folder = str(folder)
        self.config = os.path.join(self.folder, "config")
        self.accounts = {}

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text, mode=0o600):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def add(self, name, server, user="alice", url=None, settings=(), deliver=None, password=None):
        """An account of a Poplind, in clear unless the URL says otherwise."""
        secret = self.write("password-" + name, (password or server.users[user]) + "\n")
        lines = [f"server {url or f'pop3://127.0.0.1:{server.port}'}", f"user {user}",
                 f"password file:{secret}", f"deliver {deliver or 'maildir ' + self.mail(name)}",
                 "timeout 5s", *settings]
        self.accounts[name] = (f"account {name} {{\n" + "".join(f"    {line}\n" for line in lines)
                               + "}\n")
        self.write("config", "config 1\n" + "".join(self.accounts.values()))

    def mail(self, name):
        return self.path("mail-" + name)

    def messages(self, name):
        """What lies in an account's Maildir, sorted."""
        return sorted(Maildir(self.mail(name)).contents())

    def forget(self):
        shutil.rmtree(self.path("state"), ignore_errors=True)

    def environment(self):
        return {**os.environ, **SANITIZERS, "HOME": self.folder,
                "XDG_STATE_HOME": self.path("state"), "XDG_CONFIG_HOME": self.folder,
                "LC_ALL": "C", "NO_COLOR": "1", "TZ": "UTC"}

    def command(self, *arguments):
        return [program(), "--config", self.config, *arguments]

    def run(self, *arguments, expect=0, seconds=60):
        done = subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL,
                              capture_output=True, cwd=self.folder, env=self.environment(),
                              timeout=seconds, check=False)
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))
        assert not SANITIZER.search(result.err), result.err[-4000:]
        assert expect is None or result.exit == expect, f"{result.exit}: {result.text()[-2000:]}"
        return result

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
                                env=self.environment())
