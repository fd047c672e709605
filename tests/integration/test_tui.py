"""`poplin tui` on a terminal of its own: list, message, attachments, search, marks, fetch."""
import base64
import os
import re
import signal
import socket
import subprocess
import time

import pytest
from poplin_home import PoplinHome, program
from quirk import Quirk, Script, on, ordinary, pause
from screen import Screen, width


def has_tui():
    help_of = [program(), "tui", "--help"] if program() else ["false"]
    return subprocess.run(help_of, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_tui(), reason="poplin tui is not built")


def letter(subject, body="Hello.\n", sender="Ann <ann@example.org>"):
    return (f"From: {sender}\nSubject: {subject}\nDate: Tue, 03 Feb 2026 08:00:00 +0100\n"
            f"\n{body}").encode()


def word(text, charset):
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


SENTENCE = "你好，这是今天的发票，请查收。"
CHINESE = (f"From: {word('张伟', 'utf-8')} <zhang@example.cn>\n"
           f"Subject: {word('发票已经开好请查收', 'gbk')}\n"
           "Date: Tue, 03 Feb 2026 09:00:00 +0800\nMIME-Version: 1.0\n"
           "Content-Type: multipart/mixed; boundary=b\n\n"
           "--b\nContent-Type: text/plain; charset=gb2312\n\n").encode() + \
          (SENTENCE * 20 + "\n").encode("gbk") + \
          ("--b\nContent-Type: application/pdf\nContent-Disposition: attachment;\n"
           " filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf\nContent-Transfer-Encoding: base64\n\n"
           + base64.b64encode(b"%PDF\n").decode() + "\n"
           "--b\nContent-Type: text/csv; name=table.csv\n\na,b\n--b--\n").encode()
HOSTILE = (b"From: Eve <eve@example.org>\nSubject: \x1b]0;pwned\x07 red \x1b[31m\n"
           b"X-Evil: \x1b]2;pwned\x07\n\nhostile \x1b[2J \x1b]52;c;aGk=\x07 \x9b31m \r\x1b[8m\n"
           b"\xc2\x9b31m \xe2\x80\xae\n")


class Dead:
    """A server that refuses."""
    port = 1
    users = {"alice": "secret"}


@pytest.fixture
def home(tmp_path):
    made = PoplinHome(tmp_path)
    made.add("work", Dead)
    return made


def put(home, number, message, account="work", folder="new"):
    for name in ("new", "cur", "tmp"):
        os.makedirs(os.path.join(home.mail(account), name), exist_ok=True)
    path = os.path.join(home.mail(account), folder, f"17000000{number:02d}.M1P1.host")
    with open(path, "wb") as file:
        file.write(message)
    return path


def files(home, account="work"):
    """Base name without what is before its number: its folder and flags."""
    found = {}
    for folder in ("new", "cur"):
        for name in os.listdir(os.path.join(home.mail(account), folder)):
            base, _, flags = name.partition(":2,")
            found[int(base[8:10])] = (folder, flags)
    return found


def fill(home, count=5):
    for i in range(1, count + 1):
        put(home, i, letter(f"letter {i}", "".join(f"line {k}.\n" for k in range(60))))


@pytest.fixture
def tui(home):
    opened = []

    def start(*arguments, columns=80, rows=24, **environment):
        opened.append(Screen(home.folder, {**home.environment(), **environment},
                             home.command("tui", *arguments), columns, rows))
        return opened[-1]

    yield start
    for screen in opened:
        screen.tmux("kill-server", check=False)
        assert "Sanitizer" not in screen.errors() and "runtime error" not in screen.errors()


def test_the_list_has_number_marks_sender_and_subject_in_columns(home, tui):
    fill(home, 2)
    put(home, 3, CHINESE)
    screen = tui()
    text = screen.wait("letter 2", "张伟", "发票已经开好请查收"[:6])
    rows = [line for line in text.split("\n") if re.match(r" +\d+ ●", line)]
    assert len(rows) == 3 and "📎" in rows[2] and "📎" not in rows[0]
    sizes = [width(re.match(r".*?\d+(\.\d)?[BK]  ", row).group()) for row in rows]
    assert len(set(sizes)) == 1, "columns are not in line"
    assert "3 messages, 3 unread" in text and text.startswith("q:Quit")
    assert all(width(line) <= 80 for line in text.split("\n"))


