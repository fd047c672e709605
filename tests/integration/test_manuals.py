"""Every manual page passes mandoc's lint without a word; pages refer to each other, so that the
lint sees all of them as if they were installed."""
import glob
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = sorted(glob.glob(os.path.join(ROOT, "man", "*.[1-9]")))
NAMES = ["poplind.8", "poplinctl.8", "poplind.conf.5", "poplin-maildir.7"]


@pytest.fixture(name="manpath", scope="module")
def fixture_manpath(tmp_path_factory):
    folder = tmp_path_factory.mktemp("man")
    for name in NAMES + [os.path.basename(page) for page in PAGES]:
        section = folder / ("man" + name[-1])
        section.mkdir(exist_ok=True)
        (section / name).touch()
    return folder


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
@pytest.mark.parametrize("page", PAGES, ids=os.path.basename)
def test_a_page_is_without_fault(manpath, page):
    environment = {**os.environ, "MANPATH": f"{manpath}:/usr/share/man"}
    run = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True,
                         env=environment, check=False)
    complaints = [line for line in (run.stdout + run.stderr).splitlines()
                  if "outdated mandoc.db" not in line]
    assert complaints == []
