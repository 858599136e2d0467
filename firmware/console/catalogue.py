# Which commands there are, for those that list them or ask about one without carrying it out. The
# index is registry.py's.
from firmware.commands.index import INDEX

from .registry import UnknownCommand, row


def name(word):
    """The full name of a command by name or shortcut. Raises UnknownCommand."""
    i = row(word)
    return INDEX[i + 1 : INDEX.find(b"\x01", i)]


def secret(word):
    """True for a command whose arguments hold a password; False for an unknown one too."""
    try:
        i = row(word)
    except UnknownCommand:
        return False
    end = INDEX.find(b"\n", i + 1)
    return INDEX.endswith(b"!") if end < 0 else INDEX[end - 1] == 33  # !


def names():
    """Yield (name, shortcut) of every command, by name."""
    i = 0
    while i >= 0:
        a = INDEX.find(b"\x01", i)
        yield INDEX[i + 1 : a], INDEX[a + 1 : INDEX.find(b"\x02", a)]
        i = INDEX.find(b"\n", i + 1)
