# The settings file: the variables that differ from their defaults, kept whole through any power
# cut.
#
# One line per variable, `name value` or `name index value`, quoted as on the command line, and a
# last line with the CRC-32 of all before it. A save writes a new file beside the old one and
# renames it over it: LittleFS makes the rename one step, so a cut at any flash operation leaves
# the old file or the new. A file that fails its check is not believed at all: defaults are safer
# than half.
import os
from binascii import crc32

from wire import cmdline

from . import variables

PATH = "/settings"
_NEW = "/settings.new"
MAX_SIZE = 16384  # 160 variables of 100 bytes; a larger file is not ours


def dump(values):
    """The file's content for a dict of full name, and index, -> value."""
    lines = []
    for key in sorted(values):
        value = values[key]
        text = cmdline.quote(value) if isinstance(value, bytes) else b"%d" % value
        lines.append(b"%s %s\n" % (key, text))
    body = b"".join(lines)
    return b"%s#%08x\n" % (body, crc32(body))


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


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass


def save():
    """Write the present values. Raises OSError (ENOSPC) and leaves the old file when it does not
    fit.
    """
    data = dump(variables.values)
    try:
        with open(PATH, "rb") as f:
            if f.read(len(data) + 1) == data:
                return  # equal content: the flash is not worn
    except OSError:
        pass
    try:
        with open(_NEW, "wb") as f:
            f.write(data)
        os.rename(_NEW, PATH)
    except OSError:
        _remove(_NEW)
        raise


def load(path=PATH):
    """Read a settings file into the variables; False when there is none or it is damaged (then
    nothing changes).

    Names that this version does not know and values it does not accept are passed over: an update
    must not lose the rest.
    """
    _remove(_NEW)  # left by a cut in the middle of a save
    try:
        with open(path, "rb") as f:
            rows = parse(f.read(MAX_SIZE))
    except OSError:
        return False
    except (ValueError, cmdline.ParseError):
        return None
    for row in rows:
        try:
            variables.assign(row[0], row[-1], row[1] if len(row) > 2 else None)
        except (ValueError, IndexError, variables.UnknownVariable, variables.ReadOnly):
            pass
    return True


def erase():
    """Forget all saved settings (the next start has the factory's)."""
    _remove(PATH)
    _remove(_NEW)
