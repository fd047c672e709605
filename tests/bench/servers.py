"""The servers that are compared, all over the same maildrops."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import dovecot  # noqa: E402
import poplind  # noqa: E402

LIMITS = {"sessions": 40000, "per-address": 40000, "per-user": 40000, "unauthenticated": 20000,
          "unauthenticated-per-address": 20000}
TUNED_LOGIN = "  service_count = 0\n  process_min_avail = 2\n  client_limit = 10000\n  vsz_limit = 1G"
TUNED = """auth_cache_size = 16M
pop3_no_flag_updates = yes
maildir_very_dirty_syncs = yes
default_vsz_limit = 1G
"""
FORMS = {
    "dovecot, one client a process":
        "  service_count = 0\n  process_min_avail = 16\n  process_limit = 4096\n  vsz_limit = 1G",
    "dovecot, many clients a process":
        "  service_count = 0\n  process_min_avail = 2\n  client_limit = 100\n"
        "  process_limit = 4096\n  vsz_limit = 1G",
}


class _Ours(poplind.Poplind):
    def maildrop(self, user="alice"):
        """The drops lie elsewhere, made already."""


def ours(mail, users, extra="", limits=None):
    server = _Ours(users=users, limits=LIMITS if limits is None else limits, extra=extra,
                   start=False, store=f"maildir {mail}/%u")
    server.start()
    return server


def peers(mail, users):
    """Both tuned forms; they need root."""
    if not dovecot.is_here():
        return {}
    return {name: dovecot.Dovecot(users=users, login=TUNED_LOGIN, pop3_service=form,
                                  extra=TUNED, mail=mail)
            for name, form in FORMS.items()}


class Null:
    """The server of canned strings, with the face of the others."""

    def __init__(self, folder, messages=10, file=None):
        self.port = poplind.free_port()
        self.process = subprocess.Popen(
            [os.path.join(folder, "pop3_null"), str(self.port), str(messages),
             *([file] if file else [])])
        time.sleep(0.2)

    def close(self):
        self.process.kill()
        self.process.wait()
