"""Reading: what people in several scripts wrote, found, shown, flagged, saved, removed and exported; side
by side with another reader of the same Maildir."""
import base64
import binascii
import fcntl
import json
import mailbox
import os
import pty
import re
import shutil
import sqlite3
import struct
import subprocess
import termios

import pytest
from maildir import Maildir
from poplin_home import PoplinHome, program

pytestmark = pytest.mark.skipif(program() is None, reason="poplin is not built")

CHINESE = (b"From: =?gb2312?B?zfXQocP3?= <wang@example.cn>\nTo: ann@example.org\n"
           b"Subject: =?gb2312?B?t6LGsTogMjAyNsTqMdTC?=\nDate: Mon, 02 Feb 2026 10:00:00 +0800\n"
           b"Message-ID: <one@example.cn>\nMIME-Version: 1.0\n"
           b"Content-Type: multipart/mixed; boundary=outer\n\n--outer\n"
           b"Content-Type: text/plain; charset=gb2312\nContent-Transfer-Encoding: 8bit\n\n"
           + "您好，请查收附件中的增值税发票。\n谢谢\n".encode("gb18030") +
           b"--outer\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n"
           b"Content-Disposition: attachment;\n filename*=utf-8''%E5%8F%91%E7%A5%A8.pdf\n\n"
           b"JVBERi0xLjQKJSVFT0YK\n--outer--\n")
JAPANESE = (b"From: =?ISO-2022-JP?B?GyRCOzNFREJATzobKEI=?= <yamada@example.jp>\nTo: ann@example.org\n"
            b"Subject: =?ISO-2022-JP?B?GyRCMnE1RCROJCpDTiRpJDsbKEI=?=\n"
            b"Date: Tue, 03 Feb 2026 09:00:00 +0900\nMessage-ID: <two@example.jp>\n"
            b"MIME-Version: 1.0\nContent-Type: text/plain; charset=iso-2022-jp\n\n"
            + "来週の会議は東京本社で行います。\n".encode("iso-2022-jp"))
KOREAN = (b"From: =?EUC-KR?B?sejDtrz2?= <kim@example.kr>\nTo: ann@example.org\n"
          b"Subject: " + "송장 확인 부탁드립니다".encode("euc-kr") + b"\n"
          b"Date: Wed, 04 Feb 2026 09:00:00 +0900\nMessage-ID: <three@example.kr>\n"
          b"MIME-Version: 1.0\nContent-Type: text/plain; charset=ks_c_5601-1987\n\n"
          + "내일까지 송장을 확인해 주세요.\n".encode("cp949"))
PAGE = (b"From: Ann M\xc3\xbcller <ann@example.org>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
        b"Date: Thu, 05 Feb 2026 08:00:00 +0100\nMessage-ID: <four@example.org>\nMIME-Version: 1.0\n"
        b"Content-Type: text/html; charset=utf-8\n\n"
        b"<p>Viele <b>Gr&uuml;&szlig;e</b> aus <a href=\"https://example.org/\">M\xc3\xbcnchen</a>"
        b"<span style=\"display:none\">hidden</span>\n")
EVIL = (b"From: \x1b]0owned\x07\x1b[2J <evil@example.org>\nTo: \x9b31m <a@b>\n"
        b"Subject: =?utf-8?q?=1B]52;c;eA=3D=3D=07_=C2=9B1m_=E2=80=AE?=\n"
        b"Date: Fri, 06 Feb 2026 08:00:00 +0100\nMessage-ID: <five\x1b[1m@example.org>\n"
        b"X-Odd\x1b: \x1b[5m\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n--o\n"
        b"Content-Type: text/plain; charset=utf-8\n\nbody \x1b[31mred\x1b]0;t\x07 \xe2\x80\xaeback \xc2\x9b2J\n"
        b"--o\nContent-Type: application/x-\x1b[1m\n"
        b"Content-Disposition: attachment; filename=\"../../.ssh/\x1b[1mkeys\"\n\nsecret\n"
        b"--o\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"..\"\n\ndots\n"
        b"--o\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"C:\\\\x\\\\CON\"\n"
        b"\ncon\n--o--\n")
ALL = (CHINESE, JAPANESE, KOREAN, PAGE, EVIL)


class Nobody:
    """A server that is never asked."""
    port, users = 1, {"alice": "x"}


@pytest.fixture
def home(tmp_path):
    """An account whose Maildir holds mail that no server gave us."""
    made = PoplinHome(tmp_path)
    made.add("work", Nobody)
    box = Maildir(made.mail("work"))
    for one in ALL:
        box.deliver(one)
    return made


