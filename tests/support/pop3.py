"""A POP3 client that hides nothing: lines and octets as they come over the wire."""
import socket
import ssl
import struct


class Closed(Exception):
    """The server ended the connection; `reset` tells how."""

    def __init__(self, reset, rest=b""):
        super().__init__(("reset" if reset else "closed") + f", {len(rest)} octets unread")
        self.reset = reset
        self.rest = rest


def trusting(ca):
    return ssl.create_default_context(cafile=ca)


class Session:
    def __init__(self, port, tls=None, timeout=10, source=None, greeting=True, receive_buffer=None):
        family = socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.buffer = b""
        if tls:
            self.start_tls(tls)
        self.greeting = self.line() if greeting else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start_tls(self, context):
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        try:
            data = self.socket.recv(262144)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            raise Closed(True, self.buffer) from None
        if not data:
            raise Closed(False, self.buffer)
        self.buffer += data

    def line(self):
        """The next reply line, which must end with CRLF, without it."""
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        assert b"\n" not in line, f"a reply line with a bare LF: {line[:80]!r}"
        return line

    def raw_body(self):
        """A multi-line reply's octets after its first line, terminating line included."""
        chunks, tail = bytearray(self.buffer), 0
        while True:
            if chunks[:3] == b".\r\n":
                end = 3
                break
            at = chunks.find(b"\r\n.\r\n", tail)
            if at >= 0:
                end = at + 5
                break
            tail = max(0, len(chunks) - 4)
            self.buffer = b""
            try:
                self._more()
            except Closed as closed:
                closed.rest = bytes(chunks)
                raise
            chunks += self.buffer
        self.buffer = bytes(chunks[end:])
        return bytes(chunks[:end])

    def body(self):
        """The same with stuffing undone and the terminating line taken off."""
        lines = self.raw_body().split(b"\r\n")[:-2]
        return b"".join((x[1:] if x.startswith(b".") else x) + b"\r\n" for x in lines)

    def ask(self, command):
        """Sends one command, gives the first line of the reply."""
        self.send(command.encode("utf-8") + b"\r\n")
        return self.line().decode("utf-8", "replace")

    def ok(self, command):
        reply = self.ask(command)
        assert reply == "+OK" or reply.startswith("+OK "), f"{command}: {reply}"
        return reply

    def err(self, command):
        reply = self.ask(command)
        assert reply == "-ERR" or reply.startswith("-ERR "), f"{command}: {reply}"
        return reply

    def login(self, user="alice", password="secret"):
        self.ok(f"USER {user}")
        self.ok(f"PASS {password}")
        return self

    def rows(self, command):
        """The rows of LIST or UIDL as a dict from number to value."""
        self.ok(command)
        rows = self.body().decode().split("\r\n")[:-1]
        return {int(number): value for number, value in (row.split(" ", 1) for row in rows)}

    def retr(self, number):
        self.ok(f"RETR {number}")
        return self.body()

    def ended(self, timeout=5):
        """Whether the server ends the connection within the time; what it still sends is kept."""
        self.socket.settimeout(timeout)
        try:
            while True:
                self._more()
        except Closed:
            return True
        except TimeoutError:
            return False

    def silent(self, seconds):
        """Whether nothing arrives for that long."""
        if self.buffer:
            return False
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            self._more()
            return False
        except TimeoutError:
            return True
        except Closed:
            return False
        finally:
            self.socket.settimeout(before)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()
