"""A Maildir, as an MTA fills it and an IMAP server meddles with it."""
import itertools
import os

from messages import stored

_serial = itertools.count(1)


class Maildir:
    def __init__(self, path, owner=None):
        self.path = path
        self.owner = owner
        for folder in ("", "tmp", "new", "cur"):
            os.makedirs(os.path.join(path, folder), exist_ok=True)
            self._own(os.path.join(path, folder))

    def _own(self, path):
        if self.owner:
            os.chown(path, *self.owner)

    def deliver(self, message, folder="new", name=None):
        """Puts a named message, or octets, into the drop; gives the file's path."""
        data = message if isinstance(message, bytes) else stored(message)
        serial = next(_serial)
        if name is None:
            name = f"{1700000000 + serial}.M{serial:06d}P{os.getpid()}.tester"
            name += ":2," if folder == "cur" else ""
        draft = os.path.join(self.path, "tmp", name)
        with open(draft, "wb") as file:
            file.write(data)
        os.chmod(draft, 0o600)
        self._own(draft)
        final = os.path.join(self.path, folder, name)
        os.rename(draft, final)
        return final

    def fill(self, *names):
        """Empties the drop and delivers these, oldest first."""
        for path in self.files():
            os.unlink(path)
        return [self.deliver(name) for name in names]

    def files(self):
        """Paths of all messages, oldest first."""
        found = []
        for folder in ("new", "cur"):
            directory = os.path.join(self.path, folder)
            found += [os.path.join(directory, name) for name in os.listdir(directory)]
        return sorted(found, key=os.path.basename)

    def contents(self):
        result = []
        for path in self.files():
            with open(path, "rb") as file:
                result.append(file.read())
        return result

    def mark_seen(self, path):
        """What an IMAP server does with a message that was read: new/X becomes cur/X:2,S."""
        base = os.path.basename(path).split(":2,")[0]
        target = os.path.join(self.path, "cur", base + ":2,S")
        os.rename(path, target)
        return target
