"""libpoplin as others use it: what is installed, what it exports, and the examples of the manual
compiled against it and run, against poplind and against each other."""
import contextlib
import hashlib
import os
import re
import ssl

import pop3
import pytest
from library import ROOT, Library, output_of
from messages import NAMED, top
from messages import wire as wire_form


def wire(name):
    return wire_form(NAMED[name])


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return Library(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def receive(library):
    return library.example("receive")


@contextlib.contextmanager
def served(library, tmp_path, *names):
    """The port of the example server with these messages."""
    paths = []
    for number, name in enumerate(names):
        paths.append(tmp_path / f"mail-{number}")
        paths[-1].write_bytes(NAMED[name])
    server = library.start(library.example("serve"), "ann", *paths)
    try:
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def plain(server):
    return f"pop3://127.0.0.1:{server.port}"


# ---- what is installed ----


def defined(*command):
    lines = output_of("nm", "--defined-only", *command).splitlines()
    return {line.split()[2] for line in lines if len(line.split()) == 3}


def test_the_shared_library_exports_what_the_headers_declare_and_nothing_else(library):
    exported = {name for name in defined("-D", library.shared) if name != "POPLIN_0"}
    assert len(exported) > 50
    assert {name.split("@@")[0] for name in exported} == library.declared()
    assert {name.split("@@")[1] for name in exported} == {"POPLIN_0"}


def test_the_static_library_shows_no_other_name(library):
    shown = defined("-g", library.static)
    if library.sanitizers:
        shown = {name for name in shown if not name.startswith(("__odr_asan", "__asan", ".L"))}
    assert shown == library.declared()


def test_every_public_name_has_the_prefix(library):
    for header in os.listdir(library.headers):
        path = os.path.join(library.headers, header)
        text = output_of("gcc", "-E", "-P", "-dD", "-x", "c", path, "-I",
                         os.path.dirname(library.headers))
        with open(path, encoding="utf-8") as file:
            own = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
        names = set(re.findall(r"#define (\w+)", own))
        names |= set(re.findall(r"\b(?:struct|enum) (\w+) \{", own))
        names |= set(re.findall(r"^ {4}([A-Z]\w*) =", own, re.MULTILINE))
        assert names and all(n.lower().startswith("poplin_") for n in names), names
        assert "base/" not in text


def test_the_library_names_its_version_in_its_soname(library):
    text = output_of("readelf", "-d", library.shared)
    assert "Library soname: [libpoplin.so.0]" in text


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("header", ["api.h", "pop3.h", "client.h", "mime.h"])
def test_a_header_stands_alone(library, tmp_path, header, language):
    source = tmp_path / "alone.c"
    source.write_text(f"#include <poplin/{header}>\n#include <poplin/{header}>\n"
                      "int main(void)\n{\n    return poplin_version()[0] == 0;\n}\n")
    assert library.run(library.compile(str(source), "alone-" + header + language, language))[2] == 0


def test_the_first_example_is_short():
    with open(os.path.join(ROOT, "docs", "examples", "receive.c"), encoding="utf-8") as file:
        assert len(file.readlines()) < 80


# ---- receive ----


@pytest.mark.parametrize("language, static", [("c", False), ("c", True), ("c++", False)])
def test_receive_prints_what_is_new_and_nothing_twice(library, shared_server, tmp_path, language,
                                                      static):
    program = library.example("receive", language, static)
    drop, seen = shared_server.maildrop("alice"), tmp_path / "seen"
    drop.fill("plain", "dots", "nonewline")
    out, err, code = library.run(program, plain(shared_server), "alice", seen)
    assert (code, out) == (0, wire("plain") + wire("dots") + wire("nonewline")), err
    assert "3 messages, 3 new" in err
    drop.deliver("second")
    out, err, code = library.run(program, plain(shared_server), "alice", seen)
    assert (code, out) == (0, wire("second")), err
    out, err, code = library.run(program, plain(shared_server), "alice", seen)
    assert (code, out) == (0, b"") and "4 messages, 0 new" in err


def test_receive_goes_over_tls_with_the_authority_given(library, shared_server, receive, tmp_path):
    shared_server.maildrop("alice").fill("plain")
    url = f"pop3s://localhost:{shared_server.tls_port}"
    out, err, code = library.run(receive, url, "alice", tmp_path / "seen",
                                 shared_server.certificate)
    assert (code, out) == (0, wire("plain")), err


def test_receive_goes_to_no_server_that_it_cannot_trust(library, shared_server, receive, tmp_path):
    url = f"pop3s://localhost:{shared_server.tls_port}"
    start = len(shared_server.log())
    out, err, code = library.run(receive, url, "alice", tmp_path / "seen")
    assert (code, out) == (1, b"") and "TLS" in err
    assert "event=login" not in shared_server.log()[start:]


def test_receive_says_why_it_may_not_come_in(library, shared_server, receive, tmp_path):
    out, err, code = library.run(receive, plain(shared_server), "alice", tmp_path / "seen",
                                 password="wrong")
    assert (code, out) == (1, b"") and "check user and password" in err


def test_receive_says_that_nobody_is_there(library, receive, tmp_path):
    out, err, code = library.run(receive, "pop3://127.0.0.1:1", "alice", tmp_path / "seen")
    assert (code, out) == (1, b"") and "127.0.0.1" in err


# ---- every way in, by a program of the tests ----


@pytest.fixture(scope="module")
def way_in(library):
    return library.compile(os.path.join(ROOT, "tests", "support", "library_way_in.c"), "way-in")


def fingerprint_of(path):
    with open(path, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    return hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize("auth", ["PLAIN", "LOGIN", "USER", ""])
@pytest.mark.parametrize("tls", ["none", "stls", "implicit"])
def test_every_way_in_is_told_as_it_was(library, shared_server, way_in, tls, auth):
    port = shared_server.tls_port if tls == "implicit" else shared_server.port
    out, err, code = library.run(way_in, f"pop3://localhost:{port}", "alice", tls, auth,
                                 shared_server.certificate)
    assert code == 0, err
    version, mechanism, greeting, *capabilities = out.decode().splitlines()
    assert version == ("" if tls == "none" else "TLSv1.3")
    assert mechanism == auth or (auth == "" and mechanism)
    assert greeting == "localhost POP3 ready"
    assert {"UIDL", "PIPELINING"} <= set(capabilities)


def test_a_pinned_certificate_is_believed_and_another_one_is_not(library, shared_server, way_in):
    pin = fingerprint_of(shared_server.certificate)
    url = f"pop3://127.0.0.1:{shared_server.tls_port}"
    _, err, code = library.run(way_in, url, "alice", "implicit", "", "sha256:" + pin)
    assert code == 0, err
    other = ("0" if pin[0] != "0" else "1") + pin[1:]
    _, err, code = library.run(way_in, url, "alice", "implicit", "", "sha256:" + other)
    assert code == 2 and "TLS" in err  # POPLIN_CLIENT_TLS


# ---- serve and loop ----


def test_serve_is_a_server_like_any_other(library, tmp_path):
    with served(library, tmp_path, "plain", "dots", "onlydot") as port:
        with pop3.Session(port, timeout=10) as session:
            session.login("ann")
            sizes = {1: len(wire("plain")), 2: len(wire("dots")), 3: len(wire("onlydot"))}
            assert session.rows("LIST") == {n: str(size) for n, size in sizes.items()}
            assert session.ok("STAT").split()[1] == "3"
            assert session.rows("UIDL") == {1: "message-0", 2: "message-1", 3: "message-2"}
            assert session.retr(2) == wire("dots")
            session.ok("TOP 1 2")
            assert session.body() == top(NAMED["plain"], 2)
            session.ok("DELE 1")
            session.ok("QUIT")
        with pop3.Session(port, timeout=10) as session:
            session.login("ann")
            assert session.rows("UIDL") == {1: "message-1", 2: "message-2"}


def test_receive_and_serve_understand_each_other(library, receive, tmp_path):
    with served(library, tmp_path, "dots", "mixed", "nul") as port:
        out, err, code = library.run(receive, f"pop3://127.0.0.1:{port}", "ann", tmp_path / "seen")
    assert (code, out) == (0, wire("dots") + wire("mixed") + wire("nul")), err


def headers(name):
    return top(NAMED[name], 0)


def test_loop_runs_the_machine_in_a_loop_of_its_own(library, shared_server):
    shared_server.maildrop("alice").fill("plain", "second", "dots")
    out, err, code = library.run(library.example("loop"), shared_server.port, "alice")
    rows, mail = out.split(b"\n", 3)[:3], out.split(b"\n", 3)[3]
    assert code == 0, err
    assert [row.split()[0] for row in rows] == [b"1", b"2", b"3"]
    assert mail == headers("plain") + headers("second") + headers("dots")


def test_loop_and_serve_understand_each_other(library, tmp_path):
    with served(library, tmp_path, *["plain"] * 90) as port:
        out, err, code = library.run(library.example("loop"), port, "ann")
    assert code == 0, err
    assert out.split(b"\n", 90)[90] == headers("plain") * 90


def test_loop_fails_where_the_login_fails(library, shared_server):
    out, _, code = library.run(library.example("loop"), shared_server.port, "alice",
                               password="wrong")
    assert (code, out) == (1, b"")


# ---- show ----


LETTER = """From: =?gb2312?B?zfXLxA==?= <wang@example.cn>
Subject: =?utf-8?B?5Y+R?= =?utf-8?B?56Wo?= \x1b]0;title\x07end
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain; charset=gbk
Content-Transfer-Encoding: base64

xOO6wxtbMm0K
--x
Content-Type: image/png; name="../photo.png"
Content-Transfer-Encoding: base64

AAEC
--x--
"""


@pytest.mark.parametrize("language, static", [("c", False), ("c", True), ("c++", False)])
def test_show_decodes_a_letter_and_leaves_the_terminal_alone(library, tmp_path, language, static):
    path = tmp_path / "letter"
    path.write_text(LETTER, encoding="ascii")
    out, err, code = library.run(library.example("show", language, static), path)
    text = out.decode()
    assert code == 0, err
    assert "From: 王四 <wang@example.cn>\n" in text
    assert "Subject: 发票 ?]0;title?end\n" in text
    assert "\n\n你好?[2m\n" in text
    assert "[2] photo.png\n" in text
    assert "\x1b" not in text


def test_show_says_what_it_cannot_read(library, tmp_path):
    out, err, code = library.run(library.example("show"), tmp_path / "nothing")
    assert (code, out) == (1, b"") and "nothing" in err
