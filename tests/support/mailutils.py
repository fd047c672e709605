"""Debian's mailutils-pop3d over Maildirs, its users those of a virtual domain. It writes a header
field of its own, X-UIDL, into each message that it has numbered."""
import os
import pwd
import subprocess

import peers
from peer import Peer
from poplind import MAIL_USER

DOMAIN = "example.org"
CONFIG = """mode daemon;
foreground yes;
pidfile {folder}/pid;
logging {{ syslog no; }}
auth {{ authentication generic:system; authorization virtdomain:system; }}
virtdomain {{ passwd-dir {folder}/domains; }}
mailbox {{ mailbox-type maildir; }}
mandatory-locking {{ enable yes; lock-directory {folder}/lock; }}
tls {{ ssl-certificate-file {certificate}; ssl-key-file {key}; }}
server 127.0.0.1:{port} {{ tls-mode ondemand; }}
server 127.0.0.1:{tls_port} {{ tls-mode connection; }}
"""


def _program():
    return peers.program("mailutils-pop3d", "usr/sbin/pop3d")


def is_here():
    if os.geteuid() != 0 or _program() is None:
        return False
    told = subprocess.run([_program(), "--version"], capture_output=True, check=False)
    return b"Mailutils" in told.stdout


class Mailutils(Peer):
    drop = "{user}/INBOX"
    login = "{user}@" + DOMAIN

    def prepare(self):
        entry = pwd.getpwnam(MAIL_USER)
        self.write("domains/" + DOMAIN, "".join(
            f"{user}:{peers.crypt(password)}:{entry.pw_uid}:{entry.pw_gid}:{user}:"
            f"{self.mail}/{user}:/bin/sh\n" for user, password in self.users.items()))
        os.mkdir(self.path("lock"))
        os.chmod(self.path("lock"), 0o1777)
        self.write("conf", CONFIG.format(
            folder=self.folder, certificate=self.certificate, key=self.key, port=self.port,
            tls_port=self.tls_port))

    def launch(self, log):
        with open(log, "ab") as file:
            return subprocess.Popen([_program(), "--config-file=" + self.path("conf")],
                                    stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                    start_new_session=True)