def test_a_message_that_is_opened_is_read_here_and_in_the_maildir(home, tui):
    fill(home)
    screen = tui()
    screen.wait("letter 5")
    screen.keys("j", "Enter")
    screen.wait("Subject: letter 2", "line 0.", "Message 2")
    screen.keys("i")
    screen.wait("5 messages, 4 unread")
    assert files(home)[2] == ("cur", "S") and files(home)[1] == ("new", "")
    assert {o["subject"] for o in home.run("list", "--json").objects()} == \
        {f"letter {i}" for i in (1, 3, 4, 5)}


def test_a_message_scrolls_and_the_next_follows(home, tui):
    fill(home, 3)
    screen = tui()
    screen.wait("letter 3")
    screen.keys("Enter")
    screen.wait("Subject: letter 1", "line 10.")
    screen.keys("Space")
    screen.wait_gone("Subject:")
    screen.keys("-")
    screen.wait("Subject: letter 1")
    screen.keys("End")
    screen.wait("line 59.", "(end)")
    screen.keys("Space")
    screen.wait("Subject: letter 2", "line 0.")
    screen.keys("j")
    screen.wait("Subject: letter 3")
    screen.keys("k", "k")
    screen.wait("Subject: letter 1")
    screen.keys("k")
    screen.wait("This is the first message")


def test_chinese_text_is_wrapped_at_the_width_and_again_after_a_resize(home, tui):
    put(home, 1, CHINESE)
    screen = tui()
    screen.wait("张伟")
    screen.keys("Enter")
    for columns, rows in ((80, 24), (46, 40), (101, 30)):
        screen.resize(columns, rows)
        text = screen.until(lambda t, r=rows: t.count("\n") == r and "Subject: 发票已经开好请查收" in t
                            and SENTENCE * 20 in t.replace("\n", ""), "not wrapped anew")
        body = [line for line in text.split("\n") if "你好" in line]
        assert max(map(width, body)) in (columns, columns - 1)
        assert "发票.pdf" in text and "table.csv" in text


def test_every_size_of_the_terminal_is_borne(home, tui):
    fill(home)
    put(home, 6, CHINESE)
    screen = tui(columns=40, rows=10)
    screen.wait("letter 5", "张伟", "Poplin: all accounts")
    for keys in (("End", "Enter"), ("v",), ("?",), ("q", "q", "q"), ("c",), ("q", "/")):
        screen.keys(*keys)
        for columns, rows in ((40, 10), (5, 3), (1, 1), (3, 2), (200, 60), (20, 4), (80, 24)):
            screen.resize(columns, rows)
            time.sleep(0.05)
    screen.wait("Search:")
    screen.keys("Escape")
    screen.wait("6 messages, 5 unread", "letter 1")


def test_attachments_are_listed_shown_and_saved(home, tui):
    put(home, 1, CHINESE)
    os.mkdir(home.path("saved"))
    screen = tui()
    screen.wait("张伟")
    screen.keys("Enter")
    screen.wait("table.csv")
    screen.keys("v")
    screen.wait("Attached to message", "发票.pdf", "table.csv")
    screen.keys("Enter")
    screen.wait("It is no text")
    screen.keys("j", "Enter")
    screen.wait("a,b")
    screen.keys("q")
    screen.wait("Attached to message")
    screen.keys("k", "s")
    screen.wait("Save into the folder:")
    screen.keys("C-u")
    screen.type("saved")
    screen.keys("Enter")
    screen.wait("Saved 发票.pdf")
    screen.keys("q")
    screen.wait("Subject: 发票")
    screen.keys("s", "Enter")
    screen.wait("Saved 2 files")
    screen.keys("q", "s", "Enter")
    screen.wait("Saved 2 files", "1 messages")
    assert sorted(os.listdir(home.path("saved"))) == [
        "table (2).csv", "table.csv", "发票 (2).pdf", "发票 (3).pdf", "发票.pdf"]
    with open(home.path("saved", "发票.pdf"), "rb") as file:
        assert file.read() == b"%PDF\n"
    screen.keys("s", "C-u")
    screen.type("nowhere")
    screen.keys("Enter")
    screen.wait("nowhere: No such file or directory")


