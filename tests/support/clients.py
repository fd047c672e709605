"""Mail clients as people run them, each behind one face.

A client is a function (Account, scratch folder, keep) → list of messages as octets, which fetches
everything and deletes it on the server unless `keep`. What a client changes on purpose (line ends,
trace headers) is undone or switched off here, so that callers compare octets.
"""
import os
import poplib
import pty
import select
import shutil
import subprocess
import time
from dataclasses import dataclass

import pop3

MODES = ("plain", "stls", "tls")


@dataclass
class Account:
    server: object
    mode: str
    user: str = "alice"
    password: str = "secret"
    auth: str = "user"  # mpop's word

    @property
    def port(self):
        return self.server.tls_port if self.mode == "tls" else self.server.port


def run(command, folder, text=None, seconds=25, allowed=(0,), **environment):
    """Runs a program in a home of its own; its output when its status is an expected one."""
    done = subprocess.run(
        command, input=text, stdin=None if text is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, cwd=folder,
        env={**os.environ, "HOME": folder, "LC_ALL": "C.UTF-8", **environment})
    assert done.returncode in allowed, (
        f"{command[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-1500:]}"
        f"{done.stdout.decode(errors='replace')[-500:]}")
    return done.stdout


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


def _maildir(folder):
    for name in ("tmp", "new", "cur"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    return folder


def _read_maildir(folder):
    """Messages in the order they were delivered."""
    paths = [os.path.join(folder, sub, name)
             for sub in ("new", "cur") for name in os.listdir(os.path.join(folder, sub))]
    paths.sort(key=lambda path: (os.stat(path).st_mtime_ns, path))
    return [open(path, "rb").read() for path in paths]


def _numbering_program(folder):
    """A folder, and a program that saves each message there under the next number."""
    box = os.path.join(folder, "saved")
    os.makedirs(box, exist_ok=True)
    save = _write(os.path.join(folder, "save"),
                  f'#!/bin/sh\nn=$(ls {box} | wc -l)\nexec cat >{box}/$(printf %05d "$n")\n')
    os.chmod(save, 0o700)
    return box, save


def _read_numbered(box):
    return [open(os.path.join(box, name), "rb").read() for name in sorted(os.listdir(box))]


# curl

def _curl(account, folder, path, *options):
    scheme = "pop3s" if account.mode == "tls" else "pop3"
    tls = [] if account.mode == "plain" else ["--ssl-reqd", "--cacert", account.server.certificate]
    return run(["curl", "-sS", "--disable", *tls, "-u", f"{account.user}:{account.password}",
                *options, f"{scheme}://127.0.0.1:{account.port}/{path}"], folder)


def curl(account, folder, keep):
    rows = _curl(account, folder, "").decode().split("\r\n")
    numbers = [row.split()[0] for row in rows if row]
    messages = [_curl(account, folder, number) for number in numbers]
    if not keep:
        for _ in numbers:
            _curl(account, folder, "", "-I", "-X", "DELE 1")
    return messages


# mpop

def mpop(account, folder, keep):
    tls = {"plain": "tls off", "stls": "tls on\ntls_starttls on", "tls": "tls on\ntls_starttls off"}
    box = _maildir(os.path.join(folder, "mpop"))
    config = _write(os.path.join(folder, "mpoprc"), f"""
account here
host 127.0.0.1
port {account.port}
auth {account.auth}
user {account.user}
password {account.password}
{tls[account.mode]}
{'' if account.mode == 'plain' else 'tls_trust_file ' + account.server.certificate}
keep {'on' if keep else 'off'}
received_header off
uidls_file {folder}/uidls
delivery maildir {box}
""")
    run(["mpop", "-C", config, "-q", "here"], folder)
    return _read_maildir(box)


# fetchmail

def fetchmail(account, folder, keep):
    box, save = _numbering_program(folder)
    tls = {"plain": 'sslproto ""', "stls": "sslproto TLS1.2+", "tls": "ssl"}[account.mode]
    trust = "" if account.mode == "plain" else (
        f"sslcertck sslcertfile {account.server.certificate} sslcommonname localhost")
    config = _write(os.path.join(folder, "fetchmailrc"), f"""
set invisible
poll 127.0.0.1 protocol pop3 service {account.port} uidl
    user "{account.user}" password "{account.password}" {tls} {trust}
    {'keep' if keep else 'nokeep'} fetchall no rewrite no mimedecode no dropstatus pass8bits
    mda "{save}"
""")
    run(["fetchmail", "-f", config, "-i", os.path.join(folder, "ids"), "--pidfile",
         os.path.join(folder, "fetchmail.pid")], folder, seconds=40)
    return _read_numbered(box)


# getmail

def getmail(account, folder, keep):
    kind = "SimplePOP3SSLRetriever" if account.mode == "tls" else "SimplePOP3Retriever"
    trust = "" if account.mode == "plain" else f"ca_certs = {account.server.certificate}"
    box, save = _numbering_program(folder)
    _write(os.path.join(folder, "getmailrc"), f"""
[retriever]
type = {kind}
server = 127.0.0.1
port = {account.port}
username = {account.user}
password = {account.password}
{trust}
[destination]
type = MDA_external
path = {save}
allow_root_commands = true
unixfrom = false
[options]
delete = {'false' if keep else 'true'}
read_all = true
delivered_to = false
received = false
verbose = 0
""")
    _run_getmail(folder, box)
    return _read_numbered(box)


def _run_getmail(folder, box, tries=4):
    """Now and then it waits for ever (in a futex, its connection idle) for a program that has ended;
    killed there, it has sent no QUIT, so nothing was deleted, and it begins anew."""
    command = ["getmail", "--getmaildir", folder, "--rcfile", os.path.join(folder, "getmailrc")]
    for left in reversed(range(tries)):
        try:
            run(command, folder, seconds=12)
            return
        except subprocess.TimeoutExpired:
            if left == 0:
                raise
        for name in os.listdir(box):
            os.unlink(os.path.join(box, name))


# neomutt, driven through a pseudo-terminal

def _in_terminal(command, folder, seconds=20):
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, {**os.environ, "HOME": folder, "TERM": "xterm",
                                         "LC_ALL": "C.UTF-8"})
    shown, end = b"", time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            if terminal in select.select([terminal], [], [], 0.5)[0]:
                try:
                    data = os.read(terminal, 65536)
                except OSError:
                    data = b""
                if not data:
                    break
                shown += data
        else:
            os.kill(child, 9)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(terminal)
    assert status == 0, f"{command[0]} ended with {status}; its screen: {shown[-1500:]!r}"


