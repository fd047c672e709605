"""Counts results for run.sh: `tally.py meson|junit FILE` prints passed, failed and skipped;
`tally.py failures FILE` prints the output of the unit tests that failed."""
import json
import re
import sys
import xml.etree.ElementTree as ElementTree


def _runs(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def meson(path):
    """Cases of each TAP program; a program that broke off counts as one failure at least."""
    passed = failed = skipped = 0
    for run in _runs(path):
        text = run.get("stdout", "")
        skips = len(re.findall(r"^ok\b.*# ?skip", text, re.M | re.I))
        good = len(re.findall(r"^ok\b", text, re.M)) - skips
        bad = len(re.findall(r"^not ok\b", text, re.M))
        is_whole = run["result"] in ("OK", "SKIP")
        if is_whole and good + bad + skips == 0:
            good = 1
        if not is_whole and bad == 0:
            bad = 1
        passed, failed, skipped = passed + good, failed + bad, skipped + skips
    return passed, failed, skipped


def junit(path):
    suites = ElementTree.parse(path).getroot().iter("testsuite")
    total = bad = skipped = 0
    for suite in suites:
        total += int(suite.get("tests"))
        bad += int(suite.get("failures")) + int(suite.get("errors"))
        skipped += int(suite.get("skipped"))
    return max(0, total - bad - skipped), bad, skipped


def failures(path):
    for run in _runs(path):
        if run["result"] not in ("OK", "SKIP"):
            print(f"--- {run['name']}: {run['result']}")
            print((run.get("stdout", "") + run.get("stderr", ""))[-4000:])


def main():
    what, path = sys.argv[1:]
    if what == "failures":
        failures(path)
        return
    try:
        print(*{"meson": meson, "junit": junit}[what](path))
    except (OSError, ElementTree.ParseError) as fault:
        print(0, 1, 0)
        print(f"tally: {path}: {fault}", file=sys.stderr)


main()