def test_a_search_shows_what_it_finds(home, tui):
    fill(home)
    put(home, 6, CHINESE)
    put(home, 7, letter("seven", sender="Bob <bob@example.org>"))
    screen = tui()
    screen.wait("seven")
    screen.keys("/")
    screen.type("今天")
    screen.keys("Enter")
    screen.wait("张伟", "1 messages", "[今天]")
    screen.wait_gone("letter 1")
    screen.keys("/")
    screen.type("from:bob")
    screen.keys("Enter")
    screen.wait("seven", "1 messages")
    screen.keys("/")
    screen.type("nothing-has-this-word")
    screen.keys("Enter")
    screen.wait("Nothing found", "0 messages")
    screen.keys("Enter", "d", "v", "s", "j", "n")
    screen.keys("/")
    screen.type("after:soon")
    screen.keys("Enter")
    screen.wait("soon", "7 messages", "letter 1")


def test_a_message_whose_files_were_saved_is_found_no_more_than_others(home, tui):
    put(home, 1, CHINESE)
    screen = tui()
    screen.wait("张伟")
    screen.keys("s", "Enter")
    screen.wait("Saved 2 files")
    screen.keys("/")
    screen.type("is:flagged")
    screen.keys("Enter")
    screen.wait("Nothing found", "0 messages")
    screen.keys("Escape")
    screen.wait("1 messages", "张伟")


def test_what_is_read_stays_shown_though_the_search_finds_it_no_more(home, tui):
    fill(home, 3)
    screen = tui()
    screen.wait("letter 3")
    screen.keys("/")
    screen.type("is:unread")
    screen.keys("Enter")
    screen.wait("3 messages, 3 unread", "[is:unread]")
    screen.keys("Enter")
    screen.wait("Subject: letter 1")
    screen.keys("G")
    screen.wait("Nothing fetched")
    screen.keys("d")
    screen.wait("Subject: letter 2")
    screen.keys("q")
    screen.until(lambda t: re.search(r" 1D", t), "not marked")
    assert not re.search(r" [23]D", screen.text())


def test_marks_are_set_and_taken_back(home, tui):
    fill(home, 3)
    screen = tui()
    screen.wait("letter 3")
    screen.keys("F")
    screen.wait("★")
    assert files(home)[1] == ("cur", "F")
    screen.keys("w")
    screen.wait("3 messages, 2 unread")
    assert files(home)[1] == ("cur", "FS")
    screen.keys("w", "F")
    screen.wait("3 messages, 3 unread")
    screen.wait_gone("★")
    assert files(home)[1] == ("cur", "")


def test_a_key_that_is_not_known_is_not_taken_for_its_last_octet(home, tui):
    fill(home, 1)
    screen = tui()
    screen.wait("letter 1")
    for octets in ("\x1b[1;99F", "\x1b[99;7d", "\x1bOd", "\x1bd", "\x1b[200~"):
        screen.type(octets)
        screen.wait("This key does nothing here")
        screen.keys("j")
        screen.wait_gone("This key does nothing here")
    assert "to be removed" not in screen.text() and "★" not in screen.text()
    screen.keys("F")
    screen.wait("★")


def test_removal_waits_for_a_yes_and_is_taken_back_before(home, tui):
    fill(home)
    screen = tui()
    screen.wait("letter 5")
    screen.keys("d", "d", "d")
    screen.wait("3 to be removed")
    screen.keys("Home", "u")
    screen.wait("2 to be removed")
    assert set(files(home)) == {1, 2, 3, 4, 5}
    screen.keys("q")
    screen.wait("Remove 2?")
    screen.keys("z")
    screen.wait_gone("Remove 2?")
    screen.keys("$")
    screen.wait("2 removed", "3 messages")
    assert set(files(home)) == {1, 4, 5}
    screen.keys("End", "d", "q", "y")
    assert screen.ended() == 0
    assert set(files(home)) == {1, 4}


@pytest.mark.parametrize("keys", [("q", "n"), ("x",), ("C-c",)])
def test_leaving_without_a_yes_removes_nothing(home, tui, keys):
    fill(home, 2)
    screen = tui()
    screen.wait("letter 2")
    screen.keys("d", *keys)
    assert screen.ended() == 0
    assert files(home) == {1: ("new", ""), 2: ("new", "")}


