#!/usr/bin/python3
"""Writes a small Maildir of letters as people really get them: `demo_mail.py write MAILDIR`;
`demo_mail.py wire FILE` prints a message as POP3 must hand it out, every line ended by CRLF.

The same letters each time: many scripts in headers and bodies, nested multiparts, attachments,
dots at line starts, both kinds of line end, and one of 5 MB.
"""
import base64
import os
import quopri
import random
import re
import sys
from email.header import Header

RANDOM = random.Random(1939)


def _word(text, charset="utf-8"):
    return Header(text, charset).encode()


def _head(sender, address, subject, number, charset="utf-8", extra=""):
    day = 2 + number
    return (
        f"Return-Path: <{address}>\n"
        f"Received: from mx.example.org (mx.example.org [192.0.2.{number + 10}])\n"
        f"\tby mail.example.net with ESMTPS id {number:06X}A1B2C\n"
        f"\tfor <demo@example.net>; {day:02d} Mar 2026 09:{number:02d}:12 +0000\n"
        f"Date: {('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[(day - 2) % 7]}, "
        f"{day:02d} Mar 2026 09:{number:02d}:11 +0000\n"
        f"From: {_word(sender, charset) if not sender.isascii() else sender} <{address}>\n"
        f"To: Demo Reader <demo@example.net>\n"
        f"Subject: {_word(subject, charset) if not subject.isascii() else subject}\n"
        f"Message-ID: <{number:04d}.{day:02d}@{address.split('@')[1]}>\n"
        f"MIME-Version: 1.0\n{extra}")


def _text(head, body, charset="utf-8", encoding="8bit"):
    raw = body.encode(charset)
    if encoding == "base64":
        raw = base64.encodebytes(raw)
    elif encoding == "quoted-printable":
        raw = quopri.encodestring(raw)
    kind = (f"Content-Type: text/plain; charset={charset}\n"
            f"Content-Transfer-Encoding: {encoding}\n\n")
    return (head + kind).encode() + raw


def _part(kind, body, encoding="7bit", extra=""):
    data = body if isinstance(body, bytes) else body.encode()
    if encoding == "base64":
        data = base64.encodebytes(data)
    return (f"Content-Type: {kind}\n{extra}Content-Transfer-Encoding: {encoding}\n\n".encode()
            + data)


def _multipart(kind, boundary, parts):
    body = b"".join(b"--" + boundary.encode() + b"\n" + part + b"\n" for part in parts)
    return (f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n'.encode()
            + body + b"--" + boundary.encode() + b"--\n")


def _photograph(octets):
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + RANDOM.randbytes(octets) + b"\xff\xd9"


def english():
    head = _head("Mary Lane", "mary@example.org", "Minutes of Tuesday's meeting", 1)
    return _text(head, "Hello all,\n\nthe minutes are below. Corrections by Friday, please.\n\n"
                 "1. The roof is tight again.\n2. The piano is not in tune.\n\n-- \nMary\n")


def chinese():
    head = _head("王小明", "wang@example.cn", "关于下周会议的安排", 2)
    return _text(head, "您好:\n\n下周三上午十点开会,请准时参加。\n\n此致\n敬礼\n王小明\n",
                 encoding="base64")


def chinese_gb18030():
    head = _head("李老师", "li@example.cn", "期末成绩已经公布", 3, "gb18030")
    return _text(head, "同学们好,成绩单已经贴在教室门口。\n", "gb18030")


def japanese():
    head = _head("佐藤花子", "sato@example.jp", "お花見のお知らせ", 4, "iso-2022-jp")
    return _text(head, "皆様\n\n四月五日(日)にお花見をします。お弁当は各自でご用意ください。\n\n佐藤\n",
                 "iso-2022-jp", "7bit")


