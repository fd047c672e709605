"""`poplin list`: what was fetched and is not read yet, safe to look at."""
import os
import pty
import re
import struct
import termios
import unicodedata
import fcntl

import pytest
from maildir import Maildir
from poplin_home import PoplinHome, program

pytestmark = pytest.mark.skipif(program() is None, reason="poplin is not built")


def message(subject, sender="Ann <ann@example.org>", date="Tue, 03 Feb 2026 08:00:00 +0100"):
    lines = [b"From: ", sender, b"\nSubject: ", subject, b"\nDate: ", date, b"\n\nbody\n"]
    return b"".join(part if isinstance(part, bytes) else part.encode() for part in lines)


@pytest.fixture
def home(shared_server, tmp_path):
    made = PoplinHome(tmp_path)
    made.add("work", shared_server)
    return made


def fill(server, home, *messages):
    drop = server.maildrop("alice")
    for one in messages:
        drop.deliver(one)
    home.run("fetch")


def test_unread_messages_are_listed_with_sender_subject_date_and_size(shared_server, home):
    fill(shared_server, home, message("first"), message("second", "bob@example.org"))
    rows = home.run("list").out.splitlines()
    assert len(rows) == 2
    when = r"(3 Feb {5}|2026-02-03)"
    assert re.fullmatch(rf" +\d+ ●    {when} +\d+B  Ann {{19}}  first", rows[0]), rows[0]
    assert rows[1].endswith("  bob@example.org         second")
    objects = home.run("list", "--json").objects()
    assert [o["subject"] for o in objects] == ["first", "second"]
    assert objects[0]["from"] == "Ann <ann@example.org>" and objects[0]["account"] == "work"
    assert objects[0]["date"] == "2026-02-03T07:00:00Z" and objects[0]["read"] is False
    with open(objects[0]["file"], "rb") as file:
        assert file.read() == message("first")


def test_a_number_stays_the_messages_own(shared_server, home):
    fill(shared_server, home, message("first"), message("second"))
    before = {o["subject"]: o["id"] for o in home.run("list", "--json").objects()}
    box = Maildir(home.mail("work"))
    first = [path for path in box.files() if b"first" in open(path, "rb").read()]
    box.mark_seen(first[0])
    fill(shared_server, home, message("third"))
    after = {o["subject"]: o["id"] for o in home.run("list", "--json").objects()}
    assert set(after) == {"second", "third"} and after["second"] == before["second"]
    assert len({*before.values(), *after.values()}) == 3


def test_read_ones_are_listed_on_request_and_removed_ones_never(shared_server, home):
    fill(shared_server, home, message("seen"), message("gone"), message("moved"))
    box = Maildir(home.mail("work"))
    for path in box.files():
        subject = re.search(rb"Subject: (\w+)", open(path, "rb").read()).group(1)
        if subject == b"seen":
            box.mark_seen(path)
        elif subject == b"gone":
            os.unlink(path)
        else:
            os.rename(path, os.path.join(box.path, "cur", os.path.basename(path) + ":2,F"))
    assert [o["subject"] for o in home.run("list", "--json").objects()] == ["moved"]
    every = {o["subject"]: o["read"] for o in home.run("list", "--all", "--json").objects()}
    assert every == {"seen": True, "moved": False}


def test_n_lists_the_newest(shared_server, home):
    fill(shared_server, home, *(message(f"m{i}") for i in range(5)))
    assert [o["subject"] for o in home.run("list", "-n", "2", "--json").objects()] == ["m3", "m4"]
    assert home.run("list", "-n", "0", expect=64).out == ""


def test_encoded_words_and_raw_octets_become_utf8(shared_server, home):
    fill(shared_server, home,
         message("=?UTF-8?B?5L2g5aW9?= =?utf-8?q?_=C3=A9t?=\n =?utf-8?q?=C3=A9?= x"),
         message("=?gb2312?B?xOO6ww==?="), message("=?ISO-8859-1?Q?M=FCller?="),
         message("你好".encode("gb18030")), message("grüße"), message("=?x-evil/y?Q?stays?="),
         message("=?utf-8?B?5L2g5Q?= =?utf-8?B?pb0=?=", '"=?utf-8?q?J=C3=BCrgen?=" <j@example.org>'))
    found = [o["subject"] for o in home.run("list", "--json").objects()]
    assert found == ["你好 été x", "你好", "Müller", "你好", "grüße", "stays", "你好"]
    assert "Jürgen" in home.run("list").out


def test_a55_control_characters_never_reach_the_terminal(shared_server, home):
    fill(shared_server, home, message(b"\x1b]0;owned\x07 \x9b31m \xe2\x80\xae", b"\x1b[2J <a@b>"),
         message("=?utf-8?q?=1B]0;owned=07=C2=9B=E2=80=AE=0Anext?="))
    for options in ((), ("--json",)):
        out = home.run("list", *options).out
        assert len(out.splitlines()) == 2
        bad = [c for c in out if (ord(c) < 32 and c != "\n") or 0x7f <= ord(c) < 0xa0
               or c == "\u202e"]
        assert bad == []


def width_of(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_columns_are_display_columns_and_fit_the_terminal(shared_server, home):
    wide = "=?utf-8?b?" + "5L2g5aW95L2g5aW95L2g5aW95L2g5aW9" * 3 + "?="
    fill(shared_server, home, message(wide + wide, "甲乙丙丁戊己庚辛壬癸甲乙丙丁戊己 <a@b>"),
         message("plain", "short"))
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(program(), home.command("list"), home.environment())
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 90, 0, 0))
    shown = b""
    try:
        while data := os.read(terminal, 65536):
            shown += data
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    rows = shown.decode().replace("\r", "").splitlines()
    assert len(rows) == 2 and all(width_of(row) <= 90 for row in rows), rows
    subjects = [width_of(row[:row.index(text)]) for row, text in zip(rows, ("你", "plain"))]
    assert subjects[0] == subjects[1] and "…" in rows[0]


def test_several_accounts_are_named_and_one_can_be_chosen(shared_server, home):
    home.add("play", shared_server, "bob")
    shared_server.maildrop("bob").deliver(message("to bob"))
    fill(shared_server, home, message("to alice"))
    rows = home.run("list").out.splitlines()
    assert sorted(row.split("B  ")[1].split()[0] for row in rows) == ["play", "work"]
    assert [o["subject"] for o in home.run("list", "-a", "play", "--json").objects()] == ["to bob"]
    assert "no account none" in home.run("list", "-a", "none", expect=78).err


def test_nothing_to_list_is_no_failure(home):
    assert home.run("list").out == ""


def test_mail_of_another_target_is_listed_without_its_header(shared_server, tmp_path):
    home = PoplinHome(tmp_path)
    home.add("box", shared_server, deliver=f"mbox {tmp_path}/box")
    fill(shared_server, home, message("hidden"))
    (row,) = home.run("list", "--json").objects()
    assert row["file"] == "" and row["subject"] == "" and row["octets"] > 0
