"""Measures what the server must reach and prints a line for each figure. Started by run.sh.

Every comparison is paired: the servers take turns, A B C A B C, on the same drops and the same
cores (the server on one, the load on the other), and the better round of each counts.
"""
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

import bench_collect
import bench_mime
import bench_read
import drops
import meter
import servers
from poplind import mail_owner

TOOLS = os.path.abspath(sys.argv[1])
LOAD_CORE, SERVER_CORE = 0, (1 if os.cpu_count() > 1 else 0)
ROUNDS = 2
MEGABYTE = 1e6
USERS = 200
IDLE_USERS = 15200
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # 60,000 folders take a disk minutes
rows = []


def row(figure, target, ours, peer, ratio, is_met):
    verdict = {True: "pass", False: "MISS", None: "-"}[is_met]
    rows.append(is_met)
    print(f"{figure:<44} {target:>16} {ours:>16} {peer:>18} {ratio:>8}  {verdict}", flush=True)


def heading():
    print(f"{platform.release()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'figure':<44} {'target':>16} {'ours':>16} {'peer':>18} {'ratio':>8}", flush=True)


def load(scenario, port, *options, may_fail=False):
    done = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), os.path.join(TOOLS, "pop3_load"), scenario, "--port",
         str(port), *[str(x) for x in options]],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120)
    if done.returncode != 0 and not (may_fail and done.stdout):
        raise SystemExit(f"bench: pop3_load {scenario} failed: {done.stdout.decode() or 'no answer'}")
    return json.loads(done.stdout)


def costed(server, scenario, *options, port=None):
    """The load's result with the CPU seconds that the server took for it."""
    before = meter.cpu_seconds(server.process.pid)
    result = load(scenario, port or server.port, *options)
    time.sleep(0.05)
    result["cpu"] = meter.cpu_seconds(server.process.pid) - before
    return result


def in_turns(field, contest, measure):
    """{name: the round with the smallest `field`}, the servers taking turns."""
    best = {}
    for _ in range(ROUNDS):
        for name, server in field.items():
            result = measure(server)
            if name not in best or result[contest] < best[name][contest]:
                best[name] = result
    return best


@contextmanager
def running(*made):
    try:
        yield
    finally:
        for server in made:
            server.close()


def names(count=USERS):
    return {f"user{i:05d}": "secret" for i in range(count)}


def better(best, key):
    """The peer's better form by that measure (smaller is better); nothing without a peer."""
    peers = [value[key] for name, value in best.items() if name.startswith("dovecot")]
    return min(peers) if peers else None


def ratio_row(figure, target, ours, peer, unit, is_met, digits=3):
    if peer is None:
        row(figure, target, f"{ours:.{digits}f} {unit}", "no peer", "-", None)
    else:
        row(figure, target, f"{ours:.{digits}f} {unit}", f"{peer:.{digits}f} {unit}",
            f"{ours / peer:.2f}" if peer else "-", is_met(ours, peer))


def field_of(folder, users, extra=""):
    """Our server and the peers, each side over a copy of the drops of its own: they write indexes
    and the peer renames files."""
    shutil.copytree(f"{folder}/ours", f"{folder}/peer")
    drops.own(f"{folder}/ours", mail_owner())
    drops.own(f"{folder}/peer", mail_owner())
    return {"ours": servers.ours(f"{folder}/ours", users, extra),
            **servers.peers(f"{folder}/peer", users)}


def poll(mail, folder):
    users = names()
    drops.small(mail, users)
    field = {**field_of(folder, users), "null": servers.Null(TOOLS)}
    sessions = 3000
    with running(*field.values()):
        for server in field.values():
            load("poll", server.port, "--count", 400, "--threads", 2, "--users", USERS)
            meter.pin(server.process.pid, SERVER_CORE)
        best = in_turns(field, "cpu", lambda server: costed(
            server, "poll", "--count", sessions, "--threads", 8, "--users", USERS))
        for name, result in best.items():
            result["cost"] = result["cpu"] / sessions * 1e3
            result["pace"] = -sessions / result["seconds"]
        ours, null = best["ours"], best["null"]
        ratio_row("poll session, CPU", "<= 0.2 peer", ours["cost"], better(best, "cost"), "ms",
                  lambda a, b: a <= 0.2 * b)
        row("poll session, CPU, canned strings", "-", f"{ours['cost']:.3f} ms",
            f"{null['cost']:.3f} ms", f"{ours['cost'] / max(null['cost'], 1e-9):.2f}", None)
        peer = better(best, "pace")
        ratio_row("sessions a second on one core", ">= 4 peer", -ours["pace"],
                  -peer if peer else None, "/s", lambda a, b: a >= 4 * b, 0)
        ratio_row("sessions a second, canned strings", ">= 0.5 peer", -ours["pace"],
                  -null["pace"], "/s", lambda a, b: a >= 0.5 * b, 0)
        calls(field, folder)