def arabic():
    head = _head("ليلى حداد", "layla@example.com", "دعوة إلى حفل الافتتاح", 5)
    return _text(head, "السلام عليكم،\n\nيسرنا دعوتكم إلى حفل الافتتاح يوم الخميس.\n",
                 encoding="quoted-printable")


def hebrew_and_russian():
    head = _head("Борис Волков", "boris@example.org", "Билеты на поезд / כרטיסים לרכבת", 6)
    return _text(head, "Билеты во вложении не поместились, вот номера: 12, 14.\nשלום רב\n",
                 encoding="base64")


def dots():
    head = _head("Build Robot", "robot@example.org", "Nightly log: dots at line starts", 7)
    return _text(head, ".profile was read\n..and the folder above\n...\n.\n"
                 "A line with one dot stands above; the mail goes on here.\n.\n")


def newsletter():
    head = _head("Café Zoë", "news@example.org", "Été: les nouveautés ☀", 8)
    plain = _part("text/plain; charset=utf-8", "La terrasse est ouverte.\n", "8bit")
    page = _part("text/html; charset=utf-8",
                 "<html><body><h1>Été</h1><p>La terrasse est ouverte. <img src=\"cid:sun\">"
                 "</p></body></html>\n", "8bit")
    picture = _part("image/jpeg", _photograph(9000), "base64", "Content-ID: <sun>\n")
    related = _multipart("related", "rel-8", [page, picture])
    return head.encode() + _multipart("alternative", "alt-8", [plain, related])


def attachment():
    head = _head("Accounts", "accounts@example.org", "Invoice 2026-0117", 9)
    text = _part("text/plain; charset=us-ascii", "The invoice is attached.\n")
    name = "filename*=UTF-8''Rechnung%20f%C3%BCr%20M%C3%A4rz.pdf"
    paper = _part("application/pdf", b"%PDF-1.4\n" + RANDOM.randbytes(60000), "base64",
                  f"Content-Disposition: attachment; {name}\n")
    return head.encode() + _multipart("mixed", "mix-9", [text, paper])


def forwarded():
    head = _head("Olga", "olga@example.org", "Fwd: Minutes of Tuesday's meeting", 10)
    text = _part("text/plain; charset=us-ascii", "Did you see this?\n")
    inner = _part("message/rfc822", english())
    deeper = _multipart("mixed", "mix-10b", [_part("message/rfc822", dots()), inner])
    return head.encode() + _multipart("mixed", "mix-10a", [text, deeper])


def wire_form():
    head = _head("Old Gateway", "gate@example.org", "Stored with CRLF, as on the wire", 11)
    return _text(head, "This one needs no work at all.\n.Not even here.\n").replace(b"\n", b"\r\n")


def without_end():
    head = _head("Tom", "tom@example.org", "No line end at the end", 12)
    return _text(head, "The last line just stops")


def report():
    head = _head("Mail Delivery System", "postmaster@example.org",
                 "Undelivered Mail Returned to Sender", 13, extra="Auto-Submitted: auto-replied\n")
    text = _part("text/plain; charset=us-ascii", "The mail system could not deliver it.\n")
    status = _part("message/delivery-status",
                   "Reporting-MTA: dns; mail.example.org\n\nFinal-Recipient: rfc822; no@example.org\n"
                   "Action: failed\nStatus: 5.1.1\n")
    return head.encode() + _multipart("report; report-type=delivery-status", "rep-13",
                                      [text, status])


def holiday_photos():
    head = _head("Ana Souza", "ana@example.org", "As fotos das férias (5 MB)", 14)
    text = _part("text/plain; charset=utf-8", "Aqui estão as fotos!\n", "8bit")
    photos = [_part("image/jpeg", _photograph(1300000), "base64",
                    f'Content-Disposition: attachment; filename="praia-{i}.jpg"\n')
              for i in (1, 2, 3)]
    return head.encode() + _multipart("mixed", "mix-14", [text, *photos])


