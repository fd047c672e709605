"""The reader's figures: a Maildir of 100,000 messages that nobody knows is taken in (its headers are
read, CPU time), and then listed unread (wall-clock time, from the state and the index)."""
import os
import resource
import subprocess
import time

MESSAGES = 100_000
SUBJECTS = ("Minutes of the meeting", "=?UTF-8?B?5pys5pyI55qE5Y+R56Wo?= 2026",
            "=?gb2312?B?t6LGsQ==?=", "Re: [list] a question about =?UTF-8?Q?M=C3=BCnchen?=",
            "=?ISO-2022-JP?B?GyRCMnE1RDwqGyhC?=", "Weekly report")
HEADER = """Return-Path: <bounce@lists.example.org>
Received: from mx.example.org (mx.example.org [192.0.2.1])
\tby mail.example.net (Postfix) with ESMTPS id {number:08x}
\tfor <ann@example.net>; Tue, 3 Feb 2026 08:00:00 +0100 (CET)
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail;
\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AbCdEfGhIjKlMnOpQrStUvWxYz0123
From: "Sender {number}" <sender{number}@example.org>
To: Ann <ann@example.net>, =?UTF-8?B?546L?= <wang@example.cn>
Subject: {subject}
Date: Tue, 3 Feb 2026 08:{minute:02d}:{second:02d} +0100
Message-ID: <{number}.bench@example.org>
References: <{number}.first@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

"""
BODY = "A line of text that is as long as lines of text are in mail.\n" * 20


def fill(maildir):
    for folder in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(maildir, folder))
    for number in range(MESSAGES):
        header = HEADER.format(number=number, subject=SUBJECTS[number % len(SUBJECTS)],
                               minute=number // 60 % 60, second=number % 60)
        name = f"{1770000000 + number}.M{number:06d}P1Q{number}R0123456789abcdef.bench"
        with open(os.path.join(maildir, "new", name), "w", encoding="utf-8") as file:
            file.write(header + BODY)


def run(program, folder, *words):
    """Seconds of CPU and of wall-clock time, and the lines printed."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([program, "-c", f"{folder}/config", *words], stdout=subprocess.PIPE,
                          env={**os.environ, "XDG_STATE_HOME": f"{folder}/state"}, check=True)
    seconds = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, seconds, done.stdout.count(b"\n")


def read(folder, row):
    """The rows of bench.py; `folder` is in memory: the disk is not what is measured."""
    program = os.environ["POPLIN"]
    fill(f"{folder}/mail")
    with open(f"{folder}/config", "w", encoding="utf-8") as file:
        file.write("config 1\naccount work {\n    server pop3://127.0.0.1:1\n    user ann\n"
                   f"    passwordeval \"true\"\n    deliver maildir {folder}/mail\n}}\n")
    os.chmod(f"{folder}/config", 0o600)
    time.sleep(3)  # a folder's times are believed when they are not young
    cpu, _, lines = run(program, folder, "list")
    assert lines == MESSAGES, lines
    rate = MESSAGES / cpu
    row("100,000 headers taken in, messages/s of CPU", "> 20,000", f"{rate:,.0f}", "-", "-",
        rate > 20_000)
    seconds = min(run(program, folder, "list")[1] for _ in range(5))
    row("100,000 unread messages listed", "< 200 ms", f"{seconds * 1000:.0f} ms", "-", "-",
        seconds < 0.2)
