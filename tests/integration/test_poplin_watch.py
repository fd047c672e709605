"""`poplin watch`: fetches again and again, leaves a server in trouble in peace, ends when told."""
import os
import signal
import time

import pytest
from maildir import Maildir
from poplin_home import PoplinHome, program
from poplind import wait_until

pytestmark = pytest.mark.skipif(program() is None, reason="poplin is not built")


@pytest.fixture
def home(shared_server, tmp_path):
    made = PoplinHome(tmp_path)
    made.add("work", shared_server)
    return made


@pytest.fixture
def watch(home):
    started = []

    def start(*options):
        started.append(home.start("watch", "--every", "1s", *options))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def end(process, number=signal.SIGTERM):
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    return process.returncode, out.decode(), err.decode()


def box(home, name="work"):
    return Maildir(home.mail(name)).files()


def test_new_mail_is_fetched_as_it_comes_and_sigterm_ends_cleanly(shared_server, home, watch):
    shared_server.maildrop("alice").deliver("plain")
    process = watch()
    wait_until(lambda: len(box(home)) == 1, 15, "the first message")
    shared_server.maildrop("alice").deliver("second")
    wait_until(lambda: len(box(home)) == 2, 15, "the second message")
    code, out, err = end(process)
    assert code == 0 and out == "work: 1 new\nwork: 1 new\n", err
    assert home.run("check", expect=1).exit == 1


def test_sigint_ends_it_too(home, watch):
    process = watch()
    wait_until(lambda: os.path.exists(home.path("state")), 15, "a round")
    assert end(process, signal.SIGINT)[0] == 0


def test_exec_runs_for_each_account_with_new_mail_and_for_no_other(shared_server, home, watch):
    home.add("play", shared_server, "bob")
    home.add("idle", shared_server, "dave")
    shared_server.maildrop("alice").deliver("plain")
    shared_server.maildrop("alice").deliver("second")
    shared_server.maildrop("bob").deliver("third")
    note = home.path("note")
    process = watch("--exec", f'echo "$POPLIN_ACCOUNT $POPLIN_NEW" >>{note}')
    wait_until(lambda: os.path.exists(note) and len(open(note).readlines()) == 2, 15, "two notes")
    time.sleep(1.5)
    assert end(process)[0] == 0
    assert sorted(open(note).read().splitlines()) == ["play 1", "work 2"]


def test_a_command_that_fails_is_told_and_the_watch_goes_on(shared_server, home, watch):
    shared_server.maildrop("alice").deliver("plain")
    process = watch("-x", "exit 3")
    wait_until(lambda: len(box(home)) == 1, 15, "the first message")
    time.sleep(0.5)
    shared_server.maildrop("alice").deliver("second")
    wait_until(lambda: len(box(home)) == 2, 15, "the second message")
    code, _, err = end(process)
    assert code == 0 and "ended with exit code 3" in err


def test_a_running_command_is_told_to_end_and_waited_for(shared_server, home, watch):
    shared_server.maildrop("alice").deliver("plain")
    note = home.path("note")
    process = watch("-x", f"trap 'echo told >>{note}; exit 0' TERM; echo begun >>{note}; "
                          "while :; do sleep 0.1; done")
    wait_until(lambda: os.path.exists(note), 15, "the command")
    assert end(process)[0] == 0
    assert open(note).read() == "begun\ntold\n"


def test_refused_logins_are_tried_less_and_less(shared_server, home, watch):
    home.add("work", shared_server, password="hunter2-wrong")
    process = watch()
    time.sleep(8)
    code, _, err = end(process)
    tries = err.count("again in")
    assert code == 0 and 1 <= tries <= 3, err
    assert "hunter2" not in err


def test_one_account_in_trouble_does_not_hold_up_another(shared_server, home, watch):
    home.add("bad", shared_server, "bob", password="hunter2-wrong")
    process = watch()
    for count in (1, 2):
        shared_server.maildrop("alice").deliver("plain")
        wait_until(lambda: len(box(home)) == count, 15, f"message {count}")
    assert end(process)[0] == 0


def test_an_account_that_is_added_while_it_runs_is_watched(shared_server, home, watch):
    process = watch()
    shared_server.maildrop("bob").deliver("plain")
    wait_until(lambda: os.path.exists(home.path("state")), 15, "a round")
    home.add("later", shared_server, "bob")
    wait_until(lambda: os.path.isdir(home.mail("later")) and len(box(home, "later")) == 1, 15,
               "its message")
    assert end(process)[0] == 0


@pytest.mark.parametrize("options, code", (
    ((), 64), (("--every", "1"), 64), (("--every", "900ms"), 64), (("--every", "99d"), 64),
    (("--every", "5m", "word"), 64), (("--every", "5m", "-a", "none"), 78)))
def test_what_makes_no_sense_is_refused_at_once(home, options, code):
    assert home.run("watch", *options, expect=code, seconds=10).err
