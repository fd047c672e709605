"""`poplin state`: a change from another collector downloads nothing twice, and deletes nothing that
this one has not fetched itself."""
import glob
import os
import re
import shutil

import clients
import pytest
import thunderbird
from poplin_home import PoplinHome, program

pytestmark = pytest.mark.skipif(program() is None, reason="poplin is not built")


@pytest.fixture
def home(shared_server, tmp_path):
    made = PoplinHome(tmp_path)
    made.add("work", shared_server)
    return made


def uidls(server, user="alice"):
    with server.session() as session:
        session.login(user, server.users[user])
        return list(session.rows("UIDL").values())


def note_of(tool, folder):
    """Where the real tool has noted what it saw."""
    names = {"mpop": "uidls", "fetchmail": "ids", "getmail": "oldmail-*"}
    return glob.glob(os.path.join(folder, names[tool]))[0]


@pytest.mark.parametrize("tool", ("mpop", "fetchmail", "getmail"))
def test_what_the_real_tool_has_seen_is_not_fetched_again(shared_server, home, tmp_path, tool):
    if not clients.is_here(tool):
        pytest.skip(f"{tool} is not installed")
    drop = shared_server.maildrop("alice")
    drop.fill("plain", "dots", "crlf")
    folder = tmp_path / "old"
    folder.mkdir()
    assert len(clients.ALL[tool][0](clients.Account(shared_server, "plain"), str(folder), True)) == 3
    drop.deliver("second")
    done = home.run("state", "import", tool, note_of(tool, str(folder)))
    assert done.out == "work: 3 taken over, 0 were known\n"
    home.run("fetch")
    (fetched,) = home.messages("work")
    assert b"Subject: second" in fetched
    assert home.run("check", expect=1).exit == 1 and len(drop.files()) == 4


@pytest.mark.parametrize("eol, end", (("\r\n", "\r\n"), ("\n", "")))
def test_thunderbirds_popstate_is_taken_over(shared_server, home, eol, end):
    """As older ones write it on Windows, and as today's does elsewhere: no line end at the end."""
    shared_server.maildrop("alice").fill("plain", "dots", "crlf", "third")
    kept, marked, too_big, _ = uidls(shared_server)
    lines = ["# POP3 State File", "# This is a generated file!  Do not edit.", "",
             "*mail.example.org ann", "k not-ours 1700000000", "*127.0.0.1 alice",
             f"b {too_big} 1700000002", f"k {kept} 1700000000", f"d {marked} 1700000001"]
    file = home.write("popstate.dat", eol.join(lines) + end)
    home.run("state", "import", "thunderbird", file)
    rows = home.run("state", "show", "--json").objects()
    assert {row["uidl"]: row["fetched"] for row in rows} == {
        kept: "2023-11-14T22:13:20Z", marked: "2023-11-14T22:13:21Z"}
    home.run("fetch")
    assert len(home.messages("work")) == 2


@pytest.mark.long
@pytest.mark.skipif(not thunderbird.is_here(), reason="Thunderbird is not installed")
def test_what_the_real_thunderbird_has_seen_is_not_fetched_again(shared_server, home, tmp_path):
    """`longline` is too large for it: it has seen the beginning only, which counts for nothing."""
    drop = shared_server.maildrop("alice")
    drop.fill("plain", "dots", "longline")
    folder = tmp_path / "old"
    folder.mkdir()
    file = thunderbird.get_mail(shared_server, "alice", str(folder))
    drop.deliver("second")
    done = home.run("state", "import", "thunderbird", file)
    with open(file, encoding="utf-8") as noted:
        assert done.out == "work: 2 taken over, 0 were known\n", noted.read()
    home.run("fetch")
    assert len(home.messages("work")) == 2 and len(drop.files()) == 4


def test_c21_what_another_tool_fetched_is_never_deleted_by_this_one(shared_server, home):
    drop = shared_server.maildrop("alice")
    drop.fill("plain", "dots")
    first = uidls(shared_server)[0]
    home.add("work", shared_server, settings=["keep none"])
    home.run("state", "import", "fetchmail", home.write("ids", f"alice@127.0.0.1 {first}\n"))
    home.run("fetch")
    home.run("fetch")
    assert uidls(shared_server) == [first] and len(home.messages("work")) == 1


