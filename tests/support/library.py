"""libpoplin as a program of somebody else finds it: installed into a folder of its own, found by
pkg-config, compiled against with the strictest of what C11 and C++ ask for."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(ROOT, "docs", "examples")
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror"]
LANGUAGES = {"c": ["gcc", "-std=c11", "-x", "c"], "c++": ["g++", "-std=c++11", "-x", "c++"]}


def build_folder():
    return os.environ.get("POPLIN_BUILD", os.path.join(ROOT, "build"))


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Library:
    """Installed below `folder`; the programs that are compiled go there too."""

    def __init__(self, folder):
        self.folder = str(folder)
        output_of("meson", "install", "-C", build_folder(), "--no-rebuild", "--quiet",
                  "--destdir", self.folder)
        found = output_of("find", self.folder, "-name", "libpoplin.pc").split()
        assert len(found) == 1, "libpoplin.pc is not installed"
        self.environment = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(found[0]),
                            "PKG_CONFIG_SYSROOT_DIR": self.folder}
        self.libraries = os.path.dirname(os.path.dirname(found[0]))
        self.shared = os.path.join(self.libraries, "libpoplin.so")
        self.static = os.path.join(self.libraries, "libpoplin.a")
        self.headers = os.path.join(self.flag("--variable=includedir"), "poplin")
        self.environment["LD_LIBRARY_PATH"] = self.libraries
        undefined = output_of("nm", "-D", "--undefined-only", self.shared)
        self.sanitizers = ["-fsanitize=address,undefined"] if "__asan_init" in undefined else []

    def flag(self, *options):
        return output_of("pkg-config", *options, "libpoplin", env=self.environment).strip()

    def compile(self, source, name, language="c", static=False):
        """Gives the program's path; any warning fails."""
        program = os.path.join(self.folder, name)
        flags = self.flag("--cflags", "--libs", *(["--static"] if static else [])).split()
        if static:
            flags = ["-l:libpoplin.a" if f == "-lpoplin" else f for f in flags]
        output_of(*LANGUAGES[language], *STRICT, *self.sanitizers, source, "-x", "none",
                  "-o", program, *flags, env=self.environment)
        return program

    def example(self, name, language="c", static=False):
        suffix = language + ("-static" if static else "")
        return self.compile(os.path.join(EXAMPLES, name + ".c"), f"{name}-{suffix}", language,
                            static)

    def run(self, program, *arguments, password="secret", seconds=60):
        """Standard output, standard error and exit status."""
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, check=False,
                              timeout=seconds, stdin=subprocess.DEVNULL,
                              env={**self.environment, "PASSWORD": password})
        return done.stdout, done.stderr.decode(errors="replace"), done.returncode

    def start(self, program, *arguments, password="secret"):
        return subprocess.Popen([program, *map(str, arguments)], stdout=subprocess.PIPE, text=True,
                                env={**self.environment, "PASSWORD": password})

    def declared(self):
        """Every function that a public header declares for others."""
        names = set()
        for header in os.listdir(self.headers):
            with open(os.path.join(self.headers, header), encoding="utf-8") as file:
                text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
            for declaration in re.findall(r"^POPLIN_API\b[^;]*;", text, re.MULTILINE):
                names.add(re.search(r"(\w+)\s*\(", declaration.split("POPLIN_API", 1)[1]).group(1))
        return names
