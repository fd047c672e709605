"""`poplin decode` shows any message: as text that harms no terminal, as one object a message."""
import hashlib
import json
import subprocess

import pytest
from poplin_home import program

pytestmark = pytest.mark.skipif(program() is None, reason="poplin is not built")

MIXED = (b"From: =?gb2312?B?1tDOxA==?= <a@x>\r\nTo: g: b@x, C <c@x>;\r\n"
         b"Subject: =?utf-8?Q?=E6=BC?=\r\n =?utf-8?Q?=A2?= \x1b[31m\r\nMessage-ID: <1@x>\r\n"
         b"Date: Tue, 01 Dec 2026 10:00:00 +0100\r\n"
         b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
         b"--b\r\nContent-Type: text/plain; charset=gbk; format=flowed\r\n\r\n"
         b"\xd6\xd0 \r\n\xce\xc4\x1b]0;x\x07\r\n"
         b"--b\r\nContent-Type: image/png\r\nContent-ID: <i@x>\r\n"
         b"Content-Disposition: attachment; filename*=utf-8''%E6%BC%A2.png\r\n"
         b"Content-Transfer-Encoding: base64\r\n\r\nAA0KAQ==\r\n--b--\r\n")


def decode(*words, data=b"", expect=0):
    done = subprocess.run([program(), "decode", *words], input=data, capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == expect, done.stderr
    return done.stdout.decode("utf-8")


def test_json_has_all_that_is_known(tmp_path):
    (tmp_path / "m").write_bytes(MIXED)
    one = json.loads(decode("--json", str(tmp_path / "m")))
    assert one["headers"] == {
        "subject": "漢 \x1b[31m", "message_id": "1@x", "date": 1796115600,
        "from": [["中文", "a@x"]], "to": [[None, "b@x"], ["C", "c@x"]], "cc": []}
    assert one["tree"] == "multipart/mixed(text/plain,image/png)"
    text, image = one["parts"]
    assert (text["path"], text["charset"], text["disposition"]) == ("1", "gbk", None)
    assert text["text"] == "中 \n文\x1b]0;x\x07"
    octets = b"\0\r\n\1"
    assert image == {
        "path": "2", "content_type": "image/png", "charset": None, "disposition": "attachment",
        "content_id": "i@x", "filename": "漢.png", "octets": 4,
        "sha256": hashlib.sha256(octets).hexdigest(),
        "sha256_lf": hashlib.sha256(octets.replace(b"\r\n", b"\n")).hexdigest()}
    assert all(set(defect) == {"code", "part", "offset"} for defect in one["defects"])


def test_text_to_read_has_no_control_characters():
    out = decode("-", data=MIXED)
    assert "From: 中文 <a@x>\n" in out and "Subject: 漢 \\x1b[31m\n" in out
    assert "\n中 文\\x1b]0;x\\x07\n" in out
    assert "2  image/png  4 octets  漢.png\n" in out
    assert not [c for c in out if ord(c) < 32 and c != "\n"]


def test_html_is_read_as_text():
    out = decode("-", data=b"Content-Type: text/html\n\n<style>x</style><p>One<p><a href=u>two</a>")
    assert "One\n\ntwo[1]\n\n[1] u\n" in out


def test_files_within_text_and_invitations_are_named():
    data = (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\nbegin 644 a.txt\n"
            b"#0V%T\n`\nend\n--b\nContent-Type: text/calendar\n\nMETHOD:REQUEST\nBEGIN:VEVENT\n"
            b"DTSTART:20261201T100000Z\nSUMMARY:Board\nLOCATION:Room 4\nEND:VEVENT\n--b--\n")
    out = decode("-", data=data)
    assert "    3 octets  a.txt\n" in out
    assert "    Invitation: Board, 2026-12-01 10:00 UTC, Room 4\n" in out
    text, calendar = json.loads(decode("--json", "-", data=data))["parts"]
    assert text["contains"] == [{"filename": "a.txt", "octets": 3}]
    assert calendar["calendar"] == "Invitation: Board, 2026-12-01 10:00 UTC, Room 4"


def test_several_files_are_an_object_each_and_errors_do_not_stop_it(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"Subject: " + name.encode() + b"\n\n")
    rows = decode("--json", str(tmp_path / "a"), str(tmp_path / "none"), str(tmp_path / "b"),
                  expect=66).splitlines()
    assert [json.loads(row)["headers"]["subject"] for row in rows] == ["a", "b"]


def test_an_empty_message_is_one_empty_text():
    one = json.loads(decode("--json", "-"))
    assert one["tree"] == "text/plain" and one["parts"][0]["octets"] == 0


def test_wrong_words_are_usage_errors():
    decode(expect=64)
    decode("--bad", "-", expect=64)