def listed(home, *options):
    return home.run("list", "--json", *options).objects()


def number(home, word):
    (found,) = [o["id"] for o in listed(home, "--all") if word in o["from"] + o["subject"]]
    return str(found)


def found(home, *terms):
    result = home.run("search", "--json", *terms, expect=None)
    assert result.exit == (0 if result.out else 1), result.text()
    return [o["message_id"].split("@")[0][:5] for o in result.objects()]


def unsafe(text):
    return [c for c in text if (ord(c) < 32 and c not in "\n") or 0x7f <= ord(c) < 0xa0
            or c in "\u202e\u202d\u200f"]


# --- lists ---

def test_mail_of_every_script_is_listed(home):
    rows = listed(home)
    assert [(o["from"], o["subject"]) for o in rows[:4]] == [
        ("王小明 <wang@example.cn>", "发票: 2026年1月"),
        ("山田太郎 <yamada@example.jp>", "会議のお知らせ"),
        ("김철수 <kim@example.kr>", "송장 확인 부탁드립니다"),
        ("Ann Müller <ann@example.org>", "Grüße")]
    assert rows[0]["attachment"] and not rows[1]["attachment"]
    assert rows[0]["date"] == "2026-02-02T02:00:00Z" and rows[0]["uidl"] == ""


def test_columns_stand_below_each_other_whatever_the_script(home):
    import unicodedata
    rows = home.run("list").out.splitlines()[:4]

    def column(row, text):
        return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1
                   for c in row[:row.index(text)])
    starts = [column(row, text) for row, text in zip(rows, ("发票", "会議", "송장", "Grüße"))]
    assert len(set(starts)) == 1, rows


def test_numbers_of_mail_that_no_server_knows_stay(home):
    before = {o["message_id"]: o["id"] for o in listed(home)}
    Maildir(home.mail("work")).deliver(PAGE.replace(b"four", b"six"))
    os.unlink(home.path("state", "poplin", "index.sqlite"))
    after = {o["message_id"]: o["id"] for o in listed(home)}
    assert {k: after[k] for k in before} == before and len(after) == len(before) + 1


def test_only_the_person_can_read_the_index(home):
    listed(home)
    assert os.stat(home.path("state", "poplin", "index.sqlite")).st_mode & 0o777 == 0o600


def test_a_damaged_index_is_made_anew(home):
    before = listed(home)
    path = home.path("state", "poplin", "index.sqlite")
    for octets in (b"no database at all", b"SQLite format 3\0" + b"\xff" * 5000, b""):
        with open(path, "wb") as file:
            file.write(octets)
        assert listed(home) == before
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE message")
    assert listed(home) == before


def test_where_no_index_can_be_kept_it_is_held_in_memory(home):
    before = listed(home)
    for end in ("", "-wal", "-shm"):
        if os.path.exists(home.path("state", "poplin", "index.sqlite" + end)):
            os.unlink(home.path("state", "poplin", "index.sqlite" + end))
    os.makedirs(home.path("state", "poplin", "index.sqlite", "x"))
    assert listed(home) == before


# --- reading ---

def test_the_text_is_shown_and_the_message_marked_as_read(home):
    one = number(home, "王小明")
    out = home.run("read", one).out
    assert "王小明 <wang@example.cn>" in out and "发票: 2026年1月" in out
    assert "您好，请查收附件中的增值税发票。" in out and "发票.pdf" in out
    assert [o["id"] for o in listed(home)] == [o["id"] for o in listed(home, "--all")
                                              if str(o["id"]) != one]
    (path,) = [p for p in Maildir(home.mail("work")).files() if p.endswith(":2,S")]
    with open(path, "rb") as file:
        assert file.read() == CHINESE
    home.run("read", "-k", number(home, "山田"))
    assert number(home, "山田") in [str(o["id"]) for o in listed(home)]


def test_every_charset_becomes_text(home):
    assert "来週の会議は東京本社で行います。" in home.run("read", number(home, "山田")).out
    assert "내일까지 송장을 확인해 주세요." in home.run("read", number(home, "김철수")).out
    page = home.run("read", number(home, "Müller")).out
    assert "Viele Grüße aus München" in page and "https://example.org/" in page
    assert "hidden" not in page and "<b>" not in page


