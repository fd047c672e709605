"""`poplin init` with a person at a terminal, who types answers, and a DNS that names the server."""
import os
import re
import stat

import certificate
import dns
import poplind
import pytest
from dns import Dns
from maildir import Maildir
from poplin_home import SANITIZERS, program
from proxy import Proxy
from terminal import Terminal

USERS = {"ann@example.test": "right one", "bob": "secret"}
HOST = "pop.example.test"
HERE = {HOST: "127.0.0.1"}

pytestmark = [
    pytest.mark.skipif(program() is None or not poplind.is_built(), reason="it is not built"),
    pytest.mark.skipif(not dns.is_possible(), reason="needs root for a resolv.conf of its own"),
]


@pytest.fixture(scope="module")
def server():
    """Its certificate is that of HOST."""
    made = poplind.Poplind(users=USERS, start=False)
    certificate.make(made.folder, HOST)
    made.start()
    yield made
    made.close()


class Person:
    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.config = folder / ".config" / "poplin" / "config"
        self.password = folder / ".config" / "poplin" / "example.test.password"
        self.environment = {**os.environ, **SANITIZERS, "HOME": str(folder), "LC_ALL": "C.UTF-8",
                            "TERM": "xterm", "SSL_CERT_FILE": server.certificate}
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            self.environment.pop(name, None)

    def sit_down(self, resolver, *words):
        command = resolver.before([program(), *words])
        return Terminal(command, self.environment, str(self.folder))

    def mail(self):
        return Maildir(str(self.folder / "Mail" / "example.test")).contents()


@pytest.fixture
def person(server, tmp_path):
    for user in USERS:
        server.maildrop(user).fill()
    return Person(tmp_path, server)


def srv(server, host=HOST):
    return {"_pop3s._tcp.example.test": [(10, 0, server.tls_port, host)]}


def is_private(path):
    return stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_server_is_found_a_wrong_password_told_and_the_right_one_kept(server, person):
    server.maildrop("ann@example.test").fill("plain", "dots")
    with Dns(HERE, srv(server)) as resolver:
        with person.sit_down(resolver, "init", "ann@example.test") as terminal:
            terminal.expect(rf"Trying {HOST} port {server.tls_port} … yes")
            terminal.expect(rf"Password of ann@example\.test at {HOST}: ")
            assert terminal.is_quiet()
            terminal.type("wrong one")
            assert terminal.end() == 77
            assert "wrong one" not in terminal.text
        assert not person.config.exists() and not person.password.exists()
        with person.sit_down(resolver, "init", "ann@example.test") as terminal:
            terminal.expect("Password of ")
            terminal.type("right one")
            terminal.expect(r"Logging in as ann@example\.test .* yes\n2 messages there")
            terminal.expect(r"Keep the password in \S+example\.test\.password")
            terminal.type("y")
            terminal.expect("poplin fetch")
            assert terminal.end() == 0
        assert is_private(person.config) and is_private(person.password)
        assert person.password.read_text() == "right one\n"
        with person.sit_down(resolver, "fetch") as terminal:
            assert terminal.end() == 0, terminal.text
    assert len(person.mail()) == 2


def test_a_password_that_is_not_kept_is_asked_for_each_time(server, person):
    server.maildrop("ann@example.test").fill("plain")
    with Dns(HERE, srv(server)) as resolver:
        with person.sit_down(resolver, "init", "ann@example.test") as terminal:
            terminal.expect("Password of ")
            terminal.type("right one")
            terminal.expect("Keep the password")
            terminal.type("")
            assert terminal.end() == 0
        assert not person.password.exists() and "right one" not in person.config.read_text()
        with person.sit_down(resolver, "fetch") as terminal:
            terminal.expect("Password of ")
            terminal.type("right one")
            assert terminal.end() == 0, terminal.text
    assert len(person.mail()) == 1


def test_the_part_before_the_at_is_tried_as_the_user(server, person):
    with Dns(HERE, srv(server)) as resolver:
        with person.sit_down(resolver, "init", "bob@example.test") as terminal:
            terminal.expect("Password of ")
            terminal.type("secret")
            terminal.expect(r"Logging in as bob@example\.test .* no\n")
            terminal.expect(r"Logging in as bob .* yes\n")
            terminal.expect("Keep the password")
            terminal.type("y")
            assert terminal.end() == 0
        with person.sit_down(resolver, "account", "test", "example.test") as terminal:
            assert terminal.end() == 0, terminal.text
    assert re.search(r"user +bob$", person.config.read_text(), re.M)


@pytest.mark.parametrize("answer, status", (("n", 69), ("y", 0)))
def test_a_server_outside_the_domain_gets_a_password_only_when_the_person_agrees(
        server, person, answer, status):
    with Dns(HERE, {"_pop3s._tcp.other.test": [(1, 1, server.tls_port, HOST)]}) as resolver:
        with person.sit_down(resolver, "init", "ann@other.test", "--user",
                             "ann@example.test") as terminal:
            terminal.expect(rf"names {HOST} as its server, which is outside .*\[y/N\] ")
            terminal.type(answer)
            if answer == "y":
                terminal.expect("Password of ")
                terminal.type("right one")
                terminal.expect("Keep the password")
                terminal.type("n")
            assert terminal.end(60) == status
            assert ("Password of" in terminal.text) == (answer == "y")
    assert person.config.exists() == (answer == "y")


def test_a_domain_that_says_it_has_no_pop3_is_believed(server, person):
    with Dns(HERE, {"_pop3s._tcp.example.test": [(0, 0, 0, ".")]}) as resolver:
        with person.sit_down(resolver, "init", "ann@example.test") as terminal:
            terminal.expect("says that it has no POP3")
            assert terminal.end() == 69


def test_the_better_of_two_servers_is_taken_and_one_that_is_down_passed_over(server, person):
    rows = [(20, 0, server.tls_port, HOST), (10, 0, poplind.free_port(), HOST)]
    with Dns(HERE, {"_pop3s._tcp.example.test": rows}) as resolver:
        with person.sit_down(resolver, "init", "ann@example.test") as terminal:
            terminal.expect(rf"Trying {HOST} port {rows[1][2]} … no\n")
            terminal.expect(rf"Trying {HOST} port {rows[0][2]} … yes\n")
            terminal.expect("Password of ")
            terminal.press("\x03")
            assert terminal.end() == -2
    assert not person.config.exists()


def test_without_srv_the_usual_names_are_tried(server, person):
    """pop.DOMAIN at port 995: an address of its own, where a proxy listens."""
    with Proxy(server.tls_port, address=("127.77.1.2", 995)), \
            Dns({HOST: "127.77.1.2"}) as resolver:
        with person.sit_down(resolver, "init", "ann@example.test") as terminal:
            terminal.expect(rf"Trying {HOST} port 995 … yes")
            terminal.expect("Password of ")
            terminal.type("right one")
            terminal.expect("Keep the password")
            terminal.type("y")
            assert terminal.end() == 0
        assert ("_pop3s._tcp.example.test", dns.SRV) in resolver.asked
        assert ("_pop3._tcp.example.test", dns.SRV) in resolver.asked


def test_a48_a_server_with_another_name_in_its_certificate_is_passed_over(server, person):
    with Dns({"mail.example.test": "127.0.0.1"}, srv(server, "mail.example.test")) as resolver:
        with person.sit_down(resolver, "init", "ann@example.test") as terminal:
            terminal.expect(rf"Trying mail\.example\.test port {server.tls_port} … no")
            terminal.expect("no server was found")
            assert terminal.end(60) == 69
            assert "Password" not in terminal.text