def neomutt(account, folder, keep):
    box = _maildir(os.path.join(folder, "neomutt"))
    scheme = "pops" if account.mode == "tls" else "pop"
    config = _write(os.path.join(folder, "neomuttrc"), f"""
set pop_host = "{scheme}://{account.user}@127.0.0.1:{account.port}"
set pop_pass = "{account.password}"
set pop_authenticators = "user"
set pop_delete = {'no' if keep else 'yes'}
set ssl_starttls = {'yes' if account.mode == 'stls' else 'no'}
set ssl_force_tls = {'no' if account.mode == 'plain' else 'yes'}
set certificate_file = "{account.server.certificate}"
set ssl_verify_host = no
set folder = "{folder}"
set mbox_type = Maildir
set spool_file = "{box}"
set quit = yes
push "<fetch-mail><quit>"
""")
    _in_terminal(["neomutt", "-n", "-F", config, "-f", box], folder)
    return _read_maildir(box)


# mailutils

def mailutils(account, folder, keep):
    box = _maildir(os.path.join(folder, "mailutils"))
    scheme = "pops" if account.mode == "tls" else "pop"
    config = _write(os.path.join(folder, "mailutils.conf"), f"""
tls {{
  ssl-ca-file "{account.server.certificate}";
}}
""")
    url = f"{scheme}://{account.user}:{account.password}@127.0.0.1:{account.port}"
    url += ";tls=yes" if account.mode == "stls" else ""
    run(["movemail", "--no-user-config", "--no-site-config", f"--config-file={config}",
         *(["--preserve"] if keep else []), url, f"maildir:{box}"], folder)
    return _read_maildir(box)


# Python's poplib

