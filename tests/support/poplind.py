"""A real poplind over fresh maildrops: its own folder, free ports, users and certificate.

    with Poplind() as server:
        server.maildrop("alice").fill("plain", "dots")
        server.session().login("alice")

Runs as root (processes then drop to `nobody` and the Maildirs' owner) and as an ordinary user. At
the end it is stopped by its pid and its log is searched for reports of the sanitizers.
"""
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import certificate
import pop3
from maildir import Maildir

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FRONT_USER = "nobody"
MAIL_USER = "mail"
SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|MemorySanitizer|ThreadSanitizer"
                       r"|UndefinedBehaviorSanitizer|: runtime error: ).*")
USERS = {"alice": "secret", "bob": "secret", "carol": "pa ss  word", "dave": "secret",
         "erin@example.org": "secret"}


def program(name):
    """The path of an executable: from the environment, else the release build."""
    path = os.environ.get(name.upper(), os.path.join(ROOT, "build", name))
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path}: build it first, or set {name.upper()}")
    return path


def is_built():
    try:
        return bool(program("poplind"))
    except FileNotFoundError:
        return False


def _ports():
    """Ports to listen on, below those that the kernel gives to clients; each once a process, and
    each test worker its own: poplind binds with SO_REUSEPORT, so nobody would notice a port that
    two of them share."""
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    first, count = 12000 + worker % 2 * 10000, 10000
    start = os.getpid() * 37 % count
    for step in range(count):
        yield first + (start + step) % count


_candidates = _ports()


def free_port():
    for port in _candidates:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no port is free")


