"""What the POP3 servers of other hands have in common, with the face of Poplind."""
import os
import shutil
import tempfile

import certificate
import pop3
from maildir import Maildir
from poplind import free_port, mail_owner, wait_until


class Peer:
    """A server in a folder of its own; a kind of it says what `prepare` writes and `launch` runs."""

    modes = ("plain", "stls", "tls")
    drop = "{user}"       # where below `mail` a user's Maildir is
    login = "{user}"      # what a user is called in the dialogue
    alters = frozenset()  # messages that it does not give out as they lie in the Maildir

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="poplin-peer-")
        os.chmod(self.folder, 0o755)
        self.users = {"alice": "secret", "bob": "secret"}
        self.port, self.tls_port = free_port(), free_port()
        self.mail = self.path("mail")
        self.certificate, self.key = certificate.make(self.folder)
        for user in self.users:
            self.maildrop(user)
            os.chown(os.path.join(self.mail, user), *mail_owner())
        self.prepare()
        self.process = None
        try:
            self.process = self.launch(self.path("log"))
            wait_until(self._is_ready, 20, "a greeting; the log says:\n" + self.log())
        except BaseException:
            self.close()
            raise

    def prepare(self):
        raise NotImplementedError

    def launch(self, log):
        raise NotImplementedError

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def _is_ready(self):
        assert self.process.poll() is None, "it ended:\n" + self.log()
        try:
            with pop3.Session(self.port, timeout=2) as session:
                return session.greeting.startswith(b"+OK")
        except (OSError, pop3.Closed):
            return False

    def maildrop(self, user="alice"):
        return Maildir(os.path.join(self.mail, self.drop.format(user=user)), mail_owner())

    def session(self, tls=False):
        if tls:
            return pop3.Session(self.tls_port, tls=pop3.trusting(self.certificate))
        return pop3.Session(self.port)

    def log(self):
        if not os.path.exists(self.path("log")):
            return ""
        with open(self.path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait(20)
        if not os.environ.get("POPLIN_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