def test_unread_ones_are_gone_through(home, tui):
    for i in range(1, 7):
        put(home, i, letter(f"letter {i}"))
    for i in (1, 2, 4, 5):
        base = put(home, i, b"")
        os.unlink(base)
        with open(os.path.join(home.mail("work"), "cur", os.path.basename(base) + ":2,S"),
                  "wb") as file:
            file.write(letter(f"letter {i}"))
    screen = tui()
    screen.wait("6 messages, 2 unread")
    screen.keys("Enter")
    screen.wait("Subject: letter 3")
    screen.keys("n")
    screen.wait("Subject: letter 6")
    screen.keys("Tab")
    screen.wait("No other unread message")
    screen.keys("q", "N")
    screen.wait("No other unread message", "0 unread")


def test_what_another_program_does_in_the_maildir_is_seen(home, tui):
    fill(home, 2)
    screen = tui()
    screen.wait("2 messages, 2 unread")
    name = "1700000001.M1P1.host"
    os.rename(os.path.join(home.mail("work"), "new", name),
              os.path.join(home.mail("work"), "cur", name + ":2,S"))
    put(home, 3, letter("the new one"))
    screen.wait("3 messages, 2 unread", "the new one")


def test_accounts_are_chosen(home, tui):
    home.add("private", Dead)
    fill(home, 2)
    put(home, 1, letter("a private one"), "private")
    screen = tui()
    screen.wait("letter 2", "a private one", "all accounts", " private ", " work ")
    screen.keys("c")
    screen.wait("All accounts", "3 unread", "private", "1 unread")
    screen.keys("End", "Enter")
    screen.wait("a private one", "1 messages")
    screen.wait_gone("letter 1")
    screen.keys("c", "Home", "Enter")
    screen.wait("3 messages", "letter 1")
    screen.keys("q")
    assert screen.ended() == 0
    other = tui("-a", "private")
    other.wait("Poplin: private", "a private one")


def test_headers_and_the_message_as_it_came_are_shown(home, tui):
    put(home, 1, CHINESE)
    screen = tui()
    screen.wait("张伟")
    screen.keys("Enter", "h")
    screen.wait("MIME-Version: 1.0", "Subject: 发票", "你好")
    screen.keys("h")
    screen.wait_gone("MIME-Version")
    screen.keys("e")
    screen.wait("=?gbk?B?", "--b")
    screen.keys("e")
    screen.wait_gone("=?gbk?B?")


def test_help_has_the_keys_and_goes_back_where_it_came_from(home, tui):
    fill(home, 1)
    screen = tui()
    screen.wait("letter 1")
    screen.keys("Enter", "?")
    screen.wait("In the list", "j, Down", "Enter, Space, Right")
    screen.keys("End")
    screen.wait("In this help")
    screen.keys("q")
    screen.wait("Subject: letter 1")
    screen.keys("X")
    screen.wait("This key does nothing here")


def test_a58_no_octet_of_a_message_commands_the_terminal(home, tui):
    put(home, 1, HOSTILE)
    put(home, 2, letter("second"))
    screen = tui()
    screen.record()
    screen.wait("pwned", "second")
    screen.keys("Enter")
    screen.wait("hostile")
    screen.keys("h")
    screen.wait("X-Evil")
    screen.keys("e")
    screen.wait("X-Evil", "hostile")
    screen.keys("q", "x")
    assert screen.ended() == 0
    written = screen.written()
    for bad in (b"\x1b]", b"\x1b[2J ", b"\x1b[8m", b"\x9b3", b"\xc2\x9b", b"\xe2\x80\xae", b"\x07"):
        assert bad not in written, bad
    assert "\ufffd]52;c;aGk=".encode() in written


def test_fetch_brings_new_mail_while_one_reads(shared_server, tmp_path, home, tui):
    home.add("work", shared_server)
    fill(home, 1)
    screen = tui()
    screen.wait("1 messages")
    drop = shared_server.maildrop("alice")
    drop.deliver(letter("from the server"))
    drop.deliver(CHINESE)
    screen.keys("G")
    screen.wait("2 fetched", "from the server", "张伟", "3 messages")
    screen.keys("G")
    screen.wait("Nothing new")