def python_poplib(account, folder, keep):
    context = None if account.mode == "plain" else pop3.trusting(account.server.certificate)
    if account.mode == "tls":
        client = poplib.POP3_SSL("127.0.0.1", account.port, timeout=20, context=context)
    else:
        client = poplib.POP3("127.0.0.1", account.port, timeout=20)
    if account.mode == "stls":
        client.stls(context)
    client.user(account.user)
    client.pass_(account.password)
    messages = []
    for number in range(1, client.stat()[0] + 1):
        messages.append(b"".join(line + b"\r\n" for line in client.retr(number)[1]))
        if not keep:
            client.dele(number)
    client.quit()
    return messages


# Perl's Net::POP3

PERL = r"""
use strict; use Net::POP3;
my ($mode, $port, $ca, $user, $password, $folder, $keep) = @ARGV;
my %tls = (SSL_ca_file => $ca, SSL_verifycn_name => 'localhost');
my $pop = Net::POP3->new('127.0.0.1', Port => $port, Timeout => 20,
    $mode eq 'tls' ? (SSL => 1, %tls) : ()) or die "connect: $@";
if ($mode eq 'stls') { $pop->starttls(%tls) or die "starttls: " . $pop->message; }
defined $pop->login($user, $password) or die "login: " . $pop->message;
my $list = $pop->list or die;
for my $number (sort { $a <=> $b } keys %$list) {
    my $lines = $pop->get($number) or die "get $number";
    open my $file, '>:raw', sprintf("%s/perl.%05d", $folder, $number) or die;
    print $file @$lines;
    close $file;
    if (!$keep) { $pop->delete($number) or die "delete $number"; }
}
$pop->quit or die "quit";
"""


def perl_net_pop3(account, folder, keep):
    script = _write(os.path.join(folder, "fetch.pl"), PERL)
    run(["/usr/bin/perl", script, account.mode, str(account.port), account.server.certificate,
         account.user, account.password, folder, "1" if keep else ""], folder)
    names = sorted(name for name in os.listdir(folder) if name.startswith("perl."))
    return [open(os.path.join(folder, name), "rb").read() for name in names]


# openssl s_client: a person at the keyboard

class _Typed:
    """A session typed into a program's standard input."""

    def __init__(self, command):
        self.program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def line(self):
        line = self.program.stdout.readline()
        assert line.endswith(b"\r\n"), f"s_client gave {line!r}"
        return line[:-2]

    def ok(self, command):
        self.program.stdin.write(command.encode() + b"\r\n")
        self.program.stdin.flush()
        line = self.line()
        assert line.startswith(b"+OK"), f"{command}: {line!r}"
        return line

    def body(self):
        lines = []
        while (line := self.line()) != b".":
            lines.append((line[1:] if line.startswith(b".") else line) + b"\r\n")
        return b"".join(lines)


def openssl_s_client(account, folder, keep):
    stls = ["-starttls", "pop3"] if account.mode == "stls" else []
    typed = _Typed(["openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile",
                    account.server.certificate, *stls, "-connect", f"127.0.0.1:{account.port}"])
    try:
        if account.mode == "tls":  # else s_client read the greeting itself
            assert typed.line().startswith(b"+OK")
        typed.ok(f"USER {account.user}")
        typed.ok(f"PASS {account.password}")
        count = int(typed.ok("STAT").split()[1])
        messages = []
        for number in range(1, count + 1):
            typed.ok(f"RETR {number}")
            messages.append(typed.body())
            if not keep:
                typed.ok(f"DELE {number}")
        typed.ok("QUIT")
        return messages
    finally:
        typed.program.stdin.close()
        typed.program.wait(20)
        typed.program.stdout.close()


ALL = {
    "curl": (curl, "curl"), "mpop": (mpop, "mpop"), "fetchmail": (fetchmail, "fetchmail"),
    "getmail": (getmail, "getmail"), "neomutt": (neomutt, "neomutt"),
    "mailutils": (mailutils, "movemail"), "poplib": (python_poplib, "python3"),
    "net_pop3": (perl_net_pop3, "perl"), "s_client": (openssl_s_client, "openssl"),
}


def is_here(name):
    return shutil.which(ALL[name][1]) is not None
