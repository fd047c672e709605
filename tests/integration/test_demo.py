"""`make demo` shows what it says, and leaves nothing behind."""
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
POPLIND = pathlib.Path(os.environ.get("POPLIND", ROOT / "build-asan/src/cli/poplind")).absolute()


def demo(temporary):
    environment = dict(os.environ, POPLIN_BUILD=str(POPLIND.parent), TMPDIR=temporary, LC_ALL="C",
                       ASAN_OPTIONS="detect_leaks=0")
    return subprocess.run([ROOT / "tools/demo.sh"], capture_output=True, check=False,
                          encoding="utf-8", timeout=120, env=environment)


def test_it_ends_with_a_chinese_letter_read_and_marked():
    with tempfile.TemporaryDirectory() as temporary:
        os.chmod(temporary, 0o755)  # the server's children have another user
        run = demo(temporary)
        left = os.listdir(temporary)
    assert run.returncode == 0, run.stderr
    reading = run.stdout[run.stdout.index("$ poplin list"):]
    told = ["发票:三月份办公用品", "$ poplin search 发票", "$ poplin read 15", "From:    财务部",
            "请查收并核对金额", "三月发票.pdf  (application/pdf)", "17 unread before, 16 now; ", "2,S\n",
            "Now you\n"]
    places = [reading.find(words) for words in told]
    assert -1 not in places and places == sorted(places), reading
    assert run.stderr == ""
    assert left == []
