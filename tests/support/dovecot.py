"""Debian's dovecot-pop3d with a private configuration, behind the same face as Poplind.

The peer: for comparing UIDLs and speed, and for telling a wrong test from a wrong server.
"""
import os
import pwd
import shutil
import signal
import subprocess
import tempfile

import certificate
import pop3
from maildir import Maildir
from poplind import MAIL_USER, USERS, free_port, mail_owner, wait_until

TEMPLATE = """
protocols = pop3
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{mail}/%u
default_internal_user = dovecot
default_login_user = dovenull
pop3_lock_session = yes
passdb {{
  driver = passwd-file
  args = username_format=%u {users}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={mail}/%u
}}
protocol pop3 {{
  mail_max_userip_connections = 0
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = {tls_port}
    ssl = yes
  }}
{login}
}}
service pop3 {{
{pop3}
}}
service auth {{
  client_limit = 20000
}}
service anvil {{
  client_limit = 20000
}}
{extra}
"""


def is_here():
    return os.geteuid() == 0 and shutil.which("dovecot") is not None


class Dovecot:
    def __init__(self, users=None, login="", pop3_service="", extra="", mail=None):
        self.folder = tempfile.mkdtemp(prefix="poplin-peer-")
        os.chmod(self.folder, 0o755)
        self.users = dict(USERS if users is None else users)
        self.port, self.tls_port = free_port(), free_port()
        self.mail = mail or os.path.join(self.folder, "mail")
        self.users_file = os.path.join(self.folder, "users")
        self._parts = {"login": login, "pop3": pop3_service, "extra": extra}
        self._prepare()
        self.process = None
        self.start()

    def _prepare(self):
        self.certificate, self.key = certificate.make(self.folder)
        for path in (self.mail, os.path.join(self.folder, "run"), os.path.join(self.folder, "state")):
            os.makedirs(path, mode=0o755, exist_ok=True)
        os.chown(self.mail, *mail_owner())
        with open(self.users_file, "w", encoding="utf-8") as file:
            file.writelines(f"{u}:{{PLAIN}}{p}\n" for u, p in self.users.items())
        for user in self.users:
            self.maildrop(user)
        entry = pwd.getpwnam(MAIL_USER)
        text = TEMPLATE.format(
            folder=self.folder, certificate=self.certificate, key=self.key, mail=self.mail,
            users=self.users_file, uid=entry.pw_uid, gid=entry.pw_gid, port=self.port,
            tls_port=self.tls_port, **self._parts)
        with open(os.path.join(self.folder, "dovecot.conf"), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", os.path.join(self.folder, "dovecot.conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        wait_until(self._is_ready, 20, "a greeting from dovecot")

    def _is_ready(self):
        try:
            with pop3.Session(self.port, timeout=2) as session:
                return session.greeting.startswith(b"+OK")
        except (OSError, pop3.Closed):
            return False

    def maildrop(self, user="alice"):
        return Maildir(os.path.join(self.mail, user), mail_owner())

    def context(self):
        return pop3.trusting(self.certificate)

    def session(self, tls=False, **options):
        if tls:
            return pop3.Session(self.tls_port, tls=self.context(), **options)
        return pop3.Session(self.port, **options)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)
