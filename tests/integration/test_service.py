"""How the program is started: its options, socket activation, the service manager's messages."""
import os
import shutil
import signal
import socket
import subprocess

import pop3
import pytest
from poplind import free_port, program, wait_until


def run(*words):
    return subprocess.run([program("poplind"), *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20,
                          env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})


def test_check_accepts_a_good_file(make_server):
    server = make_server(start=False)
    done = run("-t", "-c", server.config_file)
    assert done.returncode == 0, done.stderr


def test_check_reports_every_error_with_its_place(make_server):
    server = make_server(start=False)
    server.write_config("config 1\nlisten pop4\nuserz file /x\nlimits { idel 10m }\n")
    done = run("-t", "-c", server.config_file)
    text = (done.stdout + done.stderr).decode()
    assert done.returncode != 0
    for line in (2, 3, 4):
        assert f"poplind.conf:{line}:" in text, text
    assert "did you mean" in text


def test_printed_configuration_is_read_back(make_server):
    server = make_server(start=False)
    printed = run("-T", "-c", server.config_file)
    assert printed.returncode == 0 and f":{server.port}" in printed.stdout.decode()
    server.write_config(printed.stdout.decode())
    again = run("-T", "-c", server.config_file)
    assert again.stdout == printed.stdout


def test_a_bad_option_says_how_to_call_it():
    done = run("--no-such-option")
    assert done.returncode not in (0, 1, -11, -6)
    assert b"poplind" in done.stderr


def test_a_port_in_use_is_said_and_ends_the_start(make_server):
    server = make_server(start=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        server.start(wait=False)
        assert server.process.wait(20) != 0
        server.process = None
    assert str(server.port) in server.log()


def test_the_service_manager_is_told_of_each_phase(make_server):
    server = make_server(start=False)
    path = os.path.join(server.folder, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        os.chmod(path, 0o666)
        manager.settimeout(15)
        server.environment["NOTIFY_SOCKET"] = path
        server.start()
        heard = []
        _hear(manager, heard, "READY=1")
        server.signal(signal.SIGHUP)
        _hear(manager, heard, "RELOADING=1")
        _hear(manager, heard, "READY=1")
        server.signal(signal.SIGTERM)
        _hear(manager, heard, "STOPPING=1")
        assert server.process.wait(20) == 0


def _hear(manager, heard, word):
    while word not in heard:
        heard += manager.recv(4096).decode().split("\n")
    heard.clear()


def test_sockets_are_taken_from_the_service_manager(make_server):
    tool = shutil.which("systemd-socket-activate")
    if not tool:
        pytest.skip("no systemd-socket-activate")
    server = make_server(start=False)
    given = free_port()
    text = server.config_text().replace(f"127.0.0.1:{server.port} ", f"127.0.0.1:{given} ")
    server.write_config(text)
    with open(server.log_file, "ab") as log:
        process = subprocess.Popen(
            [tool, "-l", f"127.0.0.1:{given}", "-E", "ASAN_OPTIONS=detect_leaks=0", *server.command()],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=server.folder)
    server.process, server.port = process, given
    try:
        def greeted():
            try:
                with pop3.Session(given, timeout=3) as session:
                    return session.greeting.startswith(b"+OK")
            except (OSError, pop3.Closed):
                return False

        wait_until(greeted, 20, "a greeting on the passed socket; " + server.log()[-2000:])
        with server.session() as session:
            session.login()
    finally:
        server.stop()


def test_it_runs_as_an_ordinary_user(make_server):
    if os.geteuid() != 0:
        pytest.skip("is what all other tests do already")
    server = make_server(start=False)
    text = server.config_text().replace("user nobody\nmail-user mail\n", "")
    server.write_config(text)
    subprocess.run(["chown", "-R", "mail:", server.folder], check=True)
    server.command = lambda: ["setpriv", "--reuid=mail", "--regid=mail", "--clear-groups",
                              program("poplind"), "-c", server.config_file]
    server.maildrop("alice").fill("plain")
    server.start()
    with server.session().login() as session:
        session.retr(1)
        session.ok("DELE 1")
        session.ok("QUIT")
    assert server.maildrop("alice").files() == []
    owners = {os.stat(f"/proc/{pid}").st_uid for pid in server.children()}
    assert 0 not in owners or not owners - {0}  # /proc shows root for what cannot be dumped


def test_no_child_runs_as_root(make_server):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    server = make_server()
    for pid, name in server.children().items():
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            uids = next(line.split()[1:] for line in file if line.startswith("Uid:"))
        assert "0" not in uids, f"{name} has the uids {uids}"
