"""Mail that was made to break `poplin decode`: each kind is decoded whole, in time and memory that grow
with its octets and no faster, and nothing in it is run, fetched or unpacked."""
import gzip
import hashlib
import json
import os
import subprocess
import tempfile

import pytest
from poplin_home import program

pytestmark = pytest.mark.skipif(program() is None, reason="poplin is not built")

SMALL, FACTOR = 256 << 10, 4


def decoded(mail):
    """The object, the seconds and the octets of memory."""
    with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryFile() as out:
        file.write(mail)
        file.flush()
        child = subprocess.Popen([program(), "decode", "--json", file.name], stdout=out,
                                 env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0
        out.seek(0)
        return json.loads(out.read()), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def bounded(make):
    """Decodes it at two sizes and holds the growth against linear. Returns the larger one's object."""
    _, small_seconds, small_memory = decoded(make(SMALL))
    found, seconds, memory = decoded(make(SMALL * FACTOR))
    assert seconds <= 2 * FACTOR * small_seconds + 0.5
    assert memory - small_memory <= 24 * SMALL * (FACTOR - 1)
    return found


def codes(found):
    return {defect["code"] for defect in found["defects"]}


def repeated(unit, octets):
    return unit * (octets // len(unit) + 1)


def page(unit):
    return lambda octets: b"Content-Type: text/html; charset=utf-8\n\n" + repeated(unit, octets) + b"shown"


def test_a59_multiparts_within_one_another_stop_at_the_depth():
    def deep(octets):
        return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i)
                        for i in range(octets // 56))
    found = bounded(deep)
    assert "limit-depth" in codes(found)
    assert found["tree"].count("multipart/mixed") <= 101


def test_a59_messages_within_one_another_stop_at_the_depth():
    found = bounded(lambda octets: repeated(b"Content-Type: message/rfc822\n\n", octets))
    assert "limit-depth" in codes(found)


def test_a60_parts_past_the_limit_stay_in_the_last_one():
    def many(octets):
        return b"Content-Type: multipart/mixed; boundary=b\n\n" + repeated(b"--b\n\nx\n", octets) + b"--b--\n"
    found = bounded(many)
    assert "limit-parts" in codes(found)
    assert len(found["parts"]) < 10_001
    last = found["parts"][-1]["octets"]
    assert last > SMALL * FACTOR - 8 * 10_001


def test_a61_sections_of_a_parameter_without_end():
    def sections(octets):
        many = b"".join(b";\n filename*%d*=%%41" % i for i in range(octets // 24, 0, -1))
        return b"Content-Disposition: attachment" + many + b"\n\nx\n"
    assert "limit-parameters" in codes(bounded(sections))


@pytest.mark.parametrize("unit", [
    b"(", b'"', b"=?", b"=?utf-8?q?", b"a:;", b"<", b",", b"\\", b"=?utf-8?b?4w==?= "])
def test_a62_what_is_opened_and_never_closed(unit):
    def fields(octets):
        some = repeated(unit, octets // 5)  # a header is read up to 1 MiB
        return b"From: " + some + b"\nTo: " + some + b"\nSubject: " + some + b"\nDate: " + some + b"\n\nbody\n"
    assert bounded(fields)["parts"][0]["text"] == "body\n"


@pytest.mark.parametrize("encoding,unit", [
    (b"base64", b"=QQ=\n*A"), (b"base64", b"\n\n\n="), (b"quoted-printable", b"=\n"),
    (b"quoted-printable", b"=G1=\r"), (b"x-uuencode", b"~!\n"), (b"x-uuencode", b"begin 644 a\n")])
def test_a65_no_transfer_encoding_grows_past_its_octets(encoding, unit):
    def body(octets):
        return b"Content-Transfer-Encoding: " + encoding + b"\n\n" + repeated(unit, octets)
    found = bounded(body)
    # A line of uuencode stands for 63 octets at most, whatever it has lost.
    assert found["parts"][0]["octets"] <= 32 * len(repeated(unit, SMALL * FACTOR))


@pytest.mark.parametrize("charset,unit", [
    (b"iso-2022-jp", b"\x1b$B\x1b(B"), (b"utf-7", b"+A-+"), (b"hz-gb-2312", b"~{~}"), (b"utf-16", b"\xd8"),
    (b"iso-2022-cn-ext", b"\x1b$)A\x0e"), (b"gb18030", b"\x81\x30"), (b"no-such-charset", b"\xff")])
def test_a66_charsets_of_any_octets_become_text(charset, unit):
    def text(octets):
        return b"Content-Type: text/plain; charset=" + charset + b"\n\n" + repeated(unit, octets)
    assert isinstance(bounded(text)["parts"][0]["text"], str)


@pytest.mark.parametrize("unit", [
    b"<div>", b"<table><tr><td>", b"<ul><li>", b"<span></b>", b"<a href=x>", b"<blockquote>", b"&amp;", b"&#x1F600;",
    b"<p a a a a a a a a>", b"<!-- -- >-->", b"<![CDATA["])
def test_a69_pages_of_any_tags_cost_what_their_octets_cost(unit):
    assert isinstance(bounded(page(unit))["parts"][0]["text"], str)


def test_a69_nothing_of_a_page_is_run_or_fetched():
    mail = page(b"<script src=http://127.0.0.1:9/x>fetch('x')</script><img src=http://127.0.0.1:9/y>"
                b"<link rel=stylesheet href=http://127.0.0.1:9/z><a href=javascript:alert(1)>go</a>")(400)
    with tempfile.NamedTemporaryFile() as file:
        file.write(mail)
        file.flush()
        text = subprocess.run([program(), "decode", file.name], capture_output=True, check=True).stdout
        assert b"fetch(" not in text and text.rstrip().count(b"shown") == 1
        trace = subprocess.run(["strace", "-f", "-qq", "-e", "trace=%network,%process", program(), "decode",
                                file.name], capture_output=True, text=True, check=False,
                               env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    calls = [line for line in trace.stderr.splitlines() if line.startswith(("socket", "connect", "fork", "vfork"))]
    assert trace.returncode == 0 and calls == []


def test_a70_what_is_compressed_is_not_unpacked():
    bomb = gzip.compress(bytes(32 << 20))
    mail = (b"Content-Type: application/gzip\nContent-Disposition: attachment; filename=a.gz\n"
            b"Content-Transfer-Encoding: binary\n\n" + bomb)
    found, _, memory = decoded(mail)
    part = found["parts"][0]
    assert (part["octets"], part["sha256"]) == (len(bomb), hashlib.sha256(bomb).hexdigest())
    assert memory < 256 << 20
