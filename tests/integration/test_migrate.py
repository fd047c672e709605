"""`uidl keep`: after Dovecot or Courier no client downloads its mail again.

Debian's own servers serve a drop, over their standard input and output; then the store lists the
same drop. Both must say the same UIDLs in the same order.
"""
import os
import pathlib
import random
import shutil
import subprocess

import pytest

STORE_LIST = pathlib.Path(os.environ.get("POPLIND", "build-asan/src/cli/poplind")
                          ).absolute().parents[2] / "tests" / "store_list"
DOVECOT = pathlib.Path("/usr/lib/dovecot/pop3")
COURIER = pathlib.Path("/usr/lib/courier/courier/courierpop3d")
NOBODY = 65534

MESSAGES = [
    b"From: a@example.org\nSubject: one\n\nbody\n",
    b"From: a@example.org\r\nSubject: two\r\n\r\n.dot\r\n",
    b"From: a@example.org\nX-UIDL: not-this\n\n" + b"long line " * 500 + b"\n",
]


class Drop:
    """A Maildir, owned by whoever the servers run as."""

    def __init__(self, root):
        self.root = root
        self.path = root / "user"
        for folder in ("cur", "new", "tmp"):
            (self.path / folder).mkdir(parents=True)
        self.count = 0
        shutil.copy(STORE_LIST, root / "store_list")  # the build may lie where others cannot look
        self.own()

    def own(self):
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.root], check=True)

    def deliver(self, *names, folder="new"):
        for name in names:
            (self.path / folder / name).write_bytes(MESSAGES[self.count % len(MESSAGES)])
            self.count += 1
        self.own()

    def run(self, command, text, **environment):
        as_user = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        if os.geteuid() != 0:
            as_user = []
        done = subprocess.run(
            as_user + [str(word) for word in command], input=text, capture_output=True, timeout=30,
            cwd=self.path, env=dict(os.environ, **environment), check=False)
        return done.stdout

    def store(self, *more, path=None):
        """(octets, uidl) of each message, as the store lists them in a process of its own."""
        out = self.run([self.root / "store_list", self.root, path or self.path, *more], b"")
        return [tuple(line.split()[1:]) for line in out.decode().splitlines()]


def pop3_rows(out):
    """The multi-line replies among the output of a session, each a list of its rows' last words."""
    replies = []
    rows = []
    for line in out.decode().split("\r\n"):
        if line == ".":
            replies.append(rows)
            rows = []
        elif line[:1].isdigit():
            rows.append(line.split()[1])
    return replies


def session(drop, run_server):
    """(octets, uidl) of each message, as the other server lists them."""
    out = run_server(b"LIST\r\nUIDL\r\nQUIT\r\n")
    sizes, uidls = pop3_rows(out)
    return list(zip(sizes, uidls))


@pytest.fixture(name="drop")
def make_drop(tmp_path):
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.parent == pathlib.Path("/tmp"):
            folder.chmod(0o755)
            break
        folder.chmod(0o755)
    return Drop(tmp_path)


@pytest.fixture(name="dovecot")
def make_dovecot(drop):
    if not DOVECOT.exists():
        pytest.skip("dovecot-pop3d is not installed")
    uid = NOBODY if os.geteuid() == 0 else os.geteuid()
    gid = NOBODY if os.geteuid() == 0 else os.getegid()
    conf = drop.root / "dovecot.conf"
    conf.write_text(
        f"protocols = pop3\nmail_location = maildir:{drop.path}\nbase_dir = {drop.root}/run\n"
        f"state_dir = {drop.root}/state\nlog_path = {drop.root}/log\nssl = no\n"
        f"first_valid_uid = 1\nmail_home = {drop.root}\nmail_uid = {uid}\nmail_gid = {gid}\n"
        "stats_writer_socket_path =\n", encoding="ascii")
    drop.own()
    return lambda text: drop.run([DOVECOT, "-c", conf], text, USER="user", HOME=str(drop.root))


@pytest.fixture(name="courier")
def make_courier(drop, tmp_path_factory):
    program = COURIER
    if not program.exists():
        # Debian lets one POP3 server be installed at a time: unpacked, not installed.
        place = tmp_path_factory.mktemp("courier")
        subprocess.run(["apt-get", "-qq", "download", "courier-pop"], cwd=place, check=False,
                       capture_output=True)
        for package in place.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, place], check=True)
        program = place / str(COURIER)[1:]
        place.chmod(0o755)
        place.parent.chmod(0o755)
        if not program.exists() or b"not found" in subprocess.run(
                ["ldd", program], capture_output=True, check=False).stdout:
            pytest.skip("courier-pop is not to be had")
    return lambda text: drop.run([program, "."], text, AUTHENTICATED="user",
                                 MAILDIR=str(drop.path))


def names(*seconds, tail=".M7P9.mail.example.org"):
    return [f"{second}{tail}" for second in seconds]


def uidls(listing):
    return [uidl for _, uidl in listing]


