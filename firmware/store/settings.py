# Writes the settings file: the variables that differ from their defaults, kept whole through any
# power cut. saved.py reads it at the start.
#
# One line per variable, `name value` or `name index value`, quoted as on the command line, and a
# last line with the CRC-32 of all before it. A save writes a new file beside the old one and
# renames it over it: LittleFS makes the rename one step, so a cut at any flash operation leaves
# the old file or the new. A file that fails its check is not believed at all: defaults are safer
# than half.
import os
from binascii import crc32

from micropython import const

from wire import cmdline
from wire.quoting import quote

from . import saved, variables

MAX_SIZE = 24_576  # 240 variables of 100 bytes; a larger file is not ours
EFBIG = const(27)  # it would be larger; the chip's errno lacks it


def pieces(values, keys=None):
    """Yield the file's content, a line at a time, for a dict of full name, and index, -> value, or
    for these of its keys alone.
    """
    crc = 0
    for key in sorted(values if keys is None else keys):
        value = values[key]
        text = quote(value) if isinstance(value, bytes) else b"%d" % value
        line = b"%s %s\n" % (key, text)
        crc = crc32(line, crc)
        yield line
    yield b"#%08x\n" % crc


def dump(values):
    """The same as one bytes object."""
    return b"".join(pieces(values))


def size(values, keys=None):
    """Its length. Raises OSError EFBIG where it could not be read again."""
    n = 0
    for line in pieces(values, keys):
        n += len(line)
    if n > MAX_SIZE:
        raise OSError(EFBIG)
    return n


def body(data):
    """The lines of a settings file without their check; None for a text that is no settings file.
    Raises ValueError when the check fails.
    """
    end = data.rfind(b"#")
    check = data[end:]
    if end < 0 or len(check) != 10 or check.strip(b"#0123456789abcdef\n"):
        return None
    if check != b"#%08x\n" % crc32(data[:end]):
        raise ValueError
    return data[:end]


def parse(data):
    """List of the words of each line of a settings file. Raises ValueError when the check
    fails.
    """
    lines = body(data)
    if lines is None:
        raise ValueError
    return [cmdline.split(line) for line in lines.split(b"\n") if line]


def _saved():
    # Whether the file has just the present values.
    try:
        with open(saved.PATH, "rb") as f:
            for line in pieces(variables.values):
                if f.read(len(line)) != line:
                    return False
            return not f.read(1)
    except OSError:
        return False


def save():
    """Write the present values. Raises OSError (ENOSPC, EFBIG) and leaves the old file when they
    do not fit.
    """
    size(variables.values)
    if _saved():
        return  # the flash is not worn
    try:
        with open(saved.NEW, "wb") as f:
            for line in pieces(variables.values):
                f.write(line)
        os.rename(saved.NEW, saved.PATH)
    except OSError:
        saved.remove(saved.NEW)
        raise


def erase():
    """Forget all saved settings (the next start has the factory's)."""
    saved.remove(saved.PATH)
    saved.remove(saved.NEW)
