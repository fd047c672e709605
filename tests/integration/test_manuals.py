"""Every manual page passes mandoc's lint without a word. The lint looks for the pages referred to
where manuals are installed only; ours are looked for here."""
import glob
import os
import re
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = sorted(glob.glob(os.path.join(ROOT, "man", "*.[1-9]")))
OURS = {"poplin 1", "poplin-config 5", "poplind 8", "poplinctl 8", "poplind.conf 5",
        "poplin-maildir 7", "libpoplin 3"}


def is_about_ours(line):
    reference = re.search(r"referenced manual not found: Xr (\S+ \d)", line)
    return reference is not None and reference.group(1) in OURS


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
@pytest.mark.parametrize("page", PAGES, ids=os.path.basename)
def test_a_page_is_without_fault(page):
    run = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True, check=False)
    complaints = [line for line in (run.stdout + run.stderr).splitlines()
                  if "outdated mandoc.db" not in line and not is_about_ours(line)]
    assert complaints == []


def test_a_page_with_a_fault_is_found(tmp_path):
    page = tmp_path / "bad.5"
    page.write_text(".Dd $Mdocdate$\n.Dt BAD 5\n.Os\n.Sh NAME\n.Nm bad\n.Nd bad\n.Bogus\n")
    run = subprocess.run(["mandoc", "-Tlint", str(page)], capture_output=True, text=True,
                         check=False)
    assert "unknown macro" in run.stdout + run.stderr
