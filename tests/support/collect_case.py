"""A scenario of the collector: what a scripted server does, what `poplin` is run with, and what
must come of it. One after the other, its steps share the maildrop, the Maildir and the state.
"""
import os
import re
import shutil
from dataclasses import dataclass, field

import quirk
from collector import Collector, as_stored, is_sanitized
from quirk import FIRST, SECOND, THIRD, Script

ALL = (FIRST, SECOND, THIRD)
OK, UNREACHABLE, REFUSED, LOCAL, TEMPORARY, PROTOCOL, LOGIN, CONFIG = 0, 69, 65, 74, 75, 76, 77, 78
IMPLICIT = "tls implicit"  # among the settings: the URL says it
MEMORY = 24 * 1024  # KiB: the program itself, and 16 MiB for whatever a server does


@dataclass
class Step:
    words: tuple                   # of the command line
    exit: tuple
    script: tuple                  # of scripts, one a connection
    kind: str = None               # of the error
    mail: tuple = None             # what lies in the Maildir afterwards; None: not looked at
    out: bytes = None              # what is printed, white space at its end aside
    shows: str = None              # a part of what is printed
    hides: bytes = None            # what is not
    must: tuple = ()               # commands that are sent, as patterns
    never: tuple = ()
    once: tuple = ()               # sent exactly once
    box: tuple = None              # (uidl, octets): the maildrop from this step on
    left: tuple = None             # UIDLs that the maildrop has afterwards
    settings: tuple = ()           # lines of the account
    deepest: tuple = None          # (least, most) commands in flight behind the first
    check: object = None           # (server, collector, result): asserts more
    before: object = None          # (server, collector)
    seconds: float = 30


@dataclass
class Case:
    name: str
    steps: tuple
    options: dict = field(default_factory=dict)  # of the server


def _step(words, *script, exit=OK, **rest):
    codes = exit if isinstance(exit, tuple) else (exit,)
    if isinstance(rest.get("mail"), bytes):
        rest["mail"] = (rest["mail"],)
    for name in ("must", "never", "once", "settings"):
        if isinstance(rest.get(name), str):
            rest[name] = (rest[name],)
    return Step(tuple(words), codes, script or (Script(),), **rest)


def fetch(*script, mail=ALL, options=(), **rest):
    return _step(("fetch", "--json", *options), *script, mail=mail, **rest)


def pop(words, *script, **rest):
    """One command by its URL; `tls` is how. An error is asked for in JSON when its kind matters."""
    json = ("--json",) if "kind" in rest else ()
    return _step(("pop", *json, *words.split()), *script, **rest)


def rules(*listed, **rest):
    return Script(rules=list(listed), **rest)


def forget_state(_server, collector):
    shutil.rmtree(collector.state)


def settings_of(step, server):
    tls = step.script[0].tls
    lines = [line for line in step.settings if line != IMPLICIT]
    if tls != "none" and not any(line.startswith("ca ") for line in lines):
        lines.append(f"ca {server.identity()[0]}")
    if tls == "stls":
        lines.append("tls stls")
    return lines


def url_of(step, server):
    scheme = "pop3s" if step.script[0].tls == "tls" or IMPLICIT in step.settings else "pop3"
    return f"{scheme}://localhost:{server.port}"


def words_of(step, server, collector):
    if step.words[0] != "pop":
        return step.words
    words = ["--user", server.user, "--password-file", collector.secret, "--timeout", "3s",
             "--ca", server.identity()[0], "--tls",
             {"tls": "implicit"}.get(step.script[0].tls, step.script[0].tls)]
    return ("pop", *words, url_of(step, server), *step.words[1:])


def run_step(step, server, collector):
    for script in step.script:
        for rule in script.rules:
            rule.hits = 0
    if step.box is not None:
        server.box = [quirk.Message(*one) for one in step.box]
    server.play(*step.script)
    server.mail = collector.mail
    collector.configure(url_of(step, server), server.user, settings_of(step, server))
    if step.before:
        step.before(server, collector)
    result = collector.run(*words_of(step, server, collector), seconds=step.seconds)
    server.wait_idle(2)
    judge(step, server, collector, result)


def judge(step, server, collector, result):
    said = server.said()
    report = f"\nprinted: {result.text()[-1500:]}\nsent: {said[:40]}"
    assert result.exit in step.exit, f"exit {result.exit}, expected {step.exit}" + report
    if step.kind is not None:
        assert result.kind == step.kind, f"kind {result.kind!r}, expected {step.kind!r}" + report
    if step.mail is not None:
        want = sorted(as_stored(data) for data in step.mail)
        assert collector.messages() == want, "the Maildir differs" + report
        assert collector.drafts() == [], "drafts were left" + report
    if step.out is not None:
        want = as_stored(step.out).rstrip()
        assert result.out.rstrip() == want, f"printed {result.out[:200]!r}" + report
    if step.shows is not None:
        assert step.shows in result.text(), f"{step.shows!r} is not shown" + report
    if step.hides is not None:
        assert step.hides not in result.out + result.err, f"{step.hides!r} is shown" + report
    judge_commands(step, server, said, report)
    if not is_sanitized():
        assert result.memory <= MEMORY, f"{result.memory} KiB" + report
    if step.check:
        step.check(server, collector, result)


def judge_commands(step, server, said, report):
    def times(pattern):
        return sum(bool(re.search(pattern, line)) for line in said)
    for pattern in step.must:
        assert times(pattern), f"never sent {pattern}" + report
    for pattern in step.never:
        assert not times(pattern), f"sent {pattern}" + report
    for pattern in step.once:
        assert times(pattern) == 1, f"sent {pattern} {times(pattern)} times" + report
    if step.left is not None:
        assert tuple(server.uidls()) == tuple(step.left), report
    if step.deepest:
        deepest = max((session.deepest for session in server.sessions), default=0)
        least, most = step.deepest
        assert least <= deepest <= most, f"{deepest} commands at once" + report


def run(case, folder):
    with quirk.Quirk(**case.options) as server:
        collector = Collector(folder, "pop3://localhost:1", server.user, server.password)
        for step in case.steps:
            run_step(step, server, collector)


def record_mail(session):
    """As a rule's action: how many messages were visible when the command came."""
    new = os.path.join(session.server.mail, "new")
    session.server.visible = len(os.listdir(new)) if os.path.isdir(new) else 0
