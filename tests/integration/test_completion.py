"""Every sub-command and every option that --help shows is completed by each shell."""
import os
import re
import shutil
import subprocess

import pytest
from poplin_help import commands, options_of
from poplin_home import PoplinHome, program
from poplind import ROOT
from terminal import Terminal

pytestmark = pytest.mark.skipif(program() is None, reason="poplin is not built")
FOLDER = os.path.join(ROOT, "packaging", "completion")


def script(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


BASH = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_poplin; printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(*words):
    done = subprocess.run(["bash", "-c", BASH, "bash", os.path.join(FOLDER, "poplin.bash"),
                           "poplin", *words], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def fish(*words):
    line = " ".join(["poplin", *words])
    done = subprocess.run(["fish", "--no-config", "-c",
                           f"source {FOLDER}/poplin.fish; complete -C '{line}'"],
                          capture_output=True, text=True, check=True)
    return {row.split("\t")[0] for row in done.stdout.splitlines()}


ZSH = f"""
PS1='@@ '; PROMPT_EOL_MARK=; LISTMAX=9999; setopt no_beep; fpath=({FOLDER} $fpath)
autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' verbose no
bindkey '^T' list-choices; echo rea''dy
"""


class Zsh:
    """A shell at a terminal: what it lists for a line, which is then thrown away."""

    def __init__(self, folder, path):
        environment = {**os.environ, "TERM": "xterm", "HOME": folder, "ZDOTDIR": folder,
                       "PATH": f"{path}:{os.environ['PATH']}"}
        self.terminal = Terminal(["zsh", "-f", "-i"], environment, folder, rows=500)
        self.terminal.press(ZSH.lstrip())
        self.terminal.expect(r"ready\r*\n(?s:.*?)@@ ")

    def __call__(self, *words):
        start = len(self.terminal.text)
        self.terminal.press(" ".join(["poplin", *words]) + "\x14\x15echo d''one\n")
        self.terminal.expect(r"done\r*\n(?s:.*?)@@ ")
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", self.terminal.text[start:])
        return set(shown.split()) - set(words)


@pytest.fixture(scope="module")
def zsh(tmp_path_factory):
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    folder = tmp_path_factory.mktemp("zsh")
    os.symlink(program(), folder / "poplin")
    made = Zsh(str(folder), str(folder))
    yield made
    made.terminal.close()


def test_the_help_names_commands_and_options():
    assert {"fetch", "check", "list", "watch", "doctor", "state", "pop"} <= set(commands())
    assert {"--every", "--exec", "-x", "--json"} <= options_of("watch")


def test_bash_completes_every_command():
    assert set(commands()) == bash("")
    assert options_of() <= bash("-")


@pytest.mark.parametrize("command", commands())
def test_bash_completes_every_option(command):
    assert options_of(command) <= bash(command, "-")


def test_bash_completes_actions_formats_and_accounts(tmp_path):
    assert bash("state", "") == {"show", "import"}
    assert bash("state", "import", "") == {"fetchmail", "getmail", "mpop", "thunderbird"}
    assert {"check", "print"} <= bash("config", "")
    assert {"stat", "retr", "capa"} <= bash("pop", "pop3://x", "")
    assert bash("pop", "--tls", "") == {"none", "stls", "implicit"}


def test_bash_completes_names_of_accounts(tmp_path):
    class Nobody:
        port, users = 1, {"alice": "x"}

    home = PoplinHome(tmp_path)
    for name in ("work", "play"):
        home.add(name, Nobody)
    (tmp_path / "bin").mkdir()
    os.symlink(program(), tmp_path / "bin" / "poplin")
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{tmp_path}/bin:{path}"
    try:
        for words in (("fetch", "-a", ""), ("doctor", ""), ("account", "remove", "")):
            assert bash("-c", home.config, *words) == {"work", "play"}
    finally:
        os.environ["PATH"] = path


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_every_command_and_option():
    assert set(commands()) <= fish("")
    for command in commands():
        wanted = options_of(command)
        assert wanted <= fish(command, "-") | fish(command, "--"), command
    assert {"--config", "-V"} <= fish("-") | fish("--")


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_actions_formats_and_commands():
    assert fish("state", "") >= {"show", "import"}
    assert fish("state", "import", "") >= {"fetchmail", "getmail", "mpop", "thunderbird"}
    assert fish("config", "") >= {"check", "print"}
    assert fish("pop", "pop3://x", "") >= {"stat", "retr", "capa"}
    assert fish("pop", "--tls", "") >= {"none", "stls", "implicit"}


def test_zsh_completes_every_command(zsh):
    assert set(commands()) <= zsh("")


@pytest.mark.parametrize("command", commands())
def test_zsh_completes_every_option(zsh, command):
    wanted = options_of(command)
    short = {option for option in wanted if not option.startswith("--")}
    assert wanted - short <= zsh(command, "--")
    assert short <= zsh(command, "-")


def test_zsh_completes_actions_formats_and_commands(zsh):
    assert zsh("state", "") >= {"show", "import"}
    assert zsh("state", "import", "") >= {"fetchmail", "getmail", "mpop", "thunderbird"}
    assert zsh("config", "") >= {"check", "print"}
    assert zsh("pop", "pop3://x", "") >= {"stat", "retr", "capa"}
    assert zsh("pop", "--tls", "") >= {"none", "stls", "implicit"}


def test_zsh_completes_names_of_accounts(zsh, tmp_path):
    class Nobody:
        port, users = 1, {"alice": "x"}

    home = PoplinHome(tmp_path)
    for name in ("work", "play"):
        home.add(name, Nobody)
    for words in (("fetch", "-a", ""), ("doctor", ""), ("account", "remove", "")):
        assert zsh("-c", home.config, *words) >= {"work", "play"}, words


def section(text, command):
    """zsh's branch for a command."""
    found = re.search(rf"(?ms)^    {command}\)\n(.*?)^        ;;$", text)
    return found.group(1) if found else ""


def test_zsh_has_every_command_and_option():
    text = script("_poplin")
    listed = set(re.findall(r"(?m)^        '([a-z]+):", text))
    assert set(commands()) == listed
    for command in commands():
        named = re.sub(r"[+=]", " ", section(text, command))
        missing = {o for o in options_of(command)
                   if not re.search(rf"(?<![\w-]){o}(?![\w-])", named)}
        assert missing == set(), command


@pytest.mark.parametrize("shell, name", (("bash", "poplin.bash"), ("zsh", "_poplin"),
                                         ("fish", "poplin.fish")))
def test_a_shell_finds_no_fault_in_its_script(shell, name):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n", os.path.join(FOLDER, name)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and done.stderr == ""
