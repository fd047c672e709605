"""Plays transcripts that others keep outside this tree: a folder with pop3run.py, named by
POPLIN_CONFORMANCE or lying beside the repository. Without one there is nothing to do here."""
import json
import os
import subprocess

import pytest
import serve
from poplind import ROOT

FOLDER = os.environ.get("POPLIN_CONFORMANCE",
                        os.path.join(ROOT, "..", "shared", "conformance", "server"))
RUNNER = os.path.join(FOLDER, "pop3run.py")


@pytest.mark.skipif(not os.path.exists(RUNNER), reason="no transcripts outside the tree")
def test_transcripts_from_outside(make_server, tmp_path):
    server = make_server()
    report = tmp_path / "report.json"
    done = subprocess.run(
        ["/usr/bin/python3", RUNNER, *serve.runner_options(server), "--json", str(report)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=400, cwd=tmp_path)
    text = done.stdout.decode(errors="replace")
    assert report.exists(), text[-6000:]
    results = json.loads(report.read_text())["results"]
    bad = [f"{one['id']}: {one['why']}" for one in results if one["status"] in ("FAIL", "WARN")]
    assert results and not bad, "\n".join(bad)
