#!/usr/bin/python3
"""Proves that the floors of src/ include downwards only.

    check_layers.py [ROOT]       prints FILE:LINE for each include that goes up or sideways,
                                 exits 1 if there is any
    check_layers.py --self-test  plants violations in a tree of its own and expects to find them

Rules: a file of a floor may include its own floor and lower ranks; floors of one rank include each
other only where SIDEWAYS lists it; the floors that are pure include no header of the system that
does I/O; include/poplin names nothing of src; between files there is no cycle of includes.
"""
import pathlib
import re
import sys
import tempfile

# Top rank first, as in ARCHITECTURE.md.
RANKS = [
    ["cli", "lib"],
    ["server", "client"],
    ["store", "auth"],
    ["event", "net", "tls", "ipc", "sandbox", "config", "log", "status"],
    ["pop3", "sasl", "mime"],
    ["codec"],
    ["base"],
]
RANK_OF = {floor: rank for rank, floors in enumerate(RANKS) for floor in floors}
# Floors of one rank that lean on each other: who may include whom.
SIDEWAYS = {
    "net": {"event"},
    "tls": {"event"},
    "ipc": {"event"},
}
PURE = {"base", "codec", "pop3", "sasl", "mime"}
IMPURE_HEADERS = re.compile(
    r"(sys/(socket|epoll|stat|mman|file|wait|uio|sendfile|un|ioctl|random)\.h"
    r"|unistd\.h|fcntl\.h|pthread\.h|time\.h|sys/time\.h|netinet/.*|netdb\.h|poll\.h|dirent\.h)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def includes_of(path):
    """(line number, quoted name or None, angled name or None) of each include."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1), match.group(2)


def fault_of(floor, quoted, angled):
    """What is wrong with an include in a file of `floor`, or None."""
    if angled is not None:
        if floor in PURE and IMPURE_HEADERS.match(angled):
            return f"{floor} is pure and includes <{angled}>"
        return None
    if "/" not in quoted:
        return f'"{quoted}" names no floor (write "floor/file.h")'
    if quoted.startswith("poplin/"):
        return None
    target = quoted.split("/")[0]
    if ".." in quoted.split("/") or target not in RANK_OF:
        return f'"{quoted}" is in no floor'
    if target == floor:
        return None
    if RANK_OF[target] < RANK_OF[floor]:
        return f"{floor} includes the upper floor {target}"
    if RANK_OF[target] == RANK_OF[floor] and target not in SIDEWAYS.get(floor, ()):
        return f"{floor} includes its neighbour {target}"
    return None


def source_files(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h"))


def floor_faults(root):
    source = root / "src"
    for path in source_files(source):
        floor = path.relative_to(source).parts[0]
        where = path.relative_to(root)
        if floor not in RANK_OF:
            yield f"{where}:1: no such floor: {floor}"
            continue
        for number, quoted, angled in includes_of(path):
            fault = fault_of(floor, quoted, angled)
            if fault:
                yield f"{where}:{number}: {fault}"


def public_faults(root):
    """The public headers stand alone: only each other and the system's."""
    public = root / "include" / "poplin"
    for path in source_files(public):
        for number, quoted, angled in includes_of(path):
            name = quoted or angled
            if quoted is not None and not (public / quoted.removeprefix("poplin/")).exists():
                yield f'{path.relative_to(root)}:{number}: "{name}" is not a public header'
            if angled is not None and name.split("/")[0] in RANK_OF and \
                    (root / "src" / name).exists():
                yield f"{path.relative_to(root)}:{number}: <{name}> is of src"


def graph_of(root):
    """Includes between files of src: {file: [(line, file)]}."""
    source = root / "src"
    graph = {}
    for path in source_files(source):
        graph[path] = [(number, source / quoted) for number, quoted, _ in includes_of(path)
                       if quoted and (source / quoted).exists()]
    return graph


def cycle_faults(root):
    graph = graph_of(root)
    done, on_path = set(), []

    def visit(path):
        on_path.append(path)
        for number, target in graph.get(path, ()):
            if target in on_path:
                ring = on_path[on_path.index(target):] + [target]
                names = " > ".join(str(p.relative_to(root / "src")) for p in ring)
                yield f"{path.relative_to(root)}:{number}: includes go round: {names}"
            elif target not in done:
                yield from visit(target)
        on_path.pop()
        done.add(path)

    for path in graph:
        if path not in done:
            yield from visit(path)


def sideways_faults():
    """SIDEWAYS itself must not go round."""
    for floor, targets in SIDEWAYS.items():
        for target in targets:
            if floor in SIDEWAYS.get(target, ()):
                yield f"SIDEWAYS: {floor} and {target} lean on each other"


def faults_of(root):
    return [*floor_faults(root), *public_faults(root), *cycle_faults(root), *sideways_faults()]


PLANTED = {
    # file: (text, what is reported; None for a file without fault)
    "src/base/slice.h": ("#include <stddef.h>\n", None),
    "src/pop3/line.c": ('#include "base/slice.h"\n#include "pop3/line.h"\n', None),
    "src/pop3/line.h": ("", None),
    "src/net/listen.c": ('#include "event/loop.h"\n', None),
    "src/event/loop.h": ("", None),
    "src/base/up.c": ('\n#include "pop3/line.h"\n', "src/base/up.c:2: base includes the upper"),
    "src/store/wire.c": ('#include "auth/auth.h"\n', "src/store/wire.c:1: store includes its ne"),
    "src/server/both.c": ('#include "client/plan.h"\n', "src/server/both.c:1: server includes"),
    "src/client/both.c": ('#  include "server/ring.h"\n', "src/client/both.c:1: client includes"),
    "src/event/back.c": ('#include "net/listen.h"\n', "src/event/back.c:1: event includes its"),
    "src/pop3/clock.c": ("#include <time.h>\n", "src/pop3/clock.c:1: pop3 is pure"),
    "src/pop3/short.c": ('#include "line.h"\n', 'src/pop3/short.c:1: "line.h" names no floor'),
    "src/pop3/out.c": ('#include "pop3/../store/a.h"\n', "src/pop3/out.c:1:"),
    "src/lib/beside.c": ('#include "cli/poplin.h"\n', "src/lib/beside.c:1: lib includes its ne"),
    "src/cli/poplin.h": ('#include "lib/lib.h"\n', "src/cli/poplin.h:1: cli includes its ne"),
    "src/attic/x.c": ("", "src/attic/x.c:1: no such floor"),
    "src/base/ring_a.h": ('#include "base/ring_b.h"\n', None),
    "src/base/ring_b.h": ('#include "base/ring_a.h"\n', "src/base/ring_b.h:1: includes go round"),
    "include/poplin/mail.h": ('#include "poplin/other.h"\n#include "base/slice.h"\n',
                              'include/poplin/mail.h:2: "base/slice.h" is not'),
    "include/poplin/other.h": ("#include <base/slice.h>\n",
                               "include/poplin/other.h:1: <base/slice.h> is of src"),
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, (text, _) in PLANTED.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = faults_of(root)
    wanted = [want for _, want in PLANTED.values() if want]
    missed = [want for want in wanted if not any(f.startswith(want) for f in found)]
    surplus = [f for f in found if not any(f.startswith(want) for want in wanted)]
    for text in missed:
        print(f"self-test: not found: {text}")
    for text in surplus:
        print(f"self-test: found without being planted: {text}")
    print(f"self-test: {len(wanted) - len(missed)} of {len(wanted)} planted faults found")
    return 1 if missed or surplus else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    if not (root / "src").is_dir():
        print(f"check_layers: no src/ in {root}", file=sys.stderr)
        return 2
    found = faults_of(root)
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
