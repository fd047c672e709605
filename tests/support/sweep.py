"""A long row of points, each tried by itself. A fault at one does not keep the others from being
tried; all are counted.

    sweep = Sweep("kill-forever", program)
    sweep.run(points, attempt)      # attempt(point) gives whether the fault struck, or raises Fault
    sweep.verdict()                 # fails when one point did not hold

POPLIN_SWEEPS names a folder for notes, one line a point: a row that was broken off goes on where it
was, as long as the program is the same. `sweep.py FOLDER` prints what the notes say.
"""
import hashlib
import json
import os
import subprocess
import sys
import time


class Fault(AssertionError):
    """What went wrong at a point: `lost`, `twice`, or `other`."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Notes:
    """What came of the points, in a file or only in memory."""

    def __init__(self, name, program):
        folder = os.environ.get("POPLIN_SWEEPS")
        self.path = os.path.join(folder, name + ".jsonl") if folder else None
        self.header = {"sweep": name, "program": _digest(program)}
        self.rows = {}
        if self.path:
            os.makedirs(folder, exist_ok=True)
            self._take_up()

    def _take_up(self):
        old = read(self.path)
        if not old or old[0] != self.header:
            old = [self.header]
        self.rows = {row["point"]: row for row in old[1:]}
        with open(self.path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in old)

    def add(self, row):
        self.rows[row["point"]] = row
        if self.path:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def read(path):
    """The rows of a file of notes; a last line that was cut off is left out."""
    rows = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                try:
                    rows.append(json.loads(line))
                except ValueError:
                    break
    return rows


def summary(rows):
    """The numbers of a row of points."""
    kinds = [row["fault"] for row in rows if "fault" in row]
    return {"points": len(rows), "struck": sum(row["struck"] for row in rows),
            "held": len(rows) - len(kinds), "lost": kinds.count("lost"),
            "twice": kinds.count("twice"), "other": kinds.count("other"),
            "seconds": round(sum(row["seconds"] for row in rows))}


class Sweep:
    def __init__(self, name, program):
        self.name = name
        self.notes = Notes(name, program)

    def run(self, points, attempt):
        for point in points:
            if str(point) not in self.notes.rows:
                self.notes.add(self._try(point, attempt))

    @staticmethod
    def _try(point, attempt):
        start = time.monotonic()
        row = {"point": str(point), "struck": True}
        try:
            row["struck"] = bool(attempt(point))
        except Fault as fault:
            row |= {"fault": fault.kind, "text": str(fault)[:500]}
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            row |= {"fault": "other", "text": f"{type(error).__name__}: {error}"[:500]}
        row["seconds"] = round(time.monotonic() - start, 3)
        return row

    def verdict(self):
        rows = list(self.notes.rows.values())
        bad = [f"{row['point']}: {row['text']}" for row in rows if "fault" in row]
        told = f"{self.name}: {summary(rows)}"
        assert rows, f"{self.name}: no point was tried"
        assert not bad, told + "\n" + "\n".join(bad[:20])
        assert any(row["struck"] for row in rows), told + ": the fault never struck"


def main(folder):
    for name in sorted(os.listdir(folder)):
        if name.endswith(".jsonl"):
            rows = read(os.path.join(folder, name))[1:]
            print(name.removesuffix(".jsonl") + ":",
                  ", ".join(f"{value} {key}" for key, value in summary(rows).items()))


if __name__ == "__main__":
    main(sys.argv[1])