def test_parts_raw_octets_and_source_are_what_they_are(home):
    def octets(*words):
        return subprocess.run(home.command("read", *words), capture_output=True, check=True,
                              env=home.environment()).stdout
    one = number(home, "王小明")
    assert octets(one, "--raw") == CHINESE
    assert octets(one, "--part", "2") == b"%PDF-1.4\n%%EOF\n"
    assert b"<b>Gr&uuml;" in octets(number(home, "Müller"), "--html")
    assert "Subject: 发票: 2026年1月" in home.run("read", one, "--headers").out
    assert "no HTML" in home.run("read", one, "--html", expect=66).err
    assert "no such part" in home.run("read", one, "--part", "9", expect=66).err


def test_a_message_is_named_by_its_message_id_too(home):
    assert "東京" in home.run("read", "<two@example.jp>").out
    assert "東京" in home.run("read", "two@example.jp").out
    assert "Message-ID" in home.run("read", "none@example.org", expect=66).err


def test_json_has_the_whole_text(home):
    (one,) = home.run("read", "--json", number(home, "王小明")).objects()
    assert one["from"] == [["王小明", "wang@example.cn"]]
    assert one["text"].startswith("您好") and one["text"].endswith("谢谢")
    assert one["attachments"] == [{"part": "2", "filename": "发票.pdf",
                                   "content_type": "application/pdf"}]
    long = b"Message-ID: <long@x>\nContent-Type: text/plain; charset=utf-8\n\n" + "长句。".encode() * 9000
    Maildir(home.mail("work")).deliver(long)
    (one,) = home.run("read", "--json", "long@x").objects()
    assert one["text"] == "长句。" * 9000


def test_a55_escape_sequences_of_no_field_reach_the_terminal(home):
    evil = number(home, "evil")
    for words in (("list",), ("list", "--json"), ("read", "-k", evil), ("read", "-k", evil, "--headers"),
                  ("read", "-k", evil, "--json"), ("search", "from:evil"), ("search", "from:evil", "--json")):
        out = home.run(*words).out
        assert "owned" in out and unsafe(out) == [], words


def on_terminal(home, *words, pager="cat"):
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(program(), home.command(*words), {**home.environment(), "PAGER": pager})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown = b""
    try:
        while data := os.read(terminal, 65536):
            shown += data
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return shown.decode().replace("\r\n", "\n")


def test_a55_what_is_raw_is_not_raw_on_a_terminal(home):
    evil = number(home, "evil")
    for words in (("--raw",), ("--part", "1"), ("--part", "2"), ("--headers",), ()):
        assert unsafe(on_terminal(home, "read", "-k", evil, *words)) == [], words


def test_a_pager_shows_what_a_terminal_gets(home):
    one = number(home, "王小明")
    shown = on_terminal(home, "read", one, pager="sed 's/^/paged: /'")
    assert "paged: 您好" in shown
    on_terminal(home, "read", one, pager="true")
    assert "您好" in on_terminal(home, "read", one, pager="head -99")


# --- another reader ---

def test_a_message_read_elsewhere_is_read_here(home):
    listed(home)
    box = Maildir(home.mail("work"))
    (path,) = [p for p in box.files() if b"two@example.jp" in open(p, "rb").read()]
    seen = box.mark_seen(path)
    assert "two@example.jp" not in [o["message_id"] for o in listed(home)]
    os.rename(seen, seen[:-1])
    assert "two@example.jp" in [o["message_id"] for o in listed(home)]


def test_marks_are_flags_of_the_maildir(home):
    ids = [o["id"] for o in listed(home)]
    home.run("mark", "flag", f"{ids[0]}-{ids[1]}")
    home.run("mark", "read", f"{ids[1]},{ids[2]}")
    flags = sorted(p.partition(":2,")[2] for p in Maildir(home.mail("work")).files())
    assert flags == ["", "", "F", "FS", "S"]
    home.run("mark", "unread", str(ids[1]), str(ids[2]))
    home.run("mark", "unflag", str(ids[0]))
    flags = sorted(p.partition(":2,")[2] for p in Maildir(home.mail("work")).files())
    assert flags == ["", "", "", "", "F"]
    rows = {o["id"]: o for o in listed(home, "--all")}
    assert rows[ids[1]]["flagged"] and not rows[ids[1]]["read"]


def test_flags_of_others_stay_when_a_message_is_moved_at_the_same_time(home):
    one = number(home, "王小明")
    box = Maildir(home.mail("work"))
    (path,) = [p for p in box.files() if b"one@example.cn" in open(p, "rb").read()]
    moved = os.path.join(box.path, "cur", os.path.basename(path) + ":2,DPR")
    os.rename(path, moved)
    home.run("mark", "read", one)
    home.run("mark", "flag", one)
    (path,) = [p for p in box.files() if b"one@example.cn" in open(p, "rb").read()]
    assert path.endswith(":2,DFPRS")