def chinese_invoice():
    """As an older Chinese program writes it: GBK everywhere, in the file's name too."""
    head = _head("财务部", "caiwu@example.cn", "发票:三月份办公用品", 15, "gbk")
    words = "您好!\n\n附件是三月份办公用品的发票,请查收并核对金额。\n\n财务部 陈静\n"
    text = _part("text/plain; charset=gbk", words.encode("gbk"), "base64")
    name = _word("三月发票.pdf", "gbk")
    paper = _part(f'application/pdf; name="{name}"', b"%PDF-1.4\n" + RANDOM.randbytes(30000), "base64",
                  f'Content-Disposition: attachment; filename="{name}"\n')
    return head.encode() + _multipart("mixed", "mix-15", [text, paper])


def only_html():
    head = _head("Reisebüro Süd", "reisen@example.org", "Ihre Buchung nach Zürich", 16,
                 "iso-8859-1")
    page = ("<html><head><style>p { color: #333 }</style></head><body>\n"
            "<h1>Gute Reise!</h1><p>Ihr Zug nach <b>Zürich</b>:</p>\n"
            "<table><tr><th>ab</th><th>an</th></tr><tr><td>09:32</td><td>13:28</td></tr></table>\n"
            "<p><a href=\"https://www.example.org/buchung\">Ihre Buchung</a></p>\n"
            "<img src=\"https://www.example.org/gesehen.gif\"></body></html>\n")
    kind = ("Content-Type: text/html; charset=iso-8859-1\n"
            "Content-Transfer-Encoding: quoted-printable\n\n")
    return (head + kind).encode() + quopri.encodestring(page.encode("iso-8859-1"))


def flowed():
    head = _head("Ruth", "ruth@example.org", "Re: Minutes of Tuesday's meeting", 17)
    kind = "Content-Type: text/plain; charset=us-ascii; format=flowed\n\n"
    return (head + kind + "> the minutes are below. Corrections by \n> Friday, please.\n\n"
            "The piano was tuned on Wednesday, so that line may go. The roof is another \n"
            "matter: it was tight \nwhile it did not rain.\n").encode()


LETTERS = (english, chinese, chinese_gb18030, japanese, arabic, hebrew_and_russian, dots,
           newsletter, attachment, forwarded, wire_form, without_end, report, holiday_photos,
           chinese_invoice, only_html, flowed)


def write(maildir):
    for folder in ("tmp", "new", "cur"):
        os.makedirs(os.path.join(maildir, folder), exist_ok=True)
    for number, letter in enumerate(LETTERS, 1):
        name = f"{1772442000 + number * 600}.M{number:06d}P{number}.{letter.__name__}"
        draft = os.path.join(maildir, "tmp", name)
        with open(draft, "wb") as file:
            file.write(letter())
        os.rename(draft, os.path.join(maildir, "new", name))


def _wire_form(path):
    with open(path, "rb") as file:
        data = file.read()
    whole = data if data.endswith(b"\n") else data + b"\n"
    return re.sub(rb"\r?\n", b"\r\n", whole)


def _messages(maildir):
    """Every message as it is on the wire, whatever its file is called."""
    return sorted(_wire_form(os.path.join(maildir, folder, name))
                  for folder in ("new", "cur") for name in os.listdir(os.path.join(maildir, folder)))


def compare(maildir, other):
    ours, theirs = _messages(maildir), _messages(other)
    if ours != theirs:
        sys.exit(f"{len(ours)} messages in {maildir}, {len(theirs)} in {other}, not the same")
    print(f"  {len(theirs)} files, {sum(map(len, theirs))} octets: every one as in the server's Maildir")


def wire(path):
    sys.stdout.buffer.write(_wire_form(path))


if __name__ == "__main__":
    COMMANDS = {"write": write, "wire": wire, "compare": compare}
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit("usage: demo_mail.py write MAILDIR | wire FILE | compare MAILDIR MAILDIR")
    COMMANDS[sys.argv[1]](*sys.argv[2:])
