# Reads the settings file at the start of the module. What it holds, and how it is written, is in
# settings.py.
import os
from binascii import crc32

from micropython import const

from wire import cmdline

from . import variables

PATH = "/settings"
NEW = "/settings.new"  # while it is written
_BLOCK = const(512)  # of the file at a time; also about the longest line


def remove(path):
    """Remove a file that may not be there."""
    try:
        os.remove(path)
    except OSError:
        pass


def load():
    """Read a settings file into the variables. False when there is none, None when it is damaged:
    then the factory's settings are taken.

    Names that this version does not know and values it does not accept are passed over: an update
    must not lose the rest.
    """
    remove(NEW)  # left by a cut in the middle of a save
    found = False
    try:
        with open(PATH, "rb") as f:
            found = None
            if is_whole(f):
                f.seek(0)
                for line in _lines(f):
                    _take(line)
                return True
    except OSError:
        pass
    from . import factory

    factory.load()
    return found


def _lines(f):
    # The lines of a file, by the block: all of it may be more than a start has room for.
    rest = b""
    while True:
        block = f.read(_BLOCK)
        if not block:
            yield rest
            return
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        yield from lines


def is_whole(f):
    """Whether the last line of an open settings file is the check of all before it."""
    crc = 0
    check = None
    for line in _lines(f):
        if check is not None:
            return check == b"#%08x" % crc and not line and not f.read(1)
        if line[:1] == b"#":
            check = line
        else:
            crc = crc32(b"%s\n" % line, crc)
    return False


def assign(name, text, index=None):
    """Store a saved value, given as text, by its full name and index. Raises UnknownVariable,
    ReadOnly, ValueError.
    """
    row = variables.by_name(name)
    if row is None:
        raise variables.UnknownVariable(name)
    kind, default = row[1:3]
    if kind[0] in b"ov":
        raise variables.ReadOnly(name)
    if (kind[1] == 120) != (index is not None):  # x
        raise ValueError
    if index is not None:
        index = variables.known_index(kind, index)
        kind, default = variables.item(kind, default, index)
    if kind[1] == 114:  # r: this rate was accepted once
        text += b" raw"
    variables.put(name, kind, default, variables.parse(kind, text), index)


def _take(line):
    try:
        row = cmdline.split(line)
        assign(row[0], row[-1], row[1] if len(row) > 2 else None)
    except (ValueError, IndexError, variables.UnknownVariable, variables.ReadOnly):
        pass
