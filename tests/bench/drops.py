"""Maildrops to measure with, the same ones each time: many small, few large, mixed, very many."""
import os
import random

LINE = "The quick brown fox jumps over the lazy dog, line {:08d}, and goes home.\n"
HEAD = ("From: Sender <sender@example.org>\nTo: Reader <reader@example.net>\n"
        "Subject: message {0}\nMessage-ID: <{0}@example.org>\n"
        "Date: Tue, 03 Feb 2026 08:00:00 +0000\n\n")


def message(number, octets):
    head = HEAD.format(number)
    lines = max(1, (octets - len(head)) // len(LINE.format(0)))
    return (head + "".join(LINE.format(i) for i in range(lines))).encode()


def _write(folder, number, data):
    path = os.path.join(folder, "new", f"{1700000000 + number}.M{number:06d}P1.bench")
    with open(path, "wb") as file:
        file.write(data)


def _maildir(mail, user):
    folder = os.path.join(mail, user)
    for name in ("tmp", "new", "cur"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    return folder


def small(mail, users, count=10, octets=4000):
    for user in users:
        folder = _maildir(mail, user)
        for number in range(1, count + 1):
            _write(folder, number, message(number, octets))


def large(mail, user, count=4, octets=25_000_000, is_wire=False):
    folder = _maildir(mail, user)
    data = message(1, octets)
    for number in range(1, count + 1):
        _write(folder, number, data.replace(b"\n", b"\r\n") if is_wire else data)


def mixed(mail, user, count=200):
    """Log-normal sizes, median 30 KB, as mail is."""
    chance = random.Random(1939)
    folder = _maildir(mail, user)
    for number in range(1, count + 1):
        octets = int(min(4_000_000, max(800, chance.lognormvariate(10.3, 1.2))))
        _write(folder, number, message(number, octets))


def huge(mail, user, count=100_000):
    folder = _maildir(mail, user)
    data = message(1, 600)
    for number in range(1, count + 1):
        _write(folder, number, data)


def own(mail, owner):
    """Everything to the mail user, when one is there."""
    if not owner:
        return
    for folder, _, names in os.walk(mail):
        os.chown(folder, *owner)
        for name in names:
            os.chown(os.path.join(folder, name), *owner)
