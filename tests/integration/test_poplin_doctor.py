"""`poplin doctor` finds what is wrong, says what to do, and touches nothing."""
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading

import pytest
from poplin_home import PoplinHome, program

pytestmark = pytest.mark.skipif(program() is None, reason="poplin is not built")


@pytest.fixture
def home(shared_server, tmp_path):
    made = PoplinHome(tmp_path)
    made.add("work", shared_server, url=f"pop3s://localhost:{shared_server.tls_port}",
             settings=[f"ca {shared_server.certificate}"])
    return made


def findings(home, *arguments, expect=0):
    rows = home.run("doctor", *arguments, "--json", expect=expect).objects()
    return {row["check"]: row for row in rows}


def test_a_sound_account_has_every_line_ok(shared_server, home):
    shared_server.maildrop("alice").fill("plain", "dots")
    found = findings(home, "work")
    # What localhost is called by is the machine's affair; the server listens on IPv4 only.
    bad = {name: row for name, row in found.items() if row["result"] != "ok" and name != "ipv6"}
    assert bad == {}
    assert {"dns", "ipv4", "ipv6", "tls", "certificate", "clock", "capabilities", "login",
            "pipelining", "mailbox", "uidl", "target", "state"} <= set(found)
    assert "TLSv1.3" in found["tls"]["text"] and "2 unique-ids" in found["uidl"]["text"]
    assert "in one flight" in found["pipelining"]["text"]
    assert not os.path.exists(home.mail("work")) and not os.path.exists(home.path("state"))
    text = home.run("doctor").out
    assert re.search(r"\n0 bad, \d to be looked at\n$", text)


def test_after_a_fetch_the_maildir_and_the_state_are_looked_at(shared_server, home):
    shared_server.maildrop("alice").fill("plain")
    home.run("fetch")
    found = findings(home)
    assert "can be written" in found["target"]["text"] and "sound" in found["state"]["text"]
    assert os.listdir(os.path.join(home.mail("work"), "tmp")) == []


def test_a_url_is_looked_at_without_an_account(shared_server, tmp_path):
    home = PoplinHome(tmp_path)
    secret = home.write("secret", "secret\n")
    url = f"pop3://alice@127.0.0.1:{shared_server.port}"
    found = findings(home, url, "--password-file", secret)
    assert found["login"]["result"] == "ok" and "target" not in found
    assert findings(home, url)["secret"]["result"] == "warn"


def test_an_unknown_name_a_closed_port_and_an_unknown_authority_are_told_apart(
        shared_server, home, tmp_path):
    home.add("work", shared_server, url="pop3s://no-such-host.invalid")
    assert findings(home, "work", expect=1)["dns"]["result"] == "bad"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        home.add("work", shared_server, url=f"pop3://127.0.0.1:{closed.getsockname()[1]}")
        found = findings(home, "work", expect=1)
    assert found["ipv4"]["result"] == "bad" and "nothing listens" in found["ipv4"]["next"]
    home.add("work", shared_server, url=f"pop3s://localhost:{shared_server.tls_port}")
    found = findings(home, "work", expect=1)
    assert found["tls"]["result"] == "bad" and "tls-fingerprint sha256:" in found["tls"]["text"]
    assert "login" not in found


def test_a_wrong_password_is_bad_and_never_shown(shared_server, home):
    home.add("work", shared_server, password="hunter2-wrong")
    done = home.run("doctor", "-v", expect=1)
    assert "bad   login" in done.out and "-> check user and password" in done.out
    assert "hunter2" not in done.text()


def test_a_folder_that_is_no_maildir_and_a_broken_state_are_bad(shared_server, home):
    home.run("fetch")
    shutil.rmtree(os.path.join(home.mail("work"), "new"))
    with open(home.path("state", "poplin", "state.sqlite"), "r+b") as file:
        file.write(b"not a database at all, for sure")
    found = findings(home, expect=1)
    assert found["target"]["result"] == "bad" and found["state"]["result"] == "bad"
    assert found["state"]["next"] and found["uidl"]["result"] == "ok"


class Fickle(threading.Thread):
    """A server that says what it is told to, gives unique-ids by session, and cannot pipeline."""

    def __init__(self, capabilities=b"", ids=lambda session: (b"a", b"b"), context=None):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.capabilities, self.ids, self.users = capabilities, ids, {"alice": "secret"}
        self.context = context

    def run(self):
        session = 0
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            session += 1
            try:
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                with connection, connection.makefile("rwb") as stream:
                    self.serve(stream, session)
            except OSError:
                pass

    def serve(self, stream, session):
        def say(text):
            stream.write(text + b"\r\n")
            stream.flush()

        noops = 0
        say(b"+OK hello")
        for line in stream:
            verb = line.split()[0].upper()
            if verb == b"CAPA":
                say(b"+OK\r\nUIDL\r\nUSER\r\n" + self.capabilities + b".")
            elif verb == b"NOOP" and self.capabilities and (noops := noops + 1) > 1:
                return  # it cannot do what it announced
            elif verb == b"STAT":
                say(b"+OK 2 20")
            elif verb == b"UIDL" and self.ids(session) is None:
                say(b"-ERR none")
            elif verb == b"UIDL":
                say(b"+OK\r\n1 %s\r\n2 %s\r\n." % self.ids(session))
            else:
                say(b"+OK")
            if verb == b"QUIT":
                return


@pytest.mark.parametrize("ids, result, word", (
    (lambda session: (b"a%d" % session, b"b%d" % session), "bad", "0 of 2"),
    (lambda session: (b"a", b"a"), "warn", "given twice"),
    (lambda session: None, "warn", "gives no unique-ids"),
    (lambda session: (b"a", b"b"), "ok", "the same in two sessions")))
def test_c06_unique_ids_that_do_not_last_are_found(tmp_path, ids, result, word):
    server = Fickle(ids=ids)
    server.start()
    home = PoplinHome(tmp_path)
    home.add("work", server)
    found = findings(home, "work", expect=1 if result == "bad" else 0)
    server.listener.close()
    assert found["uidl"]["result"] == result and word in found["uidl"]["text"]
    assert "not announced" in found["pipelining"]["text"]


def test_c14_pipelining_that_does_not_work_is_found(tmp_path):
    server = Fickle(capabilities=b"PIPELINING\r\n")
    server.start()
    home = PoplinHome(tmp_path)
    home.add("work", server)
    found = findings(home, "work", expect=1)
    server.listener.close()
    assert found["pipelining"]["result"] == "bad" and "`pipeline 1`" in found["pipelining"]["next"]
    assert found["uidl"]["result"] == "ok"


def test_a_certificate_that_soon_ends_is_told(tmp_path):
    stem = str(tmp_path / "short")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "5", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", stem + ".key",
                    "-out", stem + ".crt"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(stem + ".crt", stem + ".key")
    server = Fickle(context=context)
    server.start()
    home = PoplinHome(tmp_path)
    home.add("work", server, url=f"pop3s://localhost:{server.port}", settings=[f"ca {stem}.crt"])
    found = findings(home, "work")
    server.listener.close()
    assert found["certificate"]["result"] == "warn"
    assert re.search(": [45] days$", found["certificate"]["text"])
    assert found["clock"]["result"] == "ok"


def test_what_makes_no_sense_is_refused(home):
    for words in (("a", "b"), ("--user", "x"), ("work", "--ca", "f"), ("--nonsense",)):
        home.run("doctor", *words, expect=64)
    home.run("doctor", "none", expect=78)
    home.run("doctor", "gopher://x", expect=64)