def calls(field, folder):
    if not shutil.which("strace") or os.geteuid() != 0:
        row("poll session, system calls", "<= 60", "no strace", "-", "-", None)
        return
    count = 200
    number = {name: meter.system_calls(
        server.process.pid,
        lambda server=server: load("poll", server.port, "--count", count, "--threads", 1,
                                   "--users", USERS), folder) / count
        for name, server in field.items()}
    peers = [value for name, value in number.items() if name.startswith("dovecot")]
    peer = min(peers) if peers else number["null"]
    row("poll session, system calls", "<= 60", f"{number['ours']:.1f}", f"{peer:.1f}",
        f"{number['ours'] / peer:.2f}", number["ours"] <= 60)


def large(mail, folder):
    users = {"lf": "secret", "wire": "secret"}
    drops.large(mail, "lf", 2)
    drops.large(mail, "wire", 2, is_wire=True)
    wire_file = os.path.join(folder, "wire")
    with open(wire_file, "wb") as file:
        file.write(drops.message(1, 25_000_000).replace(b"\n", b"\r\n"))
    field = field_of(folder, users)
    null = servers.Null(TOOLS, 2, wire_file)
    with running(*field.values(), null):
        for server in (*field.values(), null):
            meter.pin(server.process.pid, SERVER_CORE)
        large_rows(field, null)


def _rate(result):
    result["rate"] = -result["octets"] / MEGABYTE / max(result["cpu"], 1e-3)
    return result


def large_rows(field, null):
    for user, tls, figure in (("lf", False, "RETR 25 MB, LF files, plain"),
                              ("lf", True, "RETR 25 MB, LF files, TLS")):
        options = ["--user", user, "--rounds", 4] + (["--tls"] if tls else [])
        best = in_turns(field, "rate", lambda server, tls=tls, options=options: _rate(costed(
            server, "fetch", *options, port=server.tls_port if tls else server.port)))
        peer = better(best, "rate")
        ratio_row(figure, ">= 4 peer", -best["ours"]["rate"], -peer if peer else None, "MB/s",
                  lambda a, b: a >= 4 * b, 0)
    best = in_turns({"ours": field["ours"], "null": null}, "rate", lambda server: _rate(costed(
        server, "fetch", "--user", "wire", "--rounds", 16)))
    ratio_row("RETR 25 MB, wire form, to bare sendfile", ">= 0.9 peer", -best["ours"]["rate"],
              -best["null"]["rate"], "MB/s", lambda a, b: a >= 0.9 * b, 0)


def mixed(mail, folder):
    users = {"mixed": "secret"}
    drops.mixed(mail, "mixed")
    field = field_of(folder, users)
    with running(*field.values()):
        best = in_turns(field, "p50_ms", lambda server: load(
            "fetch", server.port, "--user", "mixed", "--rounds", 2))
        ours = best["ours"]
        row("200 mixed messages, waits of 35 ms and more", "0", f"{ours['over_35_ms']}", "-", "-",
            ours["over_35_ms"] == 0)
        ratio_row("200 mixed messages, p50 of a RETR", "< peer", ours["p50_ms"],
                  better(best, "p50_ms"), "ms", lambda a, b: a < b)


SETTLE = 3  # seconds: a drop that was just filled is not trusted yet (poplin-maildir(7))


def huge(mail, folder):
    drops.huge(mail, "huge")
    drops.own(mail, mail_owner())
    server = servers.ours(mail, {"huge": "secret"})
    with running(server):
        time.sleep(SETTLE)
        session = ["--user", "huge", "--rounds", 0]
        first = costed(server, "fetch", *session)
        row("100,000 messages, first login, CPU", "< 2 s", f"{first['cpu']:.2f} s", "-", "-",
            first["cpu"] < 2)
        warm = min(load("fetch", server.port, *session)["login_ms"] for _ in range(5))
        row("100,000 messages, PASS to reply, warm", "< 5 ms", f"{warm:.2f} ms", "-", "-", warm < 5)
        again = min(login_after_restart(server, session) for _ in range(3))
        row("100,000 messages, the same after a restart", "< 5 ms", f"{again:.2f} ms", "-", "-",
            again < 5)


