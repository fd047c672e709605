"""What a server costs, read from /proc: every process below its master, dead children included."""
import os
import re
import signal
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        text = file.read()
    return text[text.rindex(")") + 2 :].split()


def family(master):
    """The master and everything below it."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[int(entry)] = int(_stat(entry)[1])
        except (OSError, ValueError):
            continue
    found, grown = {master}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        grown = bool(more)
        found |= more
    return sorted(found)


def _threads_seconds(pid):
    """What the scheduler gave the threads that live, to the nanosecond."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="utf-8") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def cpu_seconds(master):
    """User and system time of all processes; of children that have ended in ticks."""
    total = 0.0
    for pid in family(master):
        try:
            total += _threads_seconds(pid) + sum(int(x) for x in _stat(pid)[13:15]) / TICK
        except OSError:
            continue
    return total


def memory(master):
    """Proportional set size of all processes, in octets."""
    total = 0
    for pid in family(master):
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                total += int(re.search(r"(?m)^Pss: +(\d+)", file.read()).group(1)) * 1024
        except (OSError, AttributeError):
            continue
    return total


def pin(master, core):
    """All threads of all processes to one core; children inherit it."""
    for pid in family(master):
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(thread), {core})
        except OSError:
            continue


def system_calls(master, work, folder):
    """How many system calls all processes make while `work` runs."""
    report = os.path.join(folder, "calls")
    names = [word for pid in family(master) for word in ("-p", str(pid))]
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", report, *names],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    work()
    time.sleep(0.3)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(20)
    with open(report, encoding="utf-8") as file:
        return int(re.search(r"(?m)^100\.00 +\S+ +\S* +(\d+)", file.read()).group(1))
