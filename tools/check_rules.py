#!/usr/bin/python3
"""Proves that every rule has a proof: the tables of docs name tests, and the tests are there.

    check_rules.py [ROOT]       prints a line for each rule without a row, row without a test and
                                test that does not exist; exits 1 if there is any
    check_rules.py --self-test  plants each of these in a tree of its own and expects to find them

A row is `| S01 | what | proof |`. In its proof `FILE`: `name`, `name` names tests of a file: the
stem of one in tests/unit, tests/integration or tests/fuzz, a transcript of tests/conformance, or a
table of the collector's scenarios in tests/integration, whose names are strings.
A name that ends in … stands for all that begin so; there must be one. A fuzzer is its own test.
Only the table of attacks may say "later issue", and only while no test carries the number.
"""
import pathlib
import re
import sys
import tempfile

TABLES = [
    ("docs/pop3/rules.md", "S", [*range(1, 10), *range(10, 26), *range(30, 36), *range(40, 47)]),
    ("docs/attacks.md", "A", [*range(1, 47), *range(48, 81)]),
    ("docs/collector/rules.md", "C", [*range(1, 15), *range(20, 23)]),
]
ROW = re.compile(r"^\| ([SAC]\d\d) \| (.*) \|$")
NAME = re.compile(r"`([^`]+)`")
LATER = "later issue"


def tests_of(path):
    """The names of the tests that a file runs."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".t":
        return set(re.findall(r"^== (.+)$", text, re.M))
    if path.stem.startswith("collect_scenarios"):
        return set(re.findall(r'"([ac]\d\d_\w+)"', text))
    if path.suffix == ".py":
        return set(re.findall(r"^def test_(\w+)\(", text, re.M))
    defined = set(re.findall(r"\bvoid (\w+)\(void \*\*", text))
    # A test that is defined and not listed does not run.
    return {name for name in defined if len(re.findall(rf"\b{name}\b", text)) > 1}


def files_of(root):
    """Stem, or a transcript's whole name, to the names of its tests."""
    found = {}
    tests = root / "tests"
    for pattern in ("unit/*_test.c", "integration/test_*.py", "integration/collect_scenarios*.py",
                    "fuzz/*_fuzz.c"):
        for path in tests.glob(pattern):
            found[path.stem] = tests_of(path)
    for path in tests.glob("conformance/*.t"):
        found[path.name] = tests_of(path)
    return found


def rows_of(path):
    """(line number, rule, proof) of each row."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = ROW.match(line)
        if match:
            yield number, match[1], match[2].rsplit(" | ", 1)[-1]


def is_there(name, tests):
    if name.endswith("…"):
        return any(test.startswith(name[:-1]) for test in tests)
    return name in tests


def faults_of_proof(proof, files):
    """What is wrong with a proof; and how many tests it names."""
    faults, count = [], 0
    for part in proof.split(";"):
        names = NAME.findall(part)
        if not names:
            continue
        stem, names = names[0], names[1:]
        if stem not in files:
            faults.append(f"no test file {stem}")
            continue
        if not names and not stem.endswith("_fuzz"):
            faults.append(f"{stem} is named without a test")
        faults += [f"{stem} has no test {name}" for name in names
                   if not is_there(name, files[stem])]
        count += max(len(names), 1)
    return faults, count


def carries(number, files):
    prefix = re.compile(rf"(\w*_)?{number.lower()}_|{number} ")
    return any(prefix.match(test) for tests in files.values() for test in tests)


def faults_of_table(root, files, name, letter, numbers):
    seen = set()
    for line, rule, proof in rows_of(root / name):
        where = f"{name}:{line}: {rule}"
        if rule in seen:
            yield f"{where} has a second row"
        seen.add(rule)
        faults, count = faults_of_proof(proof, files)
        yield from (f"{where}: {fault}" for fault in faults)
        if count == 0 and not (letter == "A" and LATER in proof):
            yield f"{where} names no test"
        if count == 0 and LATER in proof and carries(rule, files):
            yield f"{where}: a test carries the number, the row says {LATER}"
    wanted = {f"{letter}{number:02}" for number in numbers}
    yield from (f"{name}: {rule} has no row" for rule in sorted(wanted - seen))


def faults_of(root):
    files = files_of(root)
    for name, letter, numbers in TABLES:
        yield from faults_of_table(root, files, name, letter, numbers)


def write(root, path, text):
    path = root / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


SOUND = "`one_test`: `s01_…`; `test_two`: `two_runs`; `01-a.t`: `S02 …`; `line_fuzz`"


def sound_tree(root):
    """A tree without a fault."""
    write(root, "tests/unit/one_test.c",
          "static void s01_one(void **s) {}\nstatic void orphan(void **s) {}\n"
          "tests = {cmocka_unit_test(s01_one)};\n")
    write(root, "tests/integration/test_two.py", "def test_two_runs(server):\n    pass\n")
    write(root, "tests/conformance/01-a.t", "== S02 a title\n")
    write(root, "tests/fuzz/line_fuzz.c", "int x;\n")
    write(root, "tests/integration/collect_scenarios.py", 'case("c03_dots", fetch()),\n')
    for name, letter, numbers in TABLES:
        proof = "`collect_scenarios`: `c03_…`" if letter == "C" else SOUND
        write(root, name, "".join(f"| {letter}{n:02} | says | {proof} |\n" for n in numbers))


# A plant: the table's file, what stands there, what is put in its place, what must be said.
PLANTS = [
    (0, "| S07 |", "| none |", "S07 has no row"),
    (0, "| S07 |", "| S08 |", "S08 has a second row"),
    (0, "`s01_…`", "`s09_…`", "has no test s09_…"),
    (0, "`s01_…`", "`orphan`", "has no test orphan"),
    (0, "`two_runs`", "`two_walks`", "has no test two_walks"),
    (0, "`S02 …`", "`S03 …`", "has no test S03 …"),
    (0, "`line_fuzz`", "`word_fuzz`", "no test file word_fuzz"),
    (0, "`test_two`: `two_runs`", "`test_two`", "named without a test"),
    (0, SOUND, "by hand", "names no test"),
    (0, SOUND, LATER, "names no test"),
    (1, "| A80 |", "| none |", "A80 has no row"),
    (2, "| C22 |", "| none |", "C22 has no row"),
    (2, "`c03_…`", "`c04_…`", "has no test c04_…"),
    (2, "`collect_scenarios`: `c03_…`", LATER, "names no test"),
]


def self_test():
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        sound_tree(root)
        missed += [f"a sound tree has: {fault}" for fault in faults_of(root)]
        for table, old, new, said in PLANTS:
            sound_tree(root)
            path = root / TABLES[table][0]
            write(root, path, path.read_text(encoding="utf-8").replace(old, new))
            if not any(said in fault for fault in faults_of(root)):
                missed.append(f"not found: {said}")
        sound_tree(root)
        write(root, "tests/unit/two_test.c",
              "static void a05_x(void **s) {}\ncmocka_unit_test(a05_x);\n")
        path = root / TABLES[1][0]
        text = path.read_text(encoding="utf-8")
        write(root, path, re.sub(r"\| A05 \|.*", f"| A05 | says | {LATER} |", text))
        if not any("a test carries the number" in fault for fault in faults_of(root)):
            missed.append("not found: a row of later with a test")
    return missed


def main():
    if sys.argv[1:] == ["--self-test"]:
        faults = self_test()
    else:
        faults = list(faults_of(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
