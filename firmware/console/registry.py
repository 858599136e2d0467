# The command registry: from a command word to its function, importing the file that holds it on
# first use.
#
# The image build reads the @command decorators of firmware/commands/ and packs them into
# index.INDEX, one row each:
#     "\n" name "\x01" shortcut "\x02" file least most
# so that nothing of a command is in RAM before it is first used. The last three are a character
# each: a letter, for the place of the file in index.FILES, and a digit, or "~" for any number. A
# "!" at the end of a row marks a command whose arguments hold a password.
import gc
import sys

from micropython import const

from firmware import forget
from firmware.commands.index import FILES, INDEX

# Command files kept in RAM. A host uses two or three of them again and again; all of them together
# would take 60 KB.
_MOST_FILES = const(4)
# Bytes that are free when a further one is loaded, or the earlier ones go: room for the largest
# file with what it imports (12 KB), its data, and free memory that lies in small pieces.
_RESERVE = const(24_576)
# What commands import besides, keeps no state, and is in nobody else's names.
_SPARE = (
    "firmware.console.ask",
    "firmware.console.catalogue",
    "firmware.console.completion",
    "firmware.console.data",
    "firmware.console.listing",
    "firmware.store.files",
    "firmware.store.kinds",
    "firmware.store.lines",
    "firmware.store.saved",
    "firmware.store.settings",
)

further = ()  # the same of the HTTP server, while it is on

_LIVE = "firmware.live."
_COMMANDS = "firmware.commands."
_INDEX = "firmware.commands.index"

_FIRST = const(0x41)  # A
_NONE = const(0x30)  # 0

_files = []  # command files in RAM, as they were loaded
_functions = {}  # name -> function, of the modules imported so far
# word as typed (name or shortcut) -> (function, least, most): two entries a command at most
known = {}


class UnknownCommand(Exception):
    pass


def command(name, shortcut, least=0, most=0):
    """Decorator of a command: `async def f(session, args)` or `def f(session, args)`.

    `args` is a list of `least` to `most` bytes (most None: any number). It returns the response as
    bytes, or where it may be long and system.cmd.buffered applies as lines (see listing.py), or
    None for `Success`, or raises CommandError. Its docstring is the help text, first line the
    syntax, from which the Tab key knows what to offer.
    """

    def register(function):
        _functions[name] = function
        return function

    return register


def row(word):
    """Offset of the row of a command in INDEX, by name or shortcut. Raises UnknownCommand."""
    i = INDEX.find(b"\n%s\x01" % word)
    if i < 0:
        i = INDEX.find(b"\x01%s\x02" % word)
        if i < 0:
            raise UnknownCommand(word)
        i = INDEX.rfind(b"\n", 0, i)
    return i


def _load(file):
    # Import a command file; those that were loaded first make room. Command files keep no state.
    gc.collect()
    while len(_files) >= _MOST_FILES or (_files and gc.mem_free() < _RESERVE):
        _forget(0)
        gc.collect()
    if gc.mem_free() < _RESERVE:
        make_room()
    _files.append(file)
    try:
        _import(file)
    except MemoryError:
        make_room()
        _files.append(file)
        _import(file)


def _import(file):
    __import__("firmware.commands.%s" % file.decode())
    for name in sys.modules:  # a file may import another one, which is to go as well
        if name.startswith(_COMMANDS) and name != _INDEX:
            file = name[len(_COMMANDS) :].encode()
            if file not in _files:
                _files.append(file)


def make_room():
    """Forget the command files that were loaded, when memory has run out, and what they share:
    commands that are being carried out go on, and the next ones load what they need.
    """
    # MicroPython leaves a name without a module where there was no memory for it, and its import
    # finds nothing from then on. Without the name it tries again; this needs no memory.
    for name in sys.modules:
        if sys.modules.get(name) is None:
            sys.modules.pop(name, None)
    try:
        while _files:
            _forget(-1)
        gc.collect()
        for name in sys.modules:  # a dict of MicroPython may lose entries meanwhile
            if name in _SPARE or name in further or name.startswith(_LIVE):
                forget(name)
    except MemoryError:
        pass  # not even for this: the rest is forgotten the next time
    gc.collect()


def room(size):
    """Whether `size` bytes are free, if need be once the command files are gone."""
    gc.collect()
    if gc.mem_free() < size:
        make_room()
    return gc.mem_free() >= size


def claim(size):
    """Before something that stays in RAM: `size` bytes are free. Raises MemoryError."""
    if not room(size):
        from . import names

        forget("firmware.console.names")
        names.make_room()  # for the commands, which have to go on
        raise MemoryError


def _forget(n):
    # The module goes first: where memory runs out on the way, what is gone is loaded again, and
    # what is not is used as it is, and forgotten the next time.
    file = _files[n]
    forget(_COMMANDS + file.decode())
    mark = b"\x02%c" % (FILES.split().index(file) + _FIRST)
    i = INDEX.find(mark)
    while i >= 0:
        a = INDEX.rfind(b"\x01", 0, i)
        name = INDEX[INDEX.rfind(b"\n", 0, a) + 1 : a]
        _functions.pop(name, None)
        known.pop(name, None)
        known.pop(INDEX[a + 1 : i], None)
        i = INDEX.find(mark, i + 1)
    _files.pop(n)


def find(word):
    """(function, least, most) of a command by name or shortcut. Raises UnknownCommand."""
    found = known.get(word)
    if found is None:
        i = row(word)
        a = INDEX.find(b"\x01", i)
        b = INDEX.find(b"\x02", a)
        name = INDEX[i + 1 : a]
        if name not in _functions:
            _load(FILES.split()[INDEX[b + 1] - _FIRST])
        found = known[word] = (_functions[name], INDEX[b + 2] - _NONE, INDEX[b + 3] - _NONE)
    return found
