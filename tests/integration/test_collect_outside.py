"""Plays scenarios that others keep outside this tree over `poplin`: a folder with replay.py, named
by POPLIN_CLIENT_CONFORMANCE or lying beside the repository. Without one there is nothing to do."""
import json
import os
import subprocess

import collector
import pytest
from poplind import ROOT

FOLDER = os.environ.get("POPLIN_CLIENT_CONFORMANCE",
                        os.path.join(ROOT, "..", "shared", "conformance", "client"))
RUNNER = os.path.join(FOLDER, "replay.py")
DRIVER = os.path.join(ROOT, "tests", "support", "collect_driver.py")


@pytest.mark.skipif(not os.path.exists(RUNNER), reason="no scenarios outside the tree")
@pytest.mark.skipif(collector.program() is None, reason="poplin is not built")
def test_scenarios_from_outside(tmp_path):
    report = tmp_path / "report.json"
    done = subprocess.run(
        ["/usr/bin/python3", RUNNER, "run", "--driver", DRIVER, "--json", str(report)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, cwd=tmp_path)
    text = done.stdout.decode(errors="replace")
    assert report.exists(), text[-6000:]
    results = json.loads(report.read_text())
    bad = [f"{one['id']}: {one['why']}" for one in results if one["status"] == "FAIL"]
    assert results and not bad, "\n".join(bad)
