"""The accounts of `poplin` as a person handles them: the configuration's check, init, list, test,
info, remove, against a real poplind."""
import json
import os
import stat
import subprocess

import pytest

import poplind


class Person:
    """Somebody with a home, but no terminal: what would be asked is refused."""

    def __init__(self, home):
        self.home = home
        self.config = home / ".config/poplin/config"

    def run(self, *words):
        environment = {**os.environ, "HOME": str(self.home), "ASAN_OPTIONS": "exitcode=99"}
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            environment.pop(name, None)
        return subprocess.run([poplind.program("poplin"), *words], env=environment, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, start_new_session=True)

    def write(self, text, mode=0o600):
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text)
        self.config.chmod(mode)


@pytest.fixture
def person(tmp_path):
    try:
        poplind.program("poplin")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    return Person(tmp_path)


@pytest.fixture(scope="module")
def host():
    with poplind.Poplind() as one:
        yield one


def init(person, host, *words, url=None):
    return person.run("init", "alice@example.org", "--user", "alice", "--server",
                      url or f"pop3://127.0.0.1:{host.port}", *words)


def test_init_logs_in_and_writes_a_file_for_nobody_else(person, host):
    run = init(person, host, "--passwordeval", "echo secret")
    assert run.returncode == 0, run.stderr
    assert stat.S_IMODE(person.config.stat().st_mode) == 0o600
    assert person.run("config", "check").returncode == 0
    listed = json.loads(person.run("account", "list", "--json").stdout)
    assert listed["account"] == "example.org"
    assert listed["server"] == f"pop3://127.0.0.1:{host.port}"
    assert listed["target"] == f"{person.home}/Mail/example.org"


def test_init_keeps_what_the_file_has(person, host):
    person.write("config 1\n# mine\naccount a { server pop3s://h user u }\n")
    before = person.config.read_text()
    assert init(person, host, "--passwordeval", "echo secret").returncode == 0
    assert person.config.read_text().startswith(before)
    after = person.config.read_text()
    assert init(person, host, "--passwordeval", "echo secret").returncode == 78
    assert person.config.read_text() == after
    assert person.run("account", "remove", "example.org").returncode == 0
    assert person.config.read_text().startswith(before)
    assert "example.org" not in person.config.read_text()


def test_init_writes_nothing_when_the_login_is_refused(person, host):
    run = init(person, host, "--passwordeval", "echo wrong")
    assert run.returncode == 77
    assert "wrong" not in run.stdout
    assert not person.config.exists()
    assert init(person, host).returncode == 78  # no terminal to ask on
    assert not person.config.exists()


def test_a48_a_certificate_that_nobody_vouches_for_is_refused_until_pinned(person, host):
    url = f"pop3s://127.0.0.1:{host.tls_port}"
    run = init(person, host, "--passwordeval", "echo secret", url=url)
    assert run.returncode == 69
    assert not person.config.exists()
    pin = [word for word in run.stderr.split() if word.startswith("sha256:")][-1]
    run = init(person, host, "--passwordeval", "echo secret", "--tls-fingerprint", pin, url=url)
    assert run.returncode == 0, run.stderr
    assert pin in person.config.read_text()
    test = person.run("account", "test", "example.org")
    assert test.returncode == 0 and "TLSv1.3" in test.stdout


def test_info_tells_what_the_server_is_without_a_login(person, host):
    person.write(f"config 1\naccount a {{\n server pop3s://localhost:{host.tls_port}\n user u\n"
                 " passwordeval false\n}\n")
    run = person.run("account", "info", "a")
    assert run.returncode == 69  # the certificate's problem
    for word in ("greeting", "TLSv1.3", "certificate", "fingerprint", "problem", "round trip",
                 "capability    UIDL"):
        assert word in run.stdout
    person.write(person.config.read_text().replace(" passwordeval", f" ca {host.certificate}\n "
                                                                    "passwordeval"))
    assert person.run("account", "info", "a").returncode == 0


def test_every_error_is_reported_with_its_place(person):
    person.write("config 1\naccount a {\n  sever pop3s://h\n  user u\n  keep 30\n}\n")
    run = person.run("config", "check")
    assert run.returncode == 78
    lines = run.stdout.splitlines()
    assert lines[0].startswith(f"{person.config}:3:3: ") and 'did you mean "server"' in lines[0]
    assert lines[1].startswith(f"{person.config}:5:8: ")
    errors = json.loads(person.run("config", "check", "--json").stdout)
    assert errors["errors"][0]["line"] == 3 and errors["count"] == len(lines)


def test_a_file_that_others_can_read_is_refused(person):
    person.write("config 1\n", mode=0o644)
    for words in (["config", "check"], ["account", "list"]):
        run = person.run(*words)
        assert run.returncode == 78 and "chmod 600" in run.stdout + run.stderr


def test_icloud_is_explained(person):
    run = person.run("init", "ann@icloud.com")
    assert run.returncode == 69 and "no POP3" in run.stdout
