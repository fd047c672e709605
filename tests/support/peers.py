"""Programs of Debian packages that cannot be installed beside each other: Debian lets one POP3 server
be installed at a time. They are unpacked (packaging/unpack-packages.sh), never installed, and run in
a mount namespace of their own where they want their files at a fixed place.
"""
import os
import shlex
import subprocess

from poplind import ROOT

FOLDER = os.environ.get("POPLIN_PEERS", os.path.join(ROOT, "build-peers"))


def program(package, path):
    """A program of an unpacked package, else the installed one; None: it is neither."""
    for place in (os.path.join(FOLDER, package, path), "/" + path):
        if os.access(place, os.X_OK):
            return place
    return None


def start(script, log, binds=()):
    """Runs a shell script that ends with `exec`, in namespaces of mounts and processes of its own:
    each of `binds` is (folder, place where it is seen). When the process given back is killed, all
    that it started ends with it."""
    mounts = "".join(f"mount --bind {shlex.quote(a)} {shlex.quote(b)}\n" for a, b in binds)
    with open(log, "ab") as file:
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
             "set -e\n" + mounts + script],
            stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)


def crypt(password):
    """For a file of passwords: SHA-512 of crypt(3)."""
    done = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password + "\n", text=True,
                          capture_output=True, check=True)
    return done.stdout.strip()