def test_lines_of_other_accounts_are_left_alone(shared_server, home):
    home.add("play", shared_server, "bob")
    file = home.write("ids", "alice@127.0.0.1 one@x\nbob@127.0.0.1 two\n"
                             "erin@example.org@127.0.0.1 three\nalice@mail.example.org four\n")
    home.run("state", "import", "fetchmail", file)
    rows = {(row["account"], row["uidl"])
            for row in home.run("state", "show", "--json").objects()}
    assert rows == {("work", "one@x"), ("play", "two")}


def test_from_names_the_account_as_the_old_tool_called_it(shared_server, home):
    file = home.write("ids", "ann@pop.example.org one\nann@pop.example.org two\n")
    refused = home.run("state", "import", "fetchmail", file, expect=65).err
    assert "it has messages of ann@pop.example.org" in refused and "--from" in refused
    home.run("state", "import", "fetchmail", file, "--from", "ann@pop.example.org", expect=64)
    done = home.run("state", "import", "fetchmail", file, "-a", "work", "--from",
                    "ann@pop.example.org")
    assert "2 taken over" in done.out


def test_a_second_import_changes_nothing(home):
    file = home.write("ids", "alice@127.0.0.1 one\nalice@127.0.0.1 two\n")
    assert "2 taken over (not really)" in home.run("state", "import", "fetchmail", file, "-n").out
    assert home.run("state", "show").out == "work: nothing is known\n"
    home.run("state", "import", "fetchmail", file)
    (row,) = home.run("state", "import", "fetchmail", file, "--json").objects()
    assert row == {"account": "work", "added": 0, "known": 2}
    assert home.run("state", "show").out == "work: 2 delivered (2 by another program)\n"


@pytest.mark.parametrize("tool, text", (
    ("fetchmail", "alice@127.0.0.1 one\nno owner\n"), ("fetchmail", "alice@127.0.0.1 one\nword\n"),
    ("getmail", "one\x001700000000\ntwo\x00soon\n"), ("getmail", "one\x001\ntwo 1\n"),
    ("mpop", " 1 127.0.0.1 alice\n one\n"), ("mpop", "# mpop\none\n"),
    ("thunderbird", "*127.0.0.1 alice\nk one 1\nz two 2\n"), ("thunderbird", "\nk one 1\n"),
    ("fetchmail", "alice@127.0.0.1 \x1b[2J\nx@y \n")))
def test_a_file_of_another_kind_is_refused_whole(home, tool, text):
    file = home.write("file", text)
    done = home.run("state", "import", tool, file, expect=65)
    assert re.search(r"file:[123]: not a line", done.err)
    assert home.run("state", "show").out == "work: nothing is known\n"


def test_getmails_dashes_may_have_been_slashes(shared_server, home):
    file = home.write("oldmail", "AAQ-x+y==\x001700000000\nplain\x001700000000\n")
    home.run("state", "import", "getmail", file)
    assert {row["uidl"] for row in home.run("state", "show", "--json").objects()} == {
        "AAQ-x+y==", "AAQ/x+y==", "plain"}


def test_getmail_with_several_accounts_must_say_which(shared_server, home):
    home.add("play", shared_server, "bob")
    file = home.write("oldmail", "one\x001700000000\n")
    assert "-a NAME" in home.run("state", "import", "getmail", file, expect=64).err
    home.run("state", "import", "getmail", file, "-a", "play")
    assert "play: 1 delivered" in home.run("state", "show", "-a", "play").out


def test_what_cannot_be_read_is_said(home, tmp_path):
    assert home.run("state", "import", "mpop", str(tmp_path / "none"), expect=66).err
    assert home.run("state", "import", "mpop", str(tmp_path), expect=66).err
    assert home.run("state", "import", "outlook", "x", expect=64).err
    assert home.run("state", expect=64).err
    assert home.run("state", "import", "mpop", home.write("empty", ""), expect=65).err


def test_show_counts_what_was_fetched(shared_server, home):
    shared_server.maildrop("alice").fill("plain", "dots")
    home.run("fetch")
    assert home.run("state", "show").out.startswith("work: 2 delivered; last fetched 20")
    shutil.rmtree(home.path("state"))
    assert home.run("state", "show").out == "work: nothing is known\n"
