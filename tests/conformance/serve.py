#!/usr/bin/python3
"""Starts poplind as the outside runner of test_outside.py wants it, prints how to call that runner,
and serves until it is interrupted: accounts alice, bob, carol, dave and erin@example.org, a plain
port, a TLS port, and one that demands STLS."""
import os
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import poplind  # noqa: E402


def runner_options(server):
    options = ["--port", str(server.port), "--tls-port", str(server.tls_port),
               "--tlsreq-port", str(server.required_port), "--ca", server.certificate,
               "--maildir", server.mail + "/{user}"]
    owner = poplind.mail_owner()
    return options + (["--owner", f"{owner[0]}:{owner[1]}"] if owner else [])


def main():
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    with poplind.Poplind() as server:
        print("runner options:", *runner_options(server), flush=True)
        print("log:", server.log_file, flush=True)
        done.wait()


if __name__ == "__main__":
    main()
