"""Passwords from the desktop's keyring: the driver against a real gnome-keyring, on a bus and in a home
of its own. Wants a poplin that was built with it: the long run makes one in `build-keyring`."""
import os
import shutil
import subprocess

import collector
import pytest
from collector import Collector, as_stored
from messages import stored, wire
from poplind import ROOT

TOOLS = ("dbus-run-session", "gnome-keyring-daemon", "secret-tool")


def program():
    """A poplin with the keyring built in: the one that is tested, or the one made for this."""
    places = [collector.program(), os.path.join(ROOT, "build-keyring", "src", "cli", "poplin")]
    for place in places:
        if place and os.access(place, os.X_OK):
            with open(place, "rb") as file:
                if b"libsecret-1.so" in file.read():
                    return place
    return None


pytestmark = [
    pytest.mark.skipif(program() is None, reason="poplin is not built with the keyring"),
    pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason="there is no keyring here"),
]

USER, PASSWORD = "carol", "pa ss  word"
# The daemon is told the password that unlocks it; it ends with the session's bus.
SESSION = """
echo unlock | gnome-keyring-daemon --unlock --components=secrets >/dev/null
printf 'other' | secret-tool store --label=Test protocol pop3 server elsewhere user carol
{before}
"$@"
"""
STORE = "printf '{}' | secret-tool store --label=Poplin protocol pop3 server localhost user carol"


class Desktop:
    def __init__(self, folder, server):
        url = f"pop3://localhost:{server.port}"
        self.here = Collector(folder, url, USER, settings=["password keyring", "tls none"])
        self.folder = folder
        (folder / "run").mkdir(mode=0o700)

    def environment(self):
        kept = {k: v for k, v in self.here.environment().items()
                if not k.startswith(("DBUS_", "GNOME_", "DISPLAY", "WAYLAND_"))}
        return {**kept, "XDG_RUNTIME_DIR": str(self.folder / "run")}

    def fetch(self, before=None):
        """In a session with a keyring; `before` is done there first. None: without a session."""
        command = [program(), *self.here.command("fetch")[1:]]
        if before is not None:
            command = ["dbus-run-session", "--", "sh", "-c",
                       SESSION.replace("{before}", before), "sh", *command]
        return subprocess.run(command, env=self.environment(), cwd=self.folder, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.fixture
def desktop(shared_server, tmp_path):
    shared_server.maildrop(USER).fill("plain", "dots")
    return Desktop(tmp_path, shared_server)


def test_the_password_comes_from_the_keyring(desktop):
    done = desktop.fetch(STORE.format(PASSWORD))
    assert done.returncode == 0, done.stderr
    assert desktop.here.messages() == sorted(as_stored(wire(stored(n))) for n in ("plain", "dots"))
    assert PASSWORD not in done.stdout + done.stderr


def test_a_wrong_one_is_told_as_a_refused_login(desktop):
    assert desktop.fetch(STORE.format("wrong")).returncode == 77


def test_where_there_is_none_it_says_how_to_put_it_there(desktop):
    done = desktop.fetch("")
    assert done.returncode == 78, done.stderr
    assert "secret-tool store --label=Poplin protocol pop3 server localhost user carol" in done.stderr


def test_what_is_too_long_is_refused(desktop):
    done = desktop.fetch(STORE.format("x" * 5000))
    assert done.returncode == 78 and "longer than" in done.stderr


def test_without_a_session_it_says_so(desktop):
    done = desktop.fetch()
    assert done.returncode != 0 and "the keyring does not answer" in done.stderr
    assert desktop.here.messages() == []