@pytest.mark.skipif(shutil.which("neomutt") is None, reason="neomutt is not installed")
def test_neomutt_and_poplin_agree_on_what_was_read(home):
    one = number(home, "王小明")
    home.run("read", one)
    home.run("mark", "flag", one)
    rc = home.write("muttrc", f"set folder='{home.folder}'\nset mbox_type=Maildir\nset sort=date\n"
                    "set wait_key=no\nset pager_stop=yes\nset move=no\nset header_cache=''\n"
                    "set quit=yes\nset mark_old=no\nset prompt_after=no\n")
    keys = ("push '<limit>~f kim<enter><tag-pattern>~A<enter><tag-prefix><clear-flag>N"
            "<untag-pattern>~A<enter><limit>~F<enter><tag-pattern>~A<enter><tag-prefix><clear-flag>!"
            "<limit>all<enter><sync-mailbox><quit>'")
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe("neomutt", ["neomutt", "-n", "-F", rc, "-f", home.mail("work"), "-e", keys],
                   {**home.environment(), "TERM": "xterm", "LC_ALL": "C.UTF-8"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        pass
    os.waitpid(child, 0)
    rows = {o["message_id"]: o for o in listed(home, "--all")}
    assert len(rows) == len(ALL)
    assert rows["one@example.cn"]["read"] and not rows["one@example.cn"]["flagged"]
    assert rows["three@example.kr"]["read"]


# --- search ---

def test_words_of_every_script_are_found(home):
    assert found(home, "增值税") == ["one"]
    assert found(home, "发票") == ["one"]
    assert found(home, "東京") == ["two"]
    assert found(home, "会議") == ["two"]
    assert found(home, "송장") == ["three"]
    assert found(home, "grusse") == [] and found(home, "MUNCHEN") == ["four"]
    assert found(home, "hidden") == []
    assert found(home, "票税") == []


def test_terms_narrow_down(home):
    assert found(home, "from:wang") == ["one"]
    assert found(home, "to:ann") == ["one", "two", "three"]
    assert found(home, "from:ann") == ["four"]
    assert found(home, "subject:发票 has:attachment") == ["one"]
    assert found(home, "file:发票.pdf") == ["one"]
    assert found(home, "has:attachment", "-from:evil") == ["one"]
    assert found(home, "after:2026-02-05 before:2026-02-06") == ["four"]
    assert found(home, "--", "-has:attachment") == ["two", "three", "four"]
    assert found(home, "larger:1M") == []
    assert len(found(home, "smaller:1M")) == 5
    home.run("mark", "read", number(home, "김철수"))
    assert found(home, "is:read") == ["three"]
    assert found(home, "-n", "1", "to:ann") == ["three"]
    assert found(home, "account:none") == []
    assert "cannot be understood" in home.run("search", "after:soon", expect=64).err


def test_new_mail_is_found_and_removed_mail_is_not(home):
    assert found(home, "newcomer") == []
    Maildir(home.mail("work")).deliver(PAGE.replace(b"Viele", b"newcomer").replace(b"four", b"six"))
    assert found(home, "newcomer") == ["six"]
    (path,) = [p for p in Maildir(home.mail("work")).files() if b"one@ex" in open(p, "rb").read()]
    os.unlink(path)
    assert found(home, "发票") == []


# --- saving ---

def test_attachments_are_saved_whole_and_never_over_a_file(home, tmp_path):
    folder = tmp_path / "saved"
    folder.mkdir()
    one = number(home, "王小明")
    for name in ("发票.pdf", "发票 (2).pdf", "发票 (3).pdf"):
        assert home.run("save", one, "-o", str(folder)).out == f"{folder}/{name}\n"
    assert sorted(os.listdir(folder)) == ["发票 (2).pdf", "发票 (3).pdf", "发票.pdf"]
    assert (folder / "发票 (3).pdf").read_bytes() == b"%PDF-1.4\n%%EOF\n"
    home.run("save", one, "1", "-o", str(folder))
    assert len(os.listdir(folder)) == 4
    assert "nothing is attached" in home.run("save", number(home, "山田"), "-o", str(folder), expect=66).err
    assert "no part 7" in home.run("save", one, "7", "-o", str(folder), expect=66).err
    assert "make the folder" in home.run("save", one, "-o", str(folder / "no"), expect=73).err


def test_names_with_paths_stay_in_the_folder(home, tmp_path):
    folder = tmp_path / "a" / "b" / "saved"
    folder.mkdir(parents=True)
    rows = home.run("save", "--json", number(home, "evil"), "-o", str(folder)).objects()
    names = os.listdir(folder)
    assert len(names) == 3 and len(rows) == 3
    for name in names:
        assert unsafe(name) == [] and "/" not in name and not name.startswith(".")
        assert name.upper() != "CON"
    assert sorted(p.read_bytes() for p in folder.iterdir()) == [b"con", b"dots", b"secret"]
    assert os.listdir(tmp_path / "a") == ["b"] and os.listdir(tmp_path / "a" / "b") == ["saved"]


def test_a68_links_that_wait_in_the_folder_are_not_followed(home, tmp_path):
    folder, victim = tmp_path / "saved", tmp_path / "victim"
    folder.mkdir()
    (folder / "发票.pdf").symlink_to(victim)
    one = number(home, "王小明")
    assert home.run("save", one, "-o", str(folder)).out == f"{folder}/发票 (2).pdf\n"
    assert not victim.exists()


# --- removal ---

def test_a_message_that_is_removed_is_not_fetched_again(shared_server, tmp_path):
    home = PoplinHome(tmp_path)
    home.add("work", shared_server, settings=("keep forever",))
    drop = shared_server.maildrop("alice")
    for word in (b"one", b"two", b"three"):
        drop.deliver(b"Subject: " + word + b"\n\nbody\n")
    home.run("fetch")
    ids = {o["subject"]: str(o["id"]) for o in listed(home)}
    home.run("delete", ids["one"])
    home.run("fetch")
    assert [o["subject"] for o in listed(home, "--all")] == ["two", "three"]
    assert len(drop.files()) == 3
    home.run("delete", "--server", ids["two"])
    assert len(drop.files()) == 3
    home.run("fetch")
    assert [o["subject"] for o in listed(home, "--all")] == ["three"]
    assert sorted(re.search(rb"Subject: (\w+)", one).group(1) for one in drop.contents()) == [
        b"one", b"three"]
    home.run("fetch")
    assert len(home.messages("work")) == 1


def test_mail_that_no_server_gave_us_is_removed_here_only(home):
    one = number(home, "王小明")
    assert "no server" in home.run("delete", "--server", one, expect=69).err
    home.run("delete", one, f"{one}-{one}")
    assert len(Maildir(home.mail("work")).files()) == len(ALL) - 1
    assert "no message" in home.run("delete", one, expect=66).err
    assert len(listed(home, "--all")) == len(ALL) - 1


def test_fetched_mail_is_found_by_search_at_once(shared_server, tmp_path):
    home = PoplinHome(tmp_path)
    home.add("work", shared_server)
    shared_server.maildrop("alice").deliver(CHINESE)
    home.run("fetch")
    with sqlite3.connect(home.path("state", "poplin", "index.sqlite")) as index:
        assert index.execute("SELECT filled FROM message").fetchall() == [(2,)]
    assert found(home, "增值税发票") == ["one"]


def test_a_lost_state_gives_numbers_and_a_fetch_takes_them_over(shared_server, tmp_path):
    home = PoplinHome(tmp_path)
    home.add("work", shared_server)
    for one in ALL[:3]:
        shared_server.maildrop("alice").deliver(one)
    home.run("fetch")
    home.forget()
    assert len(listed(home)) == 3
    home.run("fetch")
    rows = listed(home, "--all")
    assert len(rows) == 3 and all(o["uidl"] for o in rows)
    assert len(home.messages("work")) == 3


def test_other_targets_are_listed_and_their_reading_refused(shared_server, tmp_path):
    home = PoplinHome(tmp_path)
    home.add("box", shared_server, deliver=f"mbox {tmp_path}/box")
    shared_server.maildrop("alice").deliver(PAGE)
    home.run("fetch")
    (row,) = listed(home)
    for words in (("read",), ("save",), ("export", "--to", "json:-")):
        assert "a Maildir can" in home.run(*words, str(row["id"]), expect=69).err
    home.run("mark", "read", str(row["id"]))
    assert listed(home) == [] and len(listed(home, "--all")) == 1


# --- export ---

def test_what_is_exported_is_the_mail_itself(home, tmp_path):
    home.run("mark", "read", number(home, "山田"))
    assert home.run("export", "--to", f"maildir:{tmp_path}/out", "--all").out == "5 exported\n"
    out = Maildir(str(tmp_path / "out"))
    assert sorted(out.contents()) == sorted(ALL)
    (seen,) = [p for p in out.files() if p.endswith(":2,S")]
    assert open(seen, "rb").read() == JAPANESE
    home.run("export", "--to", f"mbox:{tmp_path}/out.mbox", number(home, "王小明"), number(home, "김철수"))
    home.run("export", "--to", f"mbox:{tmp_path}/out.mbox", number(home, "山田"))
    box = mailbox.mbox(tmp_path / "out.mbox")
    assert [m["Message-ID"] for m in box] == ["<one@example.cn>", "<three@example.kr>", "<two@example.jp>"]
    home.run("export", "--to", "json:out.json", "--all")
    rows = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert len(rows) == 5 and rows[1]["text"].startswith("来週の会議")
    before = (tmp_path / "out.json").read_bytes()
    home.run("export", "--to", "json:out.json", "--all", expect=73)
    assert (tmp_path / "out.json").read_bytes() == before
    assert len(home.run("export", "--to", "json:-", "--all").objects()) == 5
    assert len(listed(home, "--all")) == 5


def test_wrong_numbers_are_told(home):
    for words, code in ((("read", "99"), 66), (("read", "x"), 64), (("read", "3-1"), 64),
                        (("mark", "read", "90-99"), 66), (("mark", "nice", "1"), 64), (("read",), 64),
                        (("delete",), 64), (("save",), 64), (("search",), 64),
                        (("export", "--all"), 64), (("export", "--to", "zip:x", "--all"), 64)):
        assert home.run(*words, expect=code).err, words


# --- sent in pieces ---

def piece(n, total, body):
    return (b"From: Ann <ann@example.org>\nSubject: piece %d\nMessage-ID: <p%d@example.org>\n"
            b"Date: Sat, 07 Feb 2026 08:00:00 +0100\nMIME-Version: 1.0\n"
            b"Content-Type: message/partial; id=\"whole@example.org\"; number=%d; total=%d\n\n"
            % (n, n, n, total) + body)


PIECES = (
    piece(1, 3, b"Subject: =?utf-8?B?5Y+R56Wo?=\nMessage-ID: <whole@example.org>\nMIME-Version: 1.0\n"
          b"Content-Type: multipart/mixed; boundary=in\n\n--in\nContent-Type: text/plain\n\nfirst li"),
    piece(2, 3, b"ne\nsecond line\n--in\nContent-Type: image/png\n"
          b"Content-Disposition: attachment; filename=a.png\nContent-Transfer-Encoding: base64\n\nQUJD"),
    piece(3, 3, b"REVG\n--in--\n"))


def test_a_message_in_pieces_is_read_as_the_whole_once_all_are_here(home):
    box = Maildir(home.mail("work"))
    for one in (PIECES[2], PIECES[0]):
        box.deliver(one)
    assert "second line" not in home.run("read", "-k", number(home, "piece 1")).out
    box.deliver(PIECES[1])
    for name in ("piece 1", "piece 3"):
        text = home.run("read", "-k", number(home, name)).out
        assert "发票" in text and "first line\nsecond line" in text and "a.png" in text
    os.mkdir(home.path("out"))
    home.run("save", number(home, "piece 2"), "-o", home.path("out"))
    with open(home.path("out", "a.png"), "rb") as file:
        assert file.read() == b"ABCDEF"
    assert "message/partial" in home.run("read", "-k", "--raw", number(home, "piece 2")).out


# --- within a part ---

def mail(name, kind, body, *fields):
    head = [b"From: %s <%s@example.org>" % (name, name), b"Subject: " + name,
            b"Date: Sun, 08 Feb 2026 08:00:00 +0100", b"Message-ID: <%s@example.org>" % name,
            b"MIME-Version: 1.0", b"Content-Type: " + kind, *fields]
    return b"\n".join(head) + b"\n\n" + body


def mixed(name, *parts):
    return mail(name, b"multipart/mixed; boundary=o", b"--o\n" + b"\n--o\n".join(parts) + b"\n--o--\n")


def tnef(*attributes):
    out = struct.pack("<IH", 0x223e9f78, 1)
    for level, kind, data in attributes:
        out += struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xffff)
    return out


def tnef_file(name, data):
    return (2, 0x69002, b"\1" + bytes(13)), (2, 0x18010, name + b"\0"), (2, 0x6800f, data)


def winmail(octets):
    return (b"Content-Type: application/ms-tnef; name=winmail.dat\n"
            b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(octets))


def uuencoded(name, data):
    lines = [binascii.b2a_uu(data[i:i + 45]) for i in range(0, len(data), 45)]
    return b"begin 644 %s\n" % name + b"".join(lines) + b"`\nend\n"


def yenc(name, data):
    coded = [b"=%c" % ((c + 106) % 256) if (c + 42) % 256 in b"\0\n\r=" else b"%c" % ((c + 42) % 256)
             for c in data]
    return (b"=ybegin line=128 size=%d name=%s\n" % (len(data), name) +
            b"".join(b"".join(coded[i:i + 128]) + b"\n" for i in range(0, len(coded), 128)) +
            b"=yend size=%d crc32=%08x\n" % (len(data), binascii.crc32(data)))


INVITATION = (b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Board \x1b[1mmeeting\n"
              b"DTSTART:20261201T100000Z\nLOCATION:Room 4\nEND:VEVENT\nEND:VCALENDAR\n")
PICTURE = bytes(range(256)) * 50
SECRET = (tnef_file(b"../../rep\x1b[1mort.txt", b"first"), tnef_file(b"", b"second"))


@pytest.fixture
def within(tmp_path):
    """Reads and saves the one message that it is given."""
    made = PoplinHome(tmp_path)
    made.add("work", Nobody)
    os.mkdir(made.path("out"))

    def deliver(octets):
        Maildir(made.mail("work")).deliver(octets)
        (row,) = listed(made)
        return made, str(row["id"])
    return deliver


def saved(home, one, *parts):
    """{name: octets} of what this wrote."""
    before = set(os.listdir(home.path("out")))
    home.run("save", one, *parts, "-o", home.path("out"))
    names = set(os.listdir(home.path("out"))) - before
    return {name: open(home.path("out", name), "rb").read() for name in names}


def test_files_of_a_winmail_dat_are_listed_and_saved_in_its_place(within):
    home, one = within(mixed(b"tnef", b"Content-Type: text/plain\n\nhello",
                             winmail(tnef(*SECRET[0], *SECRET[1]))))
    text = home.run("read", "-k", one).out
    assert "hello" in text and not unsafe(text)
    assert re.search(r"^  2/1 +5B  \S*rep\S*ort\.txt$", text, re.M), text
    assert re.search(r"^  2/2 +6B$", text, re.M)
    (row,) = home.run("read", "-k", "--json", one).objects()
    assert [a["part"] for a in row["attachments"]] == ["2", "2/1", "2/2"]
    assert home.run("read", "-k", one, "--part", "2/2").out == "second"
    files = saved(home, one)
    assert sorted(files.values()) == [b"first", b"second"]
    assert all("/" not in n and "\x1b" not in n and "winmail" not in n for n in files)
    again = saved(home, one, "2/1")
    assert list(again.values()) == [b"first"] and "(2)" in list(again)[0]
    assert saved(home, one, "2").popitem()[0] == "winmail.dat"
    for wrong in ("2/0", "2/3", "1/1", "2/", "2/x", "2/1/1", "/1"):
        home.run("save", one, wrong, "-o", home.path("out"), expect=66)
        home.run("read", "-k", "--part", wrong, one, expect=66)


def test_a_winmail_dat_that_is_damaged_is_saved_itself_as_well(within):
    home, one = within(mixed(b"cut", b"Content-Type: text/plain\n\nhello",
                             winmail(tnef(*SECRET[0], *SECRET[1])[:-4])))
    files = saved(home, one)
    assert b"first" in files.values() and "winmail.dat" in files


@pytest.mark.parametrize("attributes, wanted", [
    ([(1, 0x2800c, b"caf\xe9 \x1b[1m\r\nline two\r\n\0")], "café \ufffd[1m\nline two\n"),
    ([(1, 0x69007, struct.pack("<II", 936, 0)), (1, 0x2800c, "发票".encode("gbk") + b"\0")], "发票\n"),
    ([(1, 0x69003, struct.pack("<IHHII", 1, 0x102, 0x1013, 1, 16) + b"<p>one<p>tw&ouml;")], "one\n\ntwö\n"),
    ([(1, 0x69003, struct.pack("<IHHII", 1, 0x1f, 0x1000, 1, 8) + "发票\0\0".encode("utf-16le"))],
     "发票\n")])
@pytest.mark.parametrize("before", [(), (b"Content-Type: text/plain\n\n \n\n",)])
def test_the_text_of_a_winmail_dat_is_read_where_there_is_no_other(within, attributes, wanted, before):
    home, one = within(mixed(b"only", *before, winmail(tnef(*attributes))))
    text = home.run("read", "-k", one).out
    assert text.split("\n\n", 1)[1].startswith(wanted), text
    (row,) = home.run("read", "-k", "--json", one).objects()
    assert wanted.split("\n")[0] == row["text"].split("\n")[0].replace("\x1b", "\ufffd")
    assert "\r" not in row["text"]


def test_another_text_is_read_before_that_of_a_winmail_dat(within):
    home, one = within(mixed(b"both", b"Content-Type: text/plain\n\nplainly",
                             winmail(tnef((1, 0x2800c, b"hidden\0")))))
    text = home.run("read", "-k", one).out
    assert "plainly" in text and "hidden" not in text
    assert list(saved(home, one)) == ["winmail.dat"]


def test_files_within_a_text_are_listed_and_saved(within):
    body = (b"see below\n\n" + uuencoded(b"a/pic.gif", PICTURE) + b"\nand\n" + yenc(b"b.bin", PICTURE[:3000])
            + b"bye\n")
    home, one = within(mail(b"uu", b"text/plain; charset=iso-8859-1", body,
                            b"Content-Transfer-Encoding: 8bit"))
    text = home.run("read", "-k", one).out
    assert re.search(r"^  1/1 .*a/pic\.gif$", text, re.M) and re.search(r"^  1/2 .*b\.bin$", text, re.M)
    assert ("see below\n\n(Here stands a file: a/pic.gif)\n\nand\n(Here stands a file: b.bin)\nbye\n\nAttach"
            in text)
    assert "begin 644" in home.run("read", "-k", "--json", one).out
    assert saved(home, one) == {"pic.gif": PICTURE, "b.bin": PICTURE[:3000]}
    assert saved(home, one, "1/1") == {"pic (2).gif": PICTURE}
    with open(home.path("stdout"), "wb") as out:
        subprocess.run(home.command("read", "-k", "--part", "1/1", one), env=home.environment(),
                       stdout=out, check=True)
    with open(home.path("stdout"), "rb") as out:
        assert out.read() == PICTURE


def test_names_within_a_text_are_of_its_charset(within):
    home, one = within(mail(b"gb", b"text/plain; charset=gb2312", uuencoded("发票.gif".encode("gbk"), b"x"),
                            b"Content-Transfer-Encoding: 8bit"))
    assert "发票.gif" in home.run("read", "-k", one).out.split("Attachments")[1]
    assert saved(home, one) == {"发票.gif": b"x"}


def test_text_behind_a_file_that_does_not_end_is_shown(within):
    home, one = within(mail(b"open", b"text/plain", b"=ybegin line=128 size=9 name=a\nnot a file at all\n"))
    text = home.run("read", "-k", one).out
    assert "not a file at all" in text and "Here stands" not in text


def test_an_invitation_is_one_line(within):
    line = r"^Invitation: Board .*meeting, 2026-12-01 10:00 UTC, Room 4$"
    home, one = within(mixed(b"meet", b"Content-Type: text/plain\n\nplease come",
                             b"Content-Type: text/calendar; method=REQUEST\n\n" + INVITATION))
    text = home.run("read", "-k", one).out
    assert re.search(line, text, re.M) and "please come" in text and "VEVENT" not in text
    assert text.index("please come") < text.index("Invitation") and not unsafe(text)
    (row,) = home.run("read", "-k", "--json", one).objects()
    assert row["calendar"].startswith("Invitation: Board") and row["text"].startswith("please come")


def test_an_invitation_without_another_text_is_the_text(within):
    home, one = within(mail(b"alone", b"text/calendar; method=REQUEST", INVITATION))
    text = home.run("read", "-k", one).out
    assert text.count("Invitation: Board") == 1 and "VCALENDAR" not in text and "no text" not in text


def test_a_body_that_lies_elsewhere_is_told_and_not_fetched(home):
    Maildir(home.mail("work")).deliver(
        b"From: Ann <ann@example.org>\nSubject: elsewhere\nMessage-ID: <else@example.org>\n"
        b"Date: Sat, 07 Feb 2026 08:00:00 +0100\nMIME-Version: 1.0\n"
        b"Content-Type: message/external-body; access-type=URL;\n"
        b" URL=\"http://example.org/\x1b[2Jx.png\"\n\nContent-Type: image/png\n\n")
    text = home.run("read", "-k", number(home, "elsewhere")).out
    assert "message/external-body; not here: access-type=URL url=http://example.org/" in text
    assert not unsafe(text)
