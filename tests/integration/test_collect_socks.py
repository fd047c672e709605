"""`poplin` through a SOCKS5 proxy, which looks the server's name up."""
import collector
import pytest
from collect_case import ALL
from quirk import Quirk, Script
from socks import Socks

pytestmark = pytest.mark.skipif(collector.program() is None, reason="poplin is not built")
STORED = sorted(collector.as_stored(data) for data in ALL)


@pytest.fixture
def server():
    with Quirk(Script()) as made:
        yield made


def account(folder, proxy, *settings, login=""):
    return collector.Collector(folder, "pop3://pop.nowhere.invalid:2110", settings=(
        f"proxy socks5://{login}127.0.0.1:{proxy.port}", "timeout 3s", *settings))


def test_mail_comes_through_a_proxy_that_looks_the_name_up(server, tmp_path):
    with Socks(server.port) as proxy:
        here = account(tmp_path, proxy, "tls none")
        result = here.fetch()
        assert result.exit == 0, result.text()
        assert proxy.asked == [("pop.nowhere.invalid", 2110)]
    assert here.messages() == STORED


def test_a_proxy_may_ask_who_it_is(server, tmp_path):
    with Socks(server.port, "ann", "pw") as proxy:
        assert account(tmp_path, proxy, "tls none", login="ann:pw@").fetch().exit == 0
        result = account(tmp_path, proxy, "tls none", login="ann:other@").fetch()
        assert result.exit in (69, 77) and b"other" not in result.err
        assert proxy.logins == [("ann", "pw"), ("ann", "other")]


def test_a_proxy_here_makes_no_clear_text_safe(server, tmp_path):
    """The proxy is on loopback, what lies behind it is not."""
    with Socks(server.port) as proxy:
        result = account(tmp_path, proxy).fetch("--json")
        assert result.exit == 69 and result.kind == "tls"
    assert not [line for line in server.said() if line.startswith(("USER", "PASS", "AUTH"))]


@pytest.mark.parametrize("answer", (1, 4, 5, 200))
def test_what_the_proxy_says_is_told(server, tmp_path, answer):
    with Socks(server.port, answer=answer) as proxy:
        result = account(tmp_path, proxy, "tls none").fetch("--json")
        assert (result.exit, result.kind) == (69, "unreachable")
        assert "here: pop.nowhere.invalid" in result.text()
