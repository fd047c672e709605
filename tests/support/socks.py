"""A SOCKS5 proxy [RFC 1928, 1929] that connects whatever name it is asked for to one port here."""
import socket
import struct
import threading


def _exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data


def _pass(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Socks:
    def __init__(self, port, user=None, password=None, answer=0):
        self.target, self.user, self.password, self.answer = port, user, password, answer
        self.asked = []  # (name, port)
        self.logins = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                if self._greet(connection) and self._connect(connection):
                    with socket.create_connection(("127.0.0.1", self.target)) as target:
                        threading.Thread(target=_pass, args=(connection, target), daemon=True).start()
                        _pass(target, connection)
            except OSError:
                pass

    def _greet(self, connection):
        methods = _exactly(connection, _exactly(connection, 2)[1])
        wanted = 2 if self.user else 0
        if wanted not in methods:
            connection.sendall(b"\x05\xff")
            return False
        connection.sendall(bytes([5, wanted]))
        if not self.user:
            return True
        name = _exactly(connection, _exactly(connection, 2)[1])
        password = _exactly(connection, _exactly(connection, 1)[0])
        self.logins.append((name.decode(), password.decode()))
        is_right = self.logins[-1] == (self.user, self.password)
        connection.sendall(b"\x01\x00" if is_right else b"\x01\x01")
        return is_right

    def _connect(self, connection):
        _version, _command, _reserved, kind = _exactly(connection, 4)
        size = {1: 4, 4: 16}.get(kind) or _exactly(connection, 1)[0]
        name = _exactly(connection, size)
        port = struct.unpack(">H", _exactly(connection, 2))[0]
        self.asked.append((name.decode() if kind == 3 else name, port))
        connection.sendall(bytes([5, self.answer, 0, 1]) + bytes(6))
        return self.answer == 0

    def __enter__(self):
        return self

    def __exit__(self, *_how):
        self._listener.close()