def assert_same_ever_after(drop, theirs):
    """The store says what they said: at once, again, without its index, from a copy."""
    assert drop.store("keep") == theirs
    assert drop.store("keep") == theirs
    for index in drop.path.glob("poplin-index*"):
        index.unlink()
    assert drop.store("keep") == theirs
    shutil.copytree(drop.path, drop.root / "copy")
    drop.own()
    assert drop.store("keep", path=drop.root / "copy") == theirs
    assert uidls(drop.store(path=drop.root / "copy")) != uidls(theirs)


def test_dovecot_over_several_sessions(drop, dovecot):
    shuffled = names(*range(1_600_000_000, 1_600_000_040))
    random.Random(1).shuffle(shuffled)
    for first in range(0, 40, 8):
        drop.deliver(*shuffled[first:first + 8])
        session(drop, dovecot)
    dovecot(b"DELE 3\r\nDELE 17\r\nRETR 5\r\nQUIT\r\n")
    drop.deliver("1500000000.odd name.host", folder="cur")
    theirs = session(drop, dovecot)
    assert len(theirs) == 39
    assert uidls(theirs)[0].startswith("00000001")
    assert_same_ever_after(drop, theirs)


def edit_list(drop, change):
    path = drop.path / "dovecot-uidlist"
    lines = path.read_text(encoding="ascii").splitlines()
    path.write_text("\n".join(change(lines)) + "\n", encoding="ascii")
    for left in drop.path.glob("dovecot.index*"):
        left.unlink()
    drop.own()


def test_dovecot_overrides_of_single_messages(drop, dovecot):
    drop.deliver(*names(*range(1_600_000_000, 1_600_000_006)))
    session(drop, dovecot)

    def change(lines):
        lines[1] = lines[1].replace(" :", " Pold-server-1 :")
        lines[2] = lines[2].replace(" :", " P :")
        lines[3] = lines[3].replace(" :", " O2 PUID77-1400000171 :")
        lines[5] = lines[5].replace(" :", " O1 :")
        return lines

    edit_list(drop, change)
    theirs = session(drop, dovecot)
    assert uidls(theirs)[1] == "UID77-1400000171"
    assert names(1_600_000_001)[0] in uidls(theirs)
    assert_same_ever_after(drop, theirs)


def test_dovecot_list_of_version_1(drop, dovecot):
    drop.deliver(*names(1_600_000_000, 1_600_000_001, 1_600_000_002), folder="cur")
    (drop.path / "dovecot-uidlist").write_text(
        "1 1400000171 300\n" + "".join(
            f"{uid} {name}\n" for uid, name in zip((7, 26, 255), reversed(names(
                1_600_000_000, 1_600_000_001, 1_600_000_002)))), encoding="ascii")
    drop.own()
    before = drop.store("keep")
    theirs = session(drop, dovecot)
    assert uidls(theirs)[0] == "0000000753724eab"
    assert before == theirs
    assert_same_ever_after(drop, theirs)


def test_courier_over_several_sessions(drop, courier):
    shuffled = names(*range(1_600_000_000, 1_600_000_020))
    random.Random(2).shuffle(shuffled)
    for first in range(0, 20, 5):
        drop.deliver(*shuffled[first:first + 5])
        session(drop, courier)
    courier(b"DELE 2\r\nDELE 9\r\nRETR 4\r\nQUIT\r\n")
    drop.deliver("1500000000.odd name.host", *names(1_600_000_005, tail=".other.host"))
    theirs = session(drop, courier)
    assert len(theirs) == 20
    assert uidls(theirs)[0].startswith("UID")
    assert uidls(drop.store("keep")) == uidls(theirs)


def test_courier_lists_of_version_2_and_old_messages(drop, courier):
    old = [*names(1_600_000_000), "1600000001.a+b'c.host"]
    drop.deliver(*old, *names(1_600_000_003), folder="cur")
    (drop.path / "courierpop3dsizelist").write_text(
        f"/2 9 1400000171\n{old[0]} 45 5:1300000000\n{old[1]} 45 0:0\n"
        f"{names(1_600_000_003)[0]} 45 8:0\n", encoding="ascii")
    drop.own()
    before = drop.store("keep")
    theirs = session(drop, courier)
    assert uidls(theirs) == ["UID5-1300000000", "1600000001.a+2Bb+27c.host", "UID8"]
    assert uidls(before) == uidls(theirs)
    assert uidls(drop.store("keep")) == uidls(theirs)


def test_messages_delivered_after_the_move_come_behind(drop, dovecot):
    drop.deliver(*names(*range(1_600_000_000, 1_600_000_005)))
    theirs = session(drop, dovecot)
    drop.store("keep")
    drop.deliver("1400000000.late.host", "1700000000.new.host", "1700000001.new.host")
    listing = drop.store("keep")
    assert listing[:5] == theirs
    assert uidls(listing)[5:] == ["not-this", "1700000000.new.host", "1700000001.new.host"]
