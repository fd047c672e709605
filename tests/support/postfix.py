"""Postfix from a folder of its own, delivering into given Maildirs: what fills a drop in real life.
Root only; it listens on one loopback port and knows one domain, example.org."""
import os
import shutil
import smtplib
import subprocess
import tempfile

from poplind import free_port, mail_owner, wait_until

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.net
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
smtputf8_enable = no
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {mail}
virtual_mailbox_maps = inline:{{ {maps} }}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_transport = virtual
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def is_here():
    return os.geteuid() == 0 and shutil.which("postfix", path="/usr/sbin:/sbin") is not None


class Postfix:
    def __init__(self, mail, users):
        self.folder = tempfile.mkdtemp(prefix="poplin-mta-")
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        uid, gid = mail_owner()
        maps = ", ".join(f"{{ {user}@example.org = {user}/ }}" for user in users)
        os.mkdir(f"{self.folder}/queue", 0o755)
        os.mkdir(f"{self.folder}/data", 0o700)
        shutil.chown(f"{self.folder}/data", "postfix")
        self._write("main.cf", MAIN.format(folder=self.folder, mail=mail, maps=maps, uid=uid, gid=gid))
        self._write("master.cf", MASTER.format(port=self.port))
        self._run("start")
        wait_until(self._is_ready, 20, f"an SMTP greeting; the log: {self.log()}")

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _run(self, what):
        done = subprocess.run(["/usr/sbin/postfix", "-c", self.folder, what],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        assert done.returncode == 0, done.stdout.decode(errors="replace") + self.log()

    def _is_ready(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return True
        except OSError:
            return False

    def log(self):
        path = os.path.join(self.folder, "log")
        return open(path, encoding="utf-8", errors="replace").read() if os.path.exists(path) else ""

    def send(self, user, octets):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.sendmail("sender@example.net", [f"{user}@example.org"], octets)

    def close(self):
        self._run("stop")
        shutil.rmtree(self.folder, ignore_errors=True)
