"""A small DNS server, for programs that are run with it as their only one.

    with Dns({"pop.example.test": "127.0.0.1"},
             {"_pop3s._tcp.example.test": [(10, 5, 995, "pop.example.test")]}) as resolver:
        subprocess.run(resolver.before(["poplin", …]))

Addresses and services; whatever is not named does not exist. It listens at port 53 of a loopback
address of its own, and `before` lets a program see an /etc/resolv.conf that names it: that wants root.
"""
import os
import random
import shlex
import socket
import struct
import tempfile
import threading

A, SRV, IN = 1, 33, 1
NO_NAME = 3


def is_possible():
    return os.geteuid() == 0 and os.path.exists("/etc/resolv.conf")


def packed(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes((len(label),)) + label.encode() for label in labels) + b"\0"


def question(packet):
    """The name asked for, its type, and where the question ends."""
    at, labels = 12, []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", packet, at + 1)[0], at + 5


class Dns:
    def __init__(self, addresses, services=None):
        self.addresses, self.services = addresses, services or {}
        self.asked = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = self._bind()
        with tempfile.NamedTemporaryFile("w", prefix="poplin-resolv-", delete=False) as file:
            file.write(f"nameserver {self.address}\noptions timeout:1 attempts:1\n")
        self.resolv = file.name
        os.chmod(self.resolv, 0o644)
        threading.Thread(target=self._serve, daemon=True).start()

    def _bind(self):
        while True:
            address = f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.53"
            try:
                self._socket.bind((address, 53))
                return address
            except OSError:
                continue

    def _serve(self):
        while True:
            try:
                packet, client = self._socket.recvfrom(4096)
                if not packet:
                    return
                self._socket.sendto(self.answer(packet), client)
            except OSError:
                return

    def answer(self, packet):
        name, kind, end = question(packet)
        self.asked.append((name, kind))
        data = []
        if kind == SRV:
            data = [struct.pack("!HHH", *row[:3]) + packed(row[3])
                    for row in self.services.get(name, ())]
        elif kind == A and name in self.addresses:
            data = [socket.inet_aton(self.addresses[name])]
        is_there = name in self.addresses or name in self.services
        flags = 0x8580 | (0 if is_there else NO_NAME)
        head = packet[:2] + struct.pack("!HHHHH", flags, 1, len(data), 0, 0)
        records = [b"\xc0\x0c" + struct.pack("!HHIH", kind, IN, 60, len(one)) + one for one in data]
        return head + packet[12:end] + b"".join(records)

    def before(self, command):
        """The command in a mount namespace in which this is the resolver."""
        script = f"mount --bind {shlex.quote(self.resolv)} /etc/resolv.conf && exec \"$@\""
        return ["unshare", "--mount", "sh", "-c", script, "sh", *command]

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
        os.unlink(self.resolv)

    def __enter__(self):
        return self

    def __exit__(self, *_how):
        self.close()
