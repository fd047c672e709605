"""poplin(1) has every command, every option that --help shows, and every field that --json prints."""
import os
import re

import pytest
from poplin_help import commands, options_of
from poplin_home import PoplinHome, program
from poplind import ROOT

pytestmark = pytest.mark.skipif(program() is None, reason="poplin is not built")


def page():
    with open(os.path.join(ROOT, "man", "poplin.1"), encoding="utf-8") as file:
        return file.read()


def section(name):
    found = re.search(rf"(?ms)^\.S[hs] {name}\n(.*?)(?=^\.S[hs] )", page())
    return found.group(1) if found else ""


def options_in(text):
    """Those that an entry of a list is about."""
    entries = "\n".join(re.findall(r"(?m)^\.It (Fl .*)$", text))
    return {"-" + word for word in re.findall(r"Fl (-?[A-Za-z][a-z-]*)", entries)}


@pytest.mark.parametrize("command", commands())
def test_every_option_of_help_is_described(command):
    known = options_in(section("DESCRIPTION")) | options_in(section(command))
    assert section(command) and options_of(command) - known == set()


@pytest.mark.parametrize("command", commands())
def test_every_option_described_is_there(command):
    assert options_in(section(command)) <= options_of(command)


def test_every_option_before_the_command_is_described():
    assert options_of() <= options_in(section("DESCRIPTION"))


def fields(name):
    entry = re.search(rf"(?ms)^\.It Cm [^\n]*\b{name}\b.*?(?=^\.It |\Z)", section("JSON")).group()
    return set(re.findall(r"[a-z_]+", entry))


def test_every_field_of_json_is_described(shared_server, tmp_path):
    home = PoplinHome(tmp_path)
    home.add("work", shared_server)
    shared_server.maildrop("alice").fill("plain")
    file = home.write("ids", "alice@127.0.0.1 other\n")
    for name, words in (("fetch", ("fetch", "-n")), ("fetch", ("fetch",)), ("check", ("check",)),
                        ("list", ("list",)), ("doctor", ("doctor",)),
                        ("state import", ("state", "import", "fetchmail", file)),
                        ("state show", ("state", "show")), ("account list", ("account", "list"))):
        done = home.run(*words, "--json", expect=None)
        assert done.out, words
        for row in done.objects():
            assert set(row) <= fields(name), (name, row)


def test_a_failure_is_described_too(shared_server, tmp_path):
    home = PoplinHome(tmp_path)
    home.add("work", shared_server, password="hunter2-wrong")
    *_, row = home.run("fetch", "--json", expect=77).objects()
    assert set(row) == {"error"} and set(row["error"]) == {"kind", "text"}
