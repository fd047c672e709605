"""A program on a terminal of its own, and the person who sits there.

    with Terminal([program, "init"], environment) as terminal:
        terminal.expect("Password")
        terminal.type("secret")
        assert terminal.end() == 0
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class Terminal:
    def __init__(self, command, environment, folder=None, rows=24, columns=200):
        self.text = ""   # all that was shown
        self._seen = 0   # up to where it was expected
        self.status = None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                # Whoever runs the tests in the background has them ignored.
                for one in (signal.SIGINT, signal.SIGQUIT):
                    signal.signal(one, signal.SIG_DFL)
                os.chdir(folder or "/")
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(127)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self, seconds):
        """False: there will be nothing more."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def expect(self, pattern, seconds=20):
        """Waits until it shows this, behind what was expected before; gives the match."""
        end, more = time.monotonic() + seconds, True
        while True:
            match = re.compile(pattern).search(self.text, self._seen)
            if match:
                self._seen = match.end()
                return match
            assert more and time.monotonic() < end, f"no {pattern!r} in: {self.text}"
            more = self._read(0.1)

    def is_quiet(self):
        """Whether what is typed is not shown."""
        return not termios.tcgetattr(self.master)[3] & termios.ECHO

    def press(self, keys):
        os.write(self.master, keys.encode())

    def type(self, line):
        self.press(line + "\n")

    def end(self, seconds=30):
        """Its exit code, when it has ended by itself."""
        end = time.monotonic() + seconds
        while self.status is None and time.monotonic() < end:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        while self.status is not None and select.select([self.master], [], [], 0)[0]:
            if not self._read(0):
                break
        assert self.status is not None, f"it has not ended: {self.text}"
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)

    def __enter__(self):
        return self

    def __exit__(self, *_how):
        self.close()
