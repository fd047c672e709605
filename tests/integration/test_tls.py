"""TLS as clients meet it: octets right behind the handshake, resumption, protocol versions, ALPN."""
import socket
import ssl

import pop3
import pytest


def _talk_in_memory(sock, context, first):
    """Shakes hands and sends `first` in one packet with the last message of the handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            sock.sendall(outgoing.read())
            incoming.write(sock.recv(65536))
    tls.write(first)
    sock.sendall(outgoing.read())
    got = b""
    while not got.endswith(b"\r\n.\r\n"):
        try:
            got += tls.read(65536)
        except ssl.SSLWantReadError:
            incoming.write(sock.recv(65536))
    return got


@pytest.mark.parametrize("kind", ("stls", "tls"))
def test_s33_a_command_that_comes_with_the_end_of_the_handshake_is_answered(shared_server, kind):
    port = shared_server.tls_port if kind == "tls" else shared_server.port
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        if kind == "stls":
            sock.recv(1000)
            sock.sendall(b"STLS\r\n")
            assert sock.recv(1000).startswith(b"+OK")
        got = _talk_in_memory(sock, shared_server.context(), b"CAPA\r\n")
    assert b"\r\nUIDL\r\n" in got


@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
def test_every_resumption_succeeds_whichever_process_answers(shared_server, version):
    context = shared_server.context()
    context.minimum_version = context.maximum_version = version
    session, resumed = None, 0
    for _ in range(12):
        with socket.create_connection(("127.0.0.1", shared_server.tls_port), timeout=5) as sock:
            tls = context.wrap_socket(sock, server_hostname="localhost", session=session)
            assert tls.recv(1000).startswith(b"+OK")
            tls.sendall(b"QUIT\r\n")
            tls.recv(1000)
            resumed += tls.session_reused
            session = session or tls.session
            tls.close()
    assert resumed == 11


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_refused(shared_server):
    context = shared_server.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        pop3.Session(shared_server.tls_port, tls=context)


def test_alpn_pop3_is_agreed_and_another_protocol_is_not(shared_server):
    context = shared_server.context()
    context.set_alpn_protocols(["pop3"])
    with pop3.Session(shared_server.tls_port, tls=context) as session:
        assert session.socket.selected_alpn_protocol() == "pop3"
    context.set_alpn_protocols(["http/1.1"])
    try:
        with pop3.Session(shared_server.tls_port, tls=context) as session:
            assert session.socket.selected_alpn_protocol() is None
    except (ssl.SSLError, OSError, pop3.Closed):
        pass
