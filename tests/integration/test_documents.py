"""What the documents show is true as far as a machine can tell: their configurations are accepted,
their links lead somewhere, and an installation has what they speak of."""
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
POPLIND = pathlib.Path(os.environ.get("POPLIND", ROOT / "build-asan/src/cli/poplind")).absolute()
POPLIN = POPLIND.with_name("poplin")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
INSTALLED = [
    "sbin/poplind", "sbin/poplinctl", "share/man/man8/poplind.8", "share/man/man8/poplinctl.8",
    "share/man/man5/poplind.conf.5", "share/man/man7/poplin-maildir.7",
    "lib/systemd/system/poplind.service", "lib/systemd/system/poplind.socket",
    "lib/systemd/system/poplind-pop3.socket", "lib/sysusers.d/poplin.conf",
    "lib/tmpfiles.d/poplin.conf", "fail2ban/filter.d/poplind.conf", "fail2ban/jail.d/poplind.conf",
    "bin/poplin", "share/man/man1/poplin.1", "lib/systemd/user/poplin.service",
    "lib/systemd/user/poplin.timer", "share/bash-completion/completions/poplin",
    "share/zsh/site-functions/_poplin", "share/fish/vendor_completions.d/poplin.fish",
    "share/doc/poplin/examples/poplind.conf", "share/doc/poplin/examples/single-user.conf",
]


def configurations():
    for path in DOCUMENTS:
        for number, text in enumerate(re.findall(r"^(config 1\n.*?)(?:^END$|^```$)",
                                                 path.read_text(encoding="utf-8"), re.M | re.S)):
            yield pytest.param(text.replace("$PWD", "/tmp"), id=f"{path.name}-{number}")


def is_accepted(text, folder):
    file = folder / "poplin.conf"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    command = [POPLIND, "-t", "-c", file]
    if re.search("^account ", text, re.M):
        command = [POPLIN, "-c", file, "config", "check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False,
                         env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    return run.returncode == 0, run.stderr


@pytest.mark.parametrize("text", configurations())
def test_a_configuration_that_is_shown_is_accepted(text, tmp_path):
    accepted, said = is_accepted(text, tmp_path)
    assert accepted, said


def test_a_wrong_configuration_would_be_found(tmp_path):
    assert not is_accepted("config 1\nlisen pop3s\n", tmp_path)[0]
    assert not is_accepted("config 1\naccount a { sever pop3s://a.example }\n", tmp_path)[0]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    targets = re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_all_that_is_spoken_of_is_installed():
    run = subprocess.run(["meson", "introspect", POPLIND.parents[2], "--installed"],
                         capture_output=True, text=True, check=True)
    places = json.loads(run.stdout).values()
    assert [end for end in INSTALLED if not any(place.endswith("/" + end) for place in places)] == []


def rows_of(table):
    return dict(re.findall(r"^\| `([\w-]+)` \| (.+?) \| .+ \|$", table, re.M))


def test_the_table_of_defects_is_that_of_the_decoder():
    table = (ROOT / "docs/mime/decoder.md").read_text(encoding="utf-8")
    source = (ROOT / "src/mime/mime_defect.c").read_text(encoding="utf-8")
    known = dict(re.findall(r'^    \[MIME_DEFECT_\w+\] = \{"([\w-]+)",\s*"(.+?)"\},$', source, re.M))
    header = (ROOT / "src/mime/mime_parser.h").read_text(encoding="utf-8")
    assert len(known) == len(set(re.findall(r"^    MIME_DEFECT_\w+", header, re.M))) - 1
    assert rows_of(table) == known


def test_every_difference_that_is_counted_is_explained():
    text = (ROOT / "docs/mime/corpus.md").read_text(encoding="utf-8")
    right, total = re.search(r"everything right \| (\d+) \| (\d+)", text).groups()
    explained = sum(map(int, re.findall(r"^\| (\d+) \| .+\| .+\| .+\| .+ \|$", text, re.M)))
    assert explained == int(total) - int(right)


def test_what_readme_shows_of_decode_is_so():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"^\$ (printf [^`]*? \| )build/poplin decode -\n(.*?)^```$", text, re.M | re.S)
    run = subprocess.run(["sh", "-c", shown[1] + f"'{POPLIN}' decode -"], capture_output=True, check=True,
                         env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    assert run.stdout.decode("utf-8") == shown[2]
