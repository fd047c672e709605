"""Servers that send other octets than they announced (A52), and those that never come to an end
(A56), one scenario a row.
"""
import time

from collect_case import ALL, OK, PROTOCOL, TEMPORARY, Case, fetch, pop, rules
from quirk import FIRST, SECOND, THIRD, Message, Script, flood, mail, on, ordinary, stall

NONE = "keep none"
KINDS = (OK, TEMPORARY)


def case(name, *steps, **options):
    return Case(name, steps, options)


def sizes(octets):
    """LIST, with this for the second message, whichever number it has."""
    def answer(session):
        session.say("\r\n".join(["+OK", *(f"{n} {octets if m.uidl == 'u-two' else len(m.data)}"
                                          for n, m in enumerate(session.box, 1)), "."]))
    return on("^LIST$", answer)


def second(data, head=b"+OK"):
    """RETR of the second message, whichever number it has."""
    def answer(session):
        number = int(session.command.split()[1])
        if session.box[number - 1].uidl == "u-two":
            session.send(mail(data, head))
        else:
            ordinary(session)
    return on("^RETR", answer)


HALF = SECOND[:SECOND.index(b".hidden")]  # as if it were all
PART = (FIRST, HALF, THIRD)


def wrong(name, second, *more, mail=ALL):
    """A wrong size, twice: nothing comes twice, and what it is wrong about is never deleted."""
    first = fetch(rules(sizes(second), *more), settings=NONE, exit=TEMPORARY, kind="partial",
                  mail=mail, left=("u-two",), never="^DELE 2")
    return case(name, first, fetch(rules(sizes(second), *more), settings=NONE, mail=mail, exit=KINDS,
                                   left=("u-two",), never="^DELE"))


A52 = [
    wrong("a52_longer_than_announced_is_kept_on_the_server", 10),
    wrong("a52_one_octet_longer_is_kept_too", len(SECOND) - 1),
    wrong("a52_one_octet_shorter_is_kept_too", len(SECOND) + 1),
    wrong("a52_a_size_of_nothing_at_all", 0),
    wrong("a52_the_reply_to_retr_is_not_believed_either", 5000,
          second(SECOND, head=b"+OK 5000 octets")),
    wrong("a52_a_part_with_a_proper_end_is_kept_on_the_server", len(SECOND),
          second(HALF), mail=PART),
    case("a52_an_age_does_not_make_it_sure",
         fetch(rules(sizes(10)), settings="keep 1s", exit=TEMPORARY),
         fetch(rules(sizes(10)), settings=NONE, exit=KINDS, left=("u-two",), never="^DELE 2")),
    case("a52_without_sizes_nothing_is_compared",
         fetch(rules(on("^LIST$", "-ERR no")), settings=NONE, exit=KINDS),
         fetch(settings=NONE, left=(), exit=KINDS)),
    case("a52_the_same_octets_are_not_another_message_when_the_true_size_is_told",
         fetch(rules(sizes(10)), settings=NONE, exit=TEMPORARY, left=("u-two",)),
         fetch(settings=NONE, left=())),
    case("a52_nor_when_a_wrong_one_follows_the_true_one",
         fetch(), fetch(rules(sizes(20)), exit=KINDS), fetch(rules(sizes(20)), exit=KINDS, never="^RETR"),
         fetch(exit=KINDS), fetch(settings=NONE, exit=KINDS)),
    case("a52_nor_when_another_wrong_one_is_told",
         fetch(rules(sizes(10)), settings=NONE, exit=TEMPORARY, left=("u-two",)),
         fetch(rules(sizes(20)), settings=NONE, exit=KINDS, left=("u-two",)),
         fetch(rules(sizes(30)), settings=NONE, exit=KINDS, left=("u-two",))),
    case("a52_the_whole_comes_when_the_true_size_is_told",
         fetch(rules(sizes(len(HALF) + 1), second(HALF)), settings=NONE, exit=TEMPORARY, mail=PART),
         fetch(settings=NONE, left=(), mail=(*ALL, HALF))),
]


def drip(data):
    """Two octets a second."""
    def send(session):
        for octet in data:
            session.send(bytes((octet,)))
            time.sleep(0.5)
    return send


def count_up(count):
    """Rows of UIDL, numbered on and on."""
    def send(session):
        for first in range(1, count, 1000):
            session.send(b"".join(b"%d u%d\r\n" % (n, n) for n in range(first, first + 1000)))
    return send


def new_names(session):
    """All messages under UIDLs that were never seen."""
    server = session.server
    server.serial = getattr(server, "serial", 0) + 1
    session.box = [Message(f"s{server.serial}-{i}", m.data) for i, m in enumerate(session.box)]
    ordinary(session)


def endless(name, *script, settings=("timeout 1s", "run-timeout 8s"), kind="timeout", **rest):
    """Nothing of it is kept, and the run ends by itself."""
    return case(name, fetch(*script, settings=settings, mail=(), exit=(TEMPORARY, PROTOCOL),
                            kind=kind, seconds=30, **rest))


MANY = tuple((f"w{i}", b"Subject: window %d\r\n\r\n" % i) for i in range(250))
PATIENT = ("timeout 20s", "run-timeout 4s")

A56 = [
    endless("a56_a_greeting_by_drops", Script(greeting=drip(b"+OK " + b"x" * 200 + b"\r\n"))),
    endless("a56_a_message_by_drops", rules(on("^RETR 1", drip(b"+OK\r\nSubject: " + b"x" * 99)))),
    endless("a56_drops_end_with_the_run", rules(on("^RETR 1", drip(b"+OK\r\n" + b"x" * 99))),
            settings=PATIENT),
    endless("a56_capabilities_without_end",
            rules(on("^CAPA", "+OK", flood(8_000_000, b"X-MORE word\r\n"), stall)), kind=None),
    endless("a56_uidls_without_end", rules(on("^UIDL$", "+OK", count_up(300_000), stall)), kind=None),
    endless("a56_a_header_without_end",
            rules(on("^RETR 1", b"+OK\r\n", flood(40_000_000, b"X-More: header\r\n"), stall))),
    endless("a56_a_line_without_end",
            rules(on("^RETR 1", b"+OK\r\n", flood(40_000_000, b"x" * 8192), stall))),
    endless("a56_far_more_than_was_announced",
            rules(on("^RETR 1", b"+OK\r\nSubject: x\r\n\r\n", flood(80_000_000), stall)),
            kind="protocol"),
    case("a56_a_top_without_end",
         fetch(rules(on("^UIDL", "-ERR no"), on("^TOP 1", b"+OK\r\n", flood(8_000_000), stall)),
               mail=None, exit=(TEMPORARY, PROTOCOL), settings="timeout 1s", seconds=30), fetch()),
    case("a56_a_goodbye_by_drops",
         fetch(rules(on("^QUIT", drip(b"+OK " + b"x" * 100))), settings="timeout 1s", exit=KINDS,
               seconds=20), fetch(never="^RETR")),
    case("a56_one_command_by_drops",
         pop("capa", rules(on("^CAPA", drip(b"+OK\r\n" + b"X\r\n" * 99))), exit=TEMPORARY,
             seconds=20)),
    case("a56_new_names_for_ever_bring_nothing_twice",
         *[fetch(rules(on("^UIDL$", new_names)), mail=[data for _uidl, data in MANY])
           for _ in range(3)], box=MANY),
]

CASES = [*A52, *A56]