def mail_owner():
    """Who owns the maildrops: None when the tests run as an ordinary user."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(MAIL_USER)
    return entry.pw_uid, entry.pw_gid


def wait_until(condition, seconds, what):
    """Asks again and again; gives what `condition` gave, fails with `what` after the time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Poplind:
    def __init__(self, users=None, limits=None, extra="", store=None, start=True, starttls="allowed",
                 per_user=None, environment=None):
        self.folder = tempfile.mkdtemp(prefix="poplin-test-")
        os.chmod(self.folder, 0o755)
        self.users = dict(USERS if users is None else users)
        self.limits = {"auth-fail-delay": "0s", "per-address": "100", **(limits or {})}
        if per_user:
            self.limits["per-user"] = per_user
        self.extra = extra
        self.starttls = starttls
        self.environment = environment or {}
        self.port, self.tls_port, self.required_port = free_port(), free_port(), free_port()
        self.mail = os.path.join(self.folder, "mail")
        self.store = store or f"maildir {self.mail}/%u"
        self.config_file = os.path.join(self.folder, "poplind.conf")
        self.users_file = os.path.join(self.folder, "users")
        self.log_file = os.path.join(self.folder, "log")
        self.process = None
        self.exit_status = None
        self._log_start = 0
        self._prepare()
        if start:
            self._start_or_clean()

    def _start_or_clean(self):
        try:
            self.start()
        except BaseException:
            self.stop(5)
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _prepare(self):
        os.mkdir(self.mail, 0o755)
        if mail_owner():
            os.chown(self.mail, *mail_owner())
        self.certificate, self.key = certificate.make(self.folder)
        self.write_users()
        self.write_config()
        for user in self.users:
            self.maildrop(user)

    def write_users(self):
        draft = self.users_file + ".draft"
        with open(draft, "w", encoding="utf-8") as file:
            # A value that names its scheme stands as it is.
            file.writelines(f"{u}:{p if p[:1] in ('{', '$', '*') else '{PLAIN}' + p}\n"
                            for u, p in self.users.items())
        os.chmod(draft, 0o640)
        if os.geteuid() == 0:
            os.chown(draft, 0, grp.getgrgid(pwd.getpwnam(FRONT_USER).pw_gid).gr_gid)
        os.rename(draft, self.users_file)

    def config_text(self):
        lines = [
            "config 1", "hostname localhost",
            f"listen pop3 127.0.0.1:{self.port} {{ starttls {self.starttls} }}",
            f"listen pop3 127.0.0.1:{self.required_port} {{ starttls required }}",
            f"listen pop3s 127.0.0.1:{self.tls_port}",
            f"tls cert {self.certificate} key {self.key}",
            f"users file {self.users_file}", f"store {self.store}",
            "limits { " + " ".join(f"{k} {v}" for k, v in self.limits.items()) + " }",
        ]
        if os.geteuid() == 0:
            lines += [f"user {FRONT_USER}", f"mail-user {MAIL_USER}"]
        return "\n".join(lines) + "\n" + self.extra + ("\n" if self.extra else "")

    def write_config(self, text=None):
        with open(self.config_file, "w", encoding="utf-8") as file:
            file.write(self.config_text() if text is None else text)

    def maildrop(self, user="alice"):
        return Maildir(os.path.join(self.mail, user), mail_owner())

    def command(self):
        return [program("poplind"), "-c", self.config_file]

    def _environment(self):
        options = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:exitcode=99",
                   "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
        return {**os.environ, **options, **self.environment}

    def start(self, wait=True):
        self._log_start = len(self.log())
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment(), cwd=self.folder, start_new_session=True)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        wait_until(self._is_ready, seconds, "a greeting; the log says:\n" + self.log())

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"poplind ended ({self.process.returncode}):\n{self.log()}")
        if "event=ready" not in self.log()[self._log_start:]:
            return False
        try:
            with pop3.Session(self.port, timeout=2) as session:
                return session.greeting.startswith(b"+OK")
        except (OSError, pop3.Closed):
            return False

    def session(self, tls=False, **options):
        """A new connection, greeted; `tls` for the port with implicit TLS."""
        if tls:
            return pop3.Session(self.tls_port, tls=self.context(), **options)
        return pop3.Session(self.port, **options)

    def context(self):
        return pop3.trusting(self.certificate)

    def log(self):
        if not os.path.exists(self.log_file):
            return ""
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_log(self, pattern, seconds=5, start=0):
        """The match of a pattern in the log from the given place on, waiting for it."""
        return wait_until(lambda: re.compile(pattern).search(self.log(), start), seconds,
                          f"{pattern!r} in the log:\n{self.log()[-3000:]}")

    def children(self):
        """Every process below the master as {pid: name}."""
        parents = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    text = file.read()
                with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as file:
                    title = file.read().replace("\0", " ").strip()
            except OSError:
                continue
            name = text[text.index("(") + 1 : text.rindex(")")]
            state, parent = text[text.rindex(")") + 2 :].split()[:2]
            if state != "Z":
                parents[int(entry)] = (int(parent), f"{name} {title}")
        family = {self.process.pid: ""}
        grown = True
        while grown:
            grown = False
            for pid, (parent, name) in parents.items():
                if parent in family and pid not in family:
                    family[pid], grown = name, True
        del family[self.process.pid]
        return family

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=20):
        """Ends it with SIGTERM and gives its exit status; SIGKILL for what is left after that."""
        if self.process is None:
            return self.exit_status
        left = self.children()
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            self.exit_status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.exit_status = self.process.wait()
        self.process = None
        for pid in left:
            self._end(pid)
        return self.exit_status

    @staticmethod
    def _end(pid):
        """A child must be gone soon after the master; what is not is killed and left unasserted."""
        for _ in range(100):
            if not os.path.exists(f"/proc/{pid}"):
                return
            time.sleep(0.02)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def reports(self):
        """Lines of the log in which a sanitizer speaks."""
        return [match.group() for match in SANITIZER.finditer(self.log())]

    def close(self):
        try:
            status = self.stop()
            reports, log = self.reports(), self.log()
        finally:
            if not os.environ.get("POPLIN_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)
        assert not reports, "a sanitizer reported:\n" + log[-6000:]
        assert status in (0, None), f"poplind ended with {status}:\n{log[-3000:]}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()
            return
        try:
            self.close()
        except AssertionError as fault:
            print(fault)
