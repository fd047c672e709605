"""The collector and its peers, each emptying its own copy of one question: how long do 2,000 messages
of 5 KB take from the same server, without delay and with a round trip of 20 ms.

They are run as follows, in turns, every message kept on the server, each run from nothing:
  poplin     into a Maildir, every file and folder and the state synced
  mpop       into a Maildir, pipelining on
  fetchmail  into one file (bsmtp, its fastest target), no rewriting
  getmail    into a Maildir
  curl       one process, one connection, a file a message
What each of them syncs is counted on a run of 20 messages and printed.
"""
import fcntl
import os
import re
import shutil
import struct
import subprocess
import tempfile
import time

import drops
import servers
from collector import Collector, program
from poplind import MAIL_USER, mail_owner
from proxy import Proxy

MESSAGES, OCTETS, FEW = 2000, 5000, 200
ROUND_TRIP = 0.020
ROUNDS = 2
MEMORY = 16  # MiB
PASSWORD = "secret"


def _file(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


def _maildir(folder):
    box = os.path.join(folder, "box")
    for name in ("tmp", "new", "cur"):
        os.makedirs(os.path.join(box, name), exist_ok=True)
    return box


def poplin(folder, port, user, _count):
    here = Collector(folder, f"pop3://127.0.0.1:{port}", user, PASSWORD, ["timeout 60s"])
    return here.command("fetch", "--quiet"), here.environment(), here.mail


def mpop(folder, port, user, _count):
    box = _maildir(folder)
    config = _file(folder, "mpoprc", f"account here\nhost 127.0.0.1\nport {port}\nauth user\n"
                   f"user {user}\npassword {PASSWORD}\ntls off\nkeep on\npipelining on\n"
                   f"received_header off\nuidls_file {folder}/uidls\ndelivery maildir {box}\n")
    return ["mpop", "-C", config, "-q", "here"], {}, box


def fetchmail(folder, port, user, _count):
    box = os.path.join(folder, "mail.bsmtp")
    config = _file(folder, "fetchmailrc", "set invisible\n"
                   f"poll 127.0.0.1 protocol pop3 service {port} uidl\n user \"{user}\" password "
                   f"\"{PASSWORD}\" sslproto \"\"\n keep fetchall no rewrite bsmtp \"{box}\"\n")
    return ["fetchmail", "-s", "-f", config, "-i", os.path.join(folder, "ids"), "--pidfile",
            os.path.join(folder, "pid")], {}, box


def getmail(folder, port, user, _count):
    box = _maildir(folder)
    other = ""
    if mail_owner():  # as root it wants to deliver as somebody else
        other = f"user = {MAIL_USER}\n"
        os.chmod(folder, 0o711)
        drops.own(box, mail_owner())
    _file(folder, "getmailrc", f"[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\n"
          f"port = {port}\nusername = {user}\npassword = {PASSWORD}\n[destination]\ntype = Maildir\n"
          f"path = {box}/\n{other}[options]\ndelete = false\nread_all = true\ndelivered_to = false\n"
          "received = false\nverbose = 0\n")
    return ["getmail", "--getmaildir", folder, "--rcfile", os.path.join(folder, "getmailrc")], {}, box


def curl(folder, port, user, count):
    box = os.path.join(folder, "box")
    os.mkdir(box)
    return ["curl", "-sS", "--disable", "-u", f"{user}:{PASSWORD}", "-o", os.path.join(box, "#1"),
            f"pop3://127.0.0.1:{port}/[1-{count}]"], {}, box


CLIENTS = {"poplin": poplin, "mpop": mpop, "fetchmail": fetchmail, "getmail": getmail, "curl": curl}
PIPELINING = ("poplin", "mpop")
SLOW = ("getmail",)  # a process a message: measured on 200 and counted tenfold


def _delivered(box):
    if not os.path.isdir(box):
        with open(box, "rb") as file:
            return len(re.findall(rb"(?m)^DATA\r?$", file.read()))
    return sum(len(names) for _path, _folders, names in os.walk(box))


def _spread(folder):
    """As `chattr +T`: the file system puts each folder in it into a group of inodes of its own."""
    get, put, topdir = 0x80086601, 0x40086602, 0x20000
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flags = struct.unpack("l", fcntl.ioctl(fd, get, bytes(8)))[0]
        fcntl.ioctl(fd, put, struct.pack("l", flags | topdir))
    except OSError:
        pass  # a file system that knows no such thing
    finally:
        os.close(fd)


class Run:
    """One client's fetch of a whole drop from nothing. For minutes after many files were removed
    ext4 makes files slowly beside them: 2,000 took 1.4 s instead of 0.1 s. So its folder stays until
    all have been measured, and lies apart from what others remove."""

    base = None

    @classmethod
    def remove_folders(cls):
        shutil.rmtree(cls.base or "", ignore_errors=True)
        cls.base = None

    @classmethod
    def folder(cls):
        if not cls.base:
            cls.base = tempfile.mkdtemp(prefix="poplin-bench-")
            os.chmod(cls.base, 0o711)  # getmail's delivery runs as somebody else
            _spread(cls.base)
        return tempfile.mkdtemp(dir=cls.base)

    def __init__(self, name, port, user, count, before=()):
        folder = self.folder()
        command, environment, box = CLIENTS[name](folder, port, user, count)
        environment = {**os.environ, "HOME": folder, **environment}
        start = time.monotonic()
        process = subprocess.Popen([*before, *command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   cwd=folder, env=environment)
        self.memory = 0
        while process.poll() is None:
            self.memory = max(self.memory, _memory(process.pid))
            time.sleep(0.002)
        self.seconds = time.monotonic() - start
        said = process.stderr.read().decode(errors="replace")
        if process.returncode != 0 or _delivered(box) != count:
            raise SystemExit(f"bench: {name} ended with {process.returncode}, "
                             f"{_delivered(box)} of {count} messages: {said[-500:]}")


def _memory(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            return max((int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM")),
                       default=0)
    except OSError:
        return 0


def _syncs(name, port):
    """fsync and its like for 20 messages."""
    with tempfile.NamedTemporaryFile(mode="r", prefix="poplin-bench-") as log:
        Run(name, port, "twenty", 20, before=("strace", "-f", "-qq", "-o", log.name, "-e",
                                              "trace=fsync,fdatasync,sync,syncfs"))
        return sum(1 for line in log if "sync" in line)


def _best(names, port, user, count):
    best = {}
    for _ in range(ROUNDS):
        for name in names:
            one = Run(name, port, user, count)
            if name not in best or one.seconds < best[name].seconds:
                best[name] = one
    return best


def _tenfold(name, port):
    return Run(name, port, "few", FEW).seconds * MESSAGES / FEW


def _without_delay(names, port, row):
    best = _best([name for name in names if name not in SLOW], port, "whole", MESSAGES)
    ours = best["poplin"].seconds
    for name in names[1:]:
        peer = best[name].seconds if name in best else _tenfold(name, port)
        row(f"fetch 2,000 of 5 KB, {name}", "< peer", f"{ours:.2f} s", f"{peer:.2f} s",
            f"{ours / peer:.2f}", ours < peer)
    memory = best["poplin"].memory
    row("fetch 2,000 of 5 KB, memory", f"<= {MEMORY} MiB", f"{memory:.1f} MiB",
        "-", "-", memory <= MEMORY)


def _with_delay(names, port, row):
    """Those that wait for each answer are measured on 200 messages and counted tenfold."""
    with Proxy(port, delay=ROUND_TRIP / 2) as proxy:
        best = _best([name for name in names if name in PIPELINING], proxy.port, "whole", MESSAGES)
        seconds = {name: one.seconds for name, one in best.items()}
        for name in names:
            if name not in PIPELINING:
                seconds[name] = _tenfold(name, proxy.port)
    ours = seconds["poplin"]
    for name in names[1:]:
        factor = 1 if name in PIPELINING else 20
        row(f"the same over 20 ms, {name}", "< peer" if factor == 1 else "<= peer / 20",
            f"{ours:.2f} s", f"{seconds[name]:.2f} s", f"{ours / seconds[name]:.3f}",
            ours * factor < seconds[name] * (1 if factor == 1 else 1.0001))


def collect(mail, _folder, row):
    if program() is None:
        row("fetch 2,000 of 5 KB", "-", "not built", "-", "-", None)
        return
    names = [name for name in CLIENTS if name == "poplin" or shutil.which(name)]
    users = {"whole": MESSAGES, "few": FEW, "twenty": 20}
    for user, count in users.items():
        drops.small(mail, [user], count=count, octets=OCTETS)
    drops.own(mail, mail_owner())
    server = servers.ours(mail, {user: PASSWORD for user in users})
    try:
        if shutil.which("strace"):
            print("how they were run: " + CLIENT_NOTES, flush=True)
            counted = ", ".join(f"{name} {_syncs(name, server.port)}" for name in names)
            print(f"syncs for 20 messages: {counted}", flush=True)
        _without_delay(names, server.port, row)
        _with_delay(names, server.port, row)
    finally:
        server.close()
        Run.remove_folders()


CLIENT_NOTES = ("poplin Maildir, all synced; mpop Maildir, pipelining on; fetchmail bsmtp file; "
                "getmail Maildir; curl one connection, a file a message; every run from nothing")
