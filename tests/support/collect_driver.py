#!/usr/bin/python3
"""`poplin` as a driver of others' client scenarios: one operation, told by POP_… variables.

POP_HOST, POP_PORT, POP_USER, POP_PASS, POP_TLS (none, stls, tls), POP_CA, POP_AUTH, POP_TOKEN,
POP_AUTHZID, POP_OP and POP_ARG, POP_DIR (a scratch folder), POP_TIMEOUT in seconds. Exit: 0 done,
10 login refused, 11 another -ERR, 12 malformed reply, 13 lost or timed out, 14 TLS failed or
missing, 15 refused before anything was sent, 77 not supported.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import collector  # noqa: E402

EXITS = {"login": 10, "refused": 11, "busy": 11, "partial": 11, "protocol": 12, "lost": 13,
         "timeout": 13, "unreachable": 13, "tls": 14, "unsafe": 15, "config": 15}
NOT_SUPPORTED = 77
ONE_COMMAND = ("stat", "list", "uidl", "retr", "top", "dele", "noop", "rset", "lang")


def setting(name, otherwise=""):
    return os.environ.get("POP_" + name, otherwise)


def secret_file(name, text):
    path = os.path.join(setting("DIR"), name)
    with open(path, "wb") as file:
        file.write(os.fsencode(text) + b"\n")
    os.chmod(path, 0o600)
    return path


def url():
    scheme = "pop3s" if setting("TLS") == "tls" else "pop3"
    return f"{scheme}://{setting('HOST')}:{setting('PORT')}"


def has_no_line_end(text):
    return not set("\r\n\0") & set(text)


def pop_options():
    options = ["--user", setting("USER"), "--timeout", setting("TIMEOUT", "5") + "s",
               "--password-file", secret_file("password", setting("PASS"))]
    options += ["--tls", {"tls": "implicit"}.get(setting("TLS"), setting("TLS", "none"))]
    if setting("CA"):
        options += ["--ca", setting("CA")]
    if setting("AUTH", "any") != "any":
        options += ["--auth", setting("AUTH").upper()]
    if setting("TOKEN"):
        options += ["--token-file", secret_file("token", setting("TOKEN"))]
    if setting("AUTHZID"):
        options += ["--authzid", setting("AUTHZID")]
    return options


def run(words):
    done = subprocess.run([collector.program(), *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={
                              **os.environ, **collector.SANITIZERS,
                              "XDG_STATE_HOME": os.path.join(setting("DIR"), "state")})
    sys.stderr.buffer.write(done.stderr)
    return done


def end(done):
    """The exit status for what poplin made of it; what it said goes to standard error."""
    if done.returncode < 0 or done.returncode > 128:
        return 128 - min(done.returncode, 0)
    error = collector.error_of(done.stdout)
    if error is None:
        return done.returncode and 1
    print(error["text"], file=sys.stderr)
    return EXITS.get(error["kind"], 1)


def one_command():
    words = [setting("OP"), *setting("ARG").split()]
    done = run(["pop", "--json", *pop_options(), url(), *words])
    if done.returncode == 0:
        sys.stdout.buffer.write(done.stdout)
    return end(done)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fetch_all():
    """Into a Maildir, from which the messages are then printed."""
    mail = os.path.join(setting("DIR"), "mail")
    lines = [f"server {url()}", f"user {quoted(setting('USER'))}", f"deliver maildir {mail}",
             f"password file:{secret_file('password', setting('PASS'))}",
             f"timeout {setting('TIMEOUT', '5')}s",
             "tls " + {"tls": "implicit"}.get(setting("TLS"), setting("TLS", "none"))]
    if setting("CA"):
        lines.append(f"ca {setting('CA')}")
    if setting("AUTH", "any") != "any":
        lines.append(f"auth {setting('AUTH').upper()}")
    config = secret_file("config", "config 1\naccount here {\n" + "\n".join(lines) + "\n}")
    done = run(["--config", config, "fetch", "--json"])
    new = os.path.join(mail, "new")
    for name in sorted(os.listdir(new) if os.path.isdir(new) else ()):
        with open(os.path.join(new, name), "rb") as file:
            sys.stdout.buffer.write(file.read())
    return end(done)


def main():
    # A file of secrets holds one line: more cannot be handed to poplin that way.
    if not all(map(has_no_line_end, (setting("PASS"), setting("TOKEN")))):
        return EXITS["config"]
    if setting("OP") == "fetch-all":
        return fetch_all()
    if setting("OP") in ONE_COMMAND:
        return one_command()
    return NOT_SUPPORTED


if __name__ == "__main__":
    sys.exit(main())
