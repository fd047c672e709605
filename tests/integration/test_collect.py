"""The real `poplin` against the real poplind: what an account may ask for beside plain fetching."""
import subprocess

import collector
import pytest
from collector import Collector
from poplind import Poplind, is_built

COUNT = 40
MESSAGE = "From: a@example.org\nSubject: %d\nMessage-ID: <%d@collect>\n\n.\n..\nend\n"

pytestmark = pytest.mark.skipif(collector.program() is None or not is_built(),
                                reason="poplin or poplind is not built")


@pytest.fixture(scope="module")
def server():
    with Poplind() as made:
        for user in ("alice", "bob"):
            for i in range(COUNT):
                made.maildrop(user).deliver((MESSAGE % (i, i)).encode())
        yield made


def account(server, folder, *settings):
    return Collector(folder, f"pop3://127.0.0.1:{server.port}", "alice",
                     settings=("timeout 20s", *settings))


def wanted():
    return sorted((MESSAGE % (i, i)).encode() for i in range(COUNT))


def test_check_says_whether_there_is_mail(server, tmp_path):
    here = account(server, tmp_path)
    assert here.run("check").exit == 0
    assert here.fetch().exit == 0
    assert here.run("check").exit == 1


def test_check_says_nothing_of_a_mailbox_that_it_could_not_see(tmp_path):
    here = Collector(tmp_path, "pop3://127.0.0.1:1", "alice")
    done = here.run("check")
    assert (done.exit, done.out) == (69, b"") and b"here: 127.0.0.1" in done.err


def test_c21_a_lost_state_fetches_nothing_twice(server, tmp_path):
    here = account(server, tmp_path)
    assert here.fetch().exit == 0
    subprocess.run(["rm", "-r", here.state], check=True)
    assert here.fetch().exit == 0
    assert here.messages() == wanted()


def test_c21_a_second_limit_goes_on_where_the_first_ended(server, tmp_path):
    here = account(server, tmp_path)
    for count in (15, 30, 40):
        assert here.fetch("--limit", "15").exit == 0
        assert len(here.messages()) == count
    assert here.messages() == wanted()


def test_lines_of_its_own_stand_first_when_asked_for(server, tmp_path):
    here = account(server, tmp_path, "headers received delivered-to")
    assert here.fetch().exit == 0
    first = here.messages()[0].split(b"\n")
    assert first[0].startswith(b"Received: from 127.0.0.1 by ")
    assert first[1] == b"Delivered-To: alice"


def test_the_same_mail_of_two_accounts_comes_once_when_asked_for(server, tmp_path):
    here = account(server, tmp_path, "dedupe content")
    with open(here.config, encoding="utf-8") as file:
        text = file.read()
    other = text[text.index("account"):].replace("account here", "account there")
    with open(here.config, "w", encoding="utf-8") as file:
        file.write(text + other.replace("user alice", "user bob"))
    assert here.fetch().exit == 0
    assert here.messages() == wanted()
