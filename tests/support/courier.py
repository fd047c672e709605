"""Debian's Courier POP3 server: its own login programs and authentication daemon, over Maildirs and a
userdb of the tests. Its files are compiled in: it sees them at /etc/courier and /run/courier, nobody
else does."""
import os
import pwd

import peers
from peer import Peer
from poplind import MAIL_USER

AUTHDAEMON = """authmodulelist="authuserdb"
authmodulelistorig="authuserdb"
daemons=2
authdaemonvar=/run/courier/authdaemon
DEBUG_LOGIN=0
DEFAULTOPTIONS=""
LOGGEROPTS=""
"""

SCRIPT = """
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
makeuserdb
/usr/lib/courier/courier-authlib/authdaemond &
export MAILDIRPATH=. POP3AUTH="PLAIN LOGIN" POP3AUTH_TLS="PLAIN LOGIN" \\
    POP3_TLS_REQUIRED=0 COURIERTLS=/usr/bin/couriertls TLS_CERTFILE={pem} TLS_VERIFYPEER=NONE
tcpd="couriertcpd -address=127.0.0.1 -maxprocs=40 -maxperip=40 -nodnslookup -noidentlookup"
POP3_STARTTLS=YES $tcpd {port} {login} {server} . &
export POP3_STARTTLS=NO POP3_TLS=1
exec $tcpd {tls_port} /usr/bin/couriertls -server -tcpd {login} {server} .
"""


def _program(name):
    return peers.program("courier-pop", "usr/lib/courier/courier/" + name)


def is_here():
    places = ("/usr/sbin/couriertcpd", "/usr/lib/courier-authlib/libauthuserdb.so.0",
              "/etc/courier", "/run")
    return (os.geteuid() == 0 and _program("courierpop3d") is not None
            and all(os.path.exists(place) for place in places))


class Courier(Peer):
    def prepare(self):
        entry = pwd.getpwnam(MAIL_USER)
        self.write("etc/authdaemonrc", AUTHDAEMON)
        self.write("etc/userdb", "".join(
            f"{user}\tuid={entry.pw_uid}|gid={entry.pw_gid}|home={self.mail}/{user}"
            f"|mail={self.mail}/{user}|systempw={peers.crypt(password)}\n"
            for user, password in self.users.items()), 0o600)
        os.makedirs(self.path("run", "courier", "authdaemon"))
        # couriertls gives its rights up before it reads the file: this key is worth nothing.
        with open(self.certificate, encoding="ascii") as one, open(self.key, encoding="ascii") as two:
            self.pem = self.write("pem", two.read() + one.read())

    def launch(self, log):
        script = SCRIPT.format(pem=self.pem, port=self.port, tls_port=self.tls_port,
                               login=_program("courierpop3login"), server=_program("courierpop3d"))
        return peers.start(script, log, [(self.path("etc"), "/etc/courier"),
                                         (self.path("run"), "/run")])
