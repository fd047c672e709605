"""A proxy between a client and a server of the tests: it delays what passes, or cuts it off.

    Proxy(server.port, delay=0.010)   # 20 ms of round trip
    Proxy(server.port, down=1234)     # the connection ends after 1,234 octets to the client
    Proxy(server.port, up=100)        # … after 100 octets to the server
"""
import queue
import socket
import threading
import time

END = b""


class Proxy:
    def __init__(self, target, delay=0.0, down=-1, up=-1, address=("127.0.0.1", 0)):
        self.target, self.delay = target, delay
        self.limits = {"down": down, "up": up}
        self.passed = {"down": 0, "up": 0}  # of all connections
        self._sockets = []
        self._listener = socket.create_server(address, backlog=32)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            self._pass(server, client, "down")
            self._pass(client, server, "up")

    def _pass(self, source, target, way):
        if self.delay:
            waiting = queue.Queue()
            self._thread(self._read, source, waiting)
            self._thread(self._write, target, waiting)
        else:
            self._thread(self._copy, source, target, way)

    @staticmethod
    def _thread(work, *arguments):
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _read(self, source, waiting):
        data = True
        while data:
            try:
                data = source.recv(1 << 16)
            except OSError:
                data = END
            waiting.put((time.monotonic() + self.delay, data))

    @staticmethod
    def _write(target, waiting):
        while True:
            due, data = waiting.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if data == END:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)
            except OSError:
                return

    def _copy(self, source, target, way):
        limit = self.limits[way]
        try:
            while data := source.recv(1 << 16):
                if 0 <= limit <= self.passed[way] + len(data):
                    data = data[:limit - self.passed[way]]
                    target.sendall(data)
                    self.passed[way] += len(data)
                    break
                target.sendall(data)
                self.passed[way] += len(data)
        except OSError:
            pass
        finally:
            for one in (source, target):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        for one in (self._listener, *self._sockets):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_how):
        self.close()
