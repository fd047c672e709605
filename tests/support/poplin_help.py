"""What `poplin --help` and `poplin COMMAND --help` say there is."""
import re
import subprocess

from poplin_home import program

OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][a-z-]*")


def help_of(*words):
    return subprocess.run([program(), *words, "--help"], capture_output=True, text=True,
                          check=True).stdout


def commands():
    return re.findall(r"(?m)^  ([a-z]+)  +\S", help_of()) if program() else []


def options_of(*words):
    return set(OPTION.findall(help_of(*words)))
