"""Debian's Thunderbird without a screen, told by its remote control to get an account's mail, for the
file in which it notes what it has seen."""
import glob
import json
import os
import socket
import subprocess

from poplind import free_port, wait_until

PROGRAM = "/usr/lib/thunderbird/thunderbird"

PREFERENCES = {
    "mail.accountmanager.accounts": "account1", "mail.accountmanager.defaultaccount": "account1",
    "mail.account.account1.server": "server1", "mail.account.account1.identities": "id1",
    "mail.identity.id1.useremail": "reader@example.org", "mail.identity.id1.valid": True,
    "mail.server.server1.type": "pop3", "mail.server.server1.hostname": "127.0.0.1",
    "mail.server.server1.socketType": 0, "mail.server.server1.authMethod": 3,
    "mail.server.server1.leave_on_server": True, "mail.server.server1.login_at_startup": False,
    "mail.server.server1.limit_offline_message_size": True, "mail.server.server1.max_size": 50,
    "mail.provider.suppress_dialog_on_startup": True, "mail.rights.version": 1,
    "mailnews.start_page.enabled": False, "app.update.enabled": False,
    "toolkit.telemetry.enabled": False, "datareporting.policy.dataSubmissionEnabled": False,
}

GET_MAIL = """
const done = arguments[arguments.length - 1];
(async () => {
    const {MailServices} = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
    const server = MailServices.accounts.allServers.find(one => one.type == "pop3");
    server.password = "PASSWORD";
    const listener = {QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
                      OnStartRunningUrl() {}, OnStopRunningUrl(url, code) { done(code); }};
    MailServices.pop3.GetNewMail(null, listener, server.rootFolder.getFolderWithFlags(0x1000), server);
})().catch(error => done(String(error)));
"""


def is_here():
    return os.access(PROGRAM, os.X_OK)


class Remote:
    """Marionette: messages of JSON, each behind its length."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.buffer, self.serial = b"", 0
        self._receive()

    def _receive(self):
        while b":" not in self.buffer:
            self._more()
        size, self.buffer = self.buffer.split(b":", 1)
        while len(self.buffer) < int(size):
            self._more()
        message, self.buffer = self.buffer[:int(size)], self.buffer[int(size):]
        return json.loads(message)

    def _more(self):
        data = self.socket.recv(65536)
        assert data, "Thunderbird has hung up"
        self.buffer += data

    def __call__(self, command, **parameters):
        self.serial += 1
        data = json.dumps([0, self.serial, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(data), data))
        _kind, _serial, error, result = self._receive()
        assert error is None, error
        return result


def _is_listening(process, port):
    assert process.poll() is None, "Thunderbird has ended"
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def get_mail(server, user, folder):
    """Lets it fetch everything and leave it on the server; gives the path of its popstate.dat."""
    port = free_port()
    chosen = {**PREFERENCES, "mail.server.server1.userName": user, "marionette.port": port,
              "mail.server.server1.port": server.port}
    with open(os.path.join(folder, "user.js"), "w", encoding="utf-8") as file:
        file.writelines(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in chosen.items())
    process = subprocess.Popen(
        [PROGRAM, "--headless", "--profile", folder, "--marionette", "--no-remote",
         "--remote-allow-system-access"], env={**os.environ, "HOME": folder, "MOZ_HEADLESS": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    try:
        wait_until(lambda: _is_listening(process, port), 90, "Thunderbird's remote control")
        remote = Remote(port)
        remote("WebDriver:NewSession", capabilities={})
        remote("Marionette:SetContext", value="chrome")
        result = remote("WebDriver:ExecuteAsyncScript", args=[], scriptTimeout=50000,
                        script=GET_MAIL.replace("PASSWORD", server.users[user]))
        assert result == {"value": 0}, result
        pattern = os.path.join(folder, "Mail", "*", "popstate.dat")
        return wait_until(lambda: glob.glob(pattern), 20, pattern)[0]
    finally:
        process.kill()
        process.wait()
