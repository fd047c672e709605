"""A program on a terminal: tmux with a server and a socket of its own, looked at by its screen.

    with Screen(folder, home.environment(), command, 80, 24) as screen:
        screen.wait("letter")
        screen.keys("j", "Enter")
"""
import os
import subprocess
import time
import unicodedata

SOCKET = "tmux.socket"
# What runs in the terminal: the program, then what it left behind.
SHELL = 'trap : INT; "$@" 2>stderr; echo "exit code $?"; stty -a | tr " " "\\n" | grep -x -e "-\\?icanon" ' \
        '-e "-\\?echo"; exec sleep 600'


def width(text):
    """Columns of a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF"
               else 1 for c in text)


class Screen:
    def __init__(self, folder, environment, command, columns=80, rows=24):
        self.folder = str(folder)
        self.environment = {**environment, "TMUX_TMPDIR": self.folder}
        self.environment.pop("TMUX", None)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "sh", "-c", SHELL, "sh", *command)
        self.shell = int(self.say("#{pane_pid}"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server", check=False)

    def tmux(self, *words, check=True):
        # By a relative path: a socket's name may not be long.
        done = subprocess.run(["tmux", "-u", "-S", SOCKET, *words], cwd=self.folder,
                              env=self.environment, capture_output=True, check=False, timeout=30)
        assert not check or done.returncode == 0, (words, done.stderr)
        return done.stdout.decode()

    def say(self, form):
        return self.tmux("display-message", "-p", form).strip()

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def text(self):
        return self.tmux("capture-pane", "-p")

    def lines(self):
        return self.text().split("\n")

    def until(self, true, what, seconds=20):
        """Waits until true(text of the screen)."""
        end = time.monotonic() + seconds
        while True:
            text = self.text()
            if true(text):
                return text
            assert time.monotonic() < end, f"{what}\n{text}\n{self.errors()}"
            time.sleep(0.05)

    def wait(self, *wanted, seconds=20):
        return self.until(lambda text: all(word in text for word in wanted),
                          f"not there: {wanted}", seconds)

    def wait_gone(self, unwanted):
        return self.until(lambda text: unwanted not in text, f"still there: {unwanted}")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def record(self):
        """From now on all that the program writes to the terminal goes into the file, too."""
        self.tmux("pipe-pane", "-O", "exec cat >>written")

    def written(self):
        with open(os.path.join(self.folder, "written"), "rb") as file:
            return file.read()

    def errors(self):
        with open(os.path.join(self.folder, "stderr"), encoding="utf-8") as file:
            return file.read()

    def process(self):
        """The program's."""
        with open(f"/proc/{self.shell}/task/{self.shell}/children", encoding="ascii") as file:
            return int(file.read().split()[0])

    def ended(self, seconds=20):
        """Waits for the end; the exit code. The terminal is as it was."""
        text = self.wait("exit code ", "\nicanon", "\necho", seconds=seconds)
        assert self.say("#{alternate_on} #{cursor_flag} #{keypad_flag}") == "0 1 0"
        return int(text.split("exit code ")[1].split()[0])