def login_after_restart(server, session):
    """The listing comes from the index file: nothing is in the server's memory."""
    server.stop()
    server.start()
    return load("fetch", server.port, *session)["login_ms"]


@contextmanager
def holding(scenario, port, count, *options):
    """A load that stands while the block runs; gives its first line."""
    program = subprocess.Popen(
        [os.path.join(TOOLS, "pop3_load"), scenario, "--port", str(port), "--count", str(count),
         *[str(x) for x in options]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield json.loads(program.stdout.readline())
    finally:
        program.stdin.close()
        program.wait(30)
        time.sleep(0.5)


def idle(mail, folder):
    """Each session in a drop of its own, under its lock: nothing is shared between them."""
    users = names(IDLE_USERS)
    drops.small(mail, list(users)[:2000])
    drops.small(mail, list(users)[2000:], count=0)
    drops.own(mail, mail_owner())
    server = servers.ours(mail, users, "processes { front 1 store 1 }")
    with running(server):
        for figure, target, count, port, options in (
                ("idle session, memory, plain, 2,000", 16, 2000, server.port, ()),
                ("idle session, memory, TLS, 1,000", 64, 1000, server.tls_port, ("--tls",)),
                ("idle session, memory, plain, 15,000", 16, 15000, server.port, ())):
            load("poll", server.port, "--count", USERS, "--users", USERS)
            before = meter.memory(server.process.pid)
            with holding("idle", port, count, "--users", count, *options) as made:
                each = (meter.memory(server.process.pid) - before) / count / 1024
                row(figure, f"<= {target} KiB", f"{each:.1f} KiB", "-", "-",
                    made["failed"] == 0 and each <= target)
                if count == 15000:
                    logins_go_on(server, made)


def logins_go_on(server, made):
    answered = load("poll", server.port, "--count", 200, "--threads", 1, "--first", 15000,
                    "--users", IDLE_USERS - 15000, may_fail=True)
    row("15,000 idle sessions on one front, logins", "all answered",
        f"{answered['p50_ms']:.2f} ms", "-", "-", made["failed"] == 0 and answered["failed"] == 0)


def silent(mail, folder):
    """With the limits as they are when nothing is configured."""
    users = names(USERS)
    drops.small(mail, users)
    drops.own(mail, mail_owner())
    server = servers.ours(mail, users, limits={})
    with running(server):
        load("poll", server.port, "--count", 400, "--threads", 1, "--users", USERS)
        before = load("poll", server.port, "--count", 400, "--threads", 1, "--users", USERS)
        with holding("silent", server.port, 10000, "--from", "127.0.0.2") as made:
            during = load("poll", server.port, "--count", 400, "--threads", 1, "--users", USERS,
                          may_fail=True)
        row("10,000 silent from one address, other's logins", "all answered",
            f"{400 - during['failed']} of 400", "-", "-",
            made["failed"] == 0 and during["failed"] == 0)
        row("the same, p50 of a session, and before", "-", f"{during['p50_ms']:.2f} ms",
            f"{before['p50_ms']:.2f} ms", f"{during['p50_ms'] / before['p50_ms']:.2f}", None)


FIGURES = {"poll": poll, "large": large, "mixed": mixed, "huge": huge, "idle": idle,
           "silent": silent,
           "collect": lambda mail, folder: bench_collect.collect(mail, folder, row),
           "mime": lambda _mail, _folder: bench_mime.mime(TOOLS, row),
           "read": lambda mail, folder: bench_read.read(folder, row)}


def main():
    wanted = sys.argv[2:] or list(FIGURES)
    started = time.monotonic()
    heading()
    for name in wanted:
        folder = tempfile.mkdtemp(prefix="poplin-bench-", dir=MEMORY if name in ("idle", "read") else None)
        os.chmod(folder, 0o755)
        mail = os.path.join(folder, "ours")
        os.mkdir(mail, 0o755)
        try:
            FIGURES[name](mail, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    missed = sum(1 for one in rows if one is False)
    print(f"{sum(1 for one in rows if one)} reached, {missed} missed, "
          f"{time.monotonic() - started:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
