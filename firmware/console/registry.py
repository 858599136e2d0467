# The command registry: from a command word to its function, importing the file that holds it on
# first use.
#
# The image build reads the @command decorators of firmware/commands/ and packs them into
# index.INDEX, one row each:
#     "\n" name "\x01" shortcut "\x02" module "\x03" least,most
# so that nothing of a command is in RAM before it is first used. A "!" at the end of a row marks a
# command whose arguments hold a password.
from firmware.commands.index import INDEX

_functions = {}  # name -> function, of the modules imported so far
# word as typed (name or shortcut) -> (function, least, most): two entries a command at most
_found = {}


class UnknownCommand(Exception):
    pass


def command(name, shortcut, least=0, most=0):
    """Decorator of a command: `async def f(session, args)` or `def f(session, args)`.

    `args` is a list of `least` to `most` bytes (most None: any number). It returns the response as
    bytes, or as a list of lines (bytes) where it may be long and system.cmd.buffered applies, or
    None for `Success`, or raises CommandError. Its docstring is the help text, first line the
    syntax, from which the Tab key knows what to offer.
    """

    def register(function):
        _functions[name] = function
        return function

    return register


def _row(word):
    # Offset of the row of a command in INDEX. Raises UnknownCommand.
    i = INDEX.find(b"\n%s\x01" % word)
    if i < 0:
        i = INDEX.find(b"\x01%s\x02" % word)
        if i < 0:
            raise UnknownCommand(word)
        i = INDEX.rfind(b"\n", 0, i)
    return i


def find(word):
    """(function, least, most) of a command by name or shortcut. Raises UnknownCommand."""
    found = _found.get(word)
    if found is None:
        i = _row(word)
        a = INDEX.find(b"\x01", i)
        b = INDEX.find(b"\x02", a)
        c = INDEX.find(b"\x03", b)
        d = INDEX.find(b"\n", c)
        name = INDEX[i + 1 : a]
        if name not in _functions:
            __import__("firmware.commands." + INDEX[b + 1 : c].decode())
        row = INDEX[c + 1 : d if d >= 0 else len(INDEX)].rstrip(b"!")
        least, _, most = row.partition(b",")
        found = _found[word] = (_functions[name], int(least), int(most) if most else 99)
    return found


def name(word):
    """The full name of a command by name or shortcut. Raises UnknownCommand."""
    i = _row(word)
    return INDEX[i + 1 : INDEX.find(b"\x01", i)]


def secret(word):
    """True for a command whose arguments hold a password; False for an unknown one too."""
    try:
        i = _row(word)
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