def test_progress_is_shown_message_by_message_and_ctrl_c_stops_it(home, tui):
    box = [(f"u{i}", letter(f"slow {i}").replace(b"\n", b"\r\n")) for i in range(1, 41)]
    slowly = on("^RETR", pause(0.3), ordinary)
    with Quirk(Script(rules=[slowly], capabilities=("UIDL", "USER")), box=box) as slow:
        slow.users = {"user": "secret"}
        put(home, 1, letter("old"))
        home.add("work", slow, user="user", settings=("pipeline 1", "keep forever"))
        screen = tui()
        screen.wait("1 messages")
        screen.keys("G")
        screen.until(lambda t: re.search(r"Fetching work: [3-9] of 40, \d+B of", t), "no progress")
        began = time.monotonic()
        screen.keys("F")
        screen.wait("★")
        assert time.monotonic() - began < 3
        screen.keys("C-c")
        text = screen.until(lambda t: re.search(r"\d+ fetched|Nothing fetched", t), "not stopped")
        assert " slow 1 " in text + " " or "slow 1\n" in text
        assert 4 <= len(home.messages("work")) < 41


def test_a_failed_fetch_says_why(home, tui):
    fill(home, 1)
    screen = tui()
    screen.wait("1 messages")
    screen.keys("G")
    screen.wait("Nothing fetched; ", "refused")


def test_a_silent_server_keeps_nobody_from_reading(home, tui):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        class Silent:
            port = listener.getsockname()[1]
            users = Dead.users
        home.add("work", Silent)
        fill(home)
        screen = tui()
        screen.wait("letter 5")
        screen.keys("G")
        screen.wait("Fetching")
        screen.keys("Enter")
        screen.wait("Subject: letter 1", "Fetching")
        screen.keys("q", "d")
        screen.wait("1 to be removed", "Fetching")
        screen.keys("x")
        assert screen.ended() == 0


@pytest.mark.parametrize("name", ["TERM", "HUP", "QUIT", "ABRT"])
def test_a_signal_restores_the_terminal_and_removes_nothing(home, tui, name):
    fill(home, 2)
    screen = tui()
    screen.wait("letter 2")
    screen.keys("d")
    screen.wait("1 to be removed")
    number = signal.Signals["SIG" + name]
    os.kill(screen.process(), number)
    assert screen.ended() == 128 + number
    assert set(files(home)) == {1, 2}


def test_without_a_terminal_it_says_so(home):
    fill(home, 1)
    assert "needs a terminal" in home.run("tui", expect=69).err
    home.run("tui", "letter", expect=64)


def test_a_terminal_that_cannot_be_drawn_on_is_refused(home, tui):
    fill(home, 1)
    screen = Screen(home.folder, home.environment(),
                    ["env", "TERM=dumb", *home.command("tui")])
    with screen:
        screen.wait("exit code 69")
        assert "`dumb` cannot be drawn on" in screen.errors()


def test_no_mail_at_all_is_no_failure(home, tui):
    screen = tui()
    screen.wait("0 messages, 0 unread")
    screen.keys("Enter", "d", "u", "F", "w", "v", "s", "n", "N", "Space", "$", "j", "k", "Home")
    screen.wait("0 messages, 0 unread")
    screen.keys("q")
    assert screen.ended() == 0


def test_files_within_a_text_are_listed_and_saved(home, tui):
    put(home, 1, b"From: Ann <ann@example.org>\nSubject: old ways\n\nsee\nbegin 644 cat.gif\n#0V%T\n`\nend\n")
    os.mkdir(home.path("saved"))
    screen = tui()
    screen.wait("old ways")
    screen.keys("Enter")
    screen.wait("Here stands a file: cat.gif", "1/1")
    screen.keys("v")
    screen.wait("Attached to message", "1/1")
    screen.keys("Enter")
    screen.wait("It is no text")
    screen.keys("s")
    screen.wait("Save into the folder:")
    screen.keys("C-u")
    screen.type("saved")
    screen.keys("Enter")
    screen.wait("Saved cat.gif")
    with open(home.path("saved", "cat.gif"), "rb") as file:
        assert file.read() == b"Cat"
