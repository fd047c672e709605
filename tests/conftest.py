"""Fixtures of every test that needs a running server."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
import dovecot  # noqa: E402
import poplind  # noqa: E402


def is_peer():
    """POPLIN_PEER=dovecot runs what any POP3 server must pass against that one: whether a failing
    test or the server is at fault is then seen at once."""
    return os.environ.get("POPLIN_PEER") == "dovecot"


def pytest_collection_modifyitems(items):
    if not is_peer():
        return
    for item in items:
        if "shared_server" not in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason="asks for poplind itself"))


@pytest.fixture(scope="module")
def module_server():
    server = dovecot.Dovecot() if is_peer() else poplind.Poplind()
    yield server
    server.close()


@pytest.fixture
def shared_server(module_server):
    """One server for the tests of a module, its maildrops empty at the start of each."""
    for user in module_server.users:
        module_server.maildrop(user).fill()
    return module_server


@pytest.fixture
def make_server(request):
    """A function that makes a Poplind of its own for one test, with the options given."""
    made = []

    def make(**options):
        made.append(poplind.Poplind(**options))
        return made[-1]

    yield make
    for server in made:
        server.close()
