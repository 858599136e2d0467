# The factory's settings: those that the DCT of this module has, on top of the defaults of the
# declarations. They are in force until the first save, from which on the settings file has them;
# a factory reset brings them back. Imported where there is no settings file, for that moment.
from firmware import forget
from wire import dct as codec

from . import dct, saved, variables


def rows():
    """Yield each as [full name, text] or [full name, index, text]."""
    for key, text in dct.texts(codec.VARIABLES):
        yield key.split(b" ", 1) + [text]


def load():
    """Read them into the variables; what this version does not know or accept is passed over."""
    for row in rows():
        try:
            saved.assign(row[0], row[-1], row[1] if len(row) > 2 else None)
        except (ValueError, variables.UnknownVariable, variables.ReadOnly):
            pass
    done()


def done():
    """Take all of this from RAM."""
    for name in ("firmware.store.factory", "firmware.store.dct", "wire.dct"):
        forget(name)
