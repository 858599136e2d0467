# The registers of the WWEP server in a file of the user, the same text that the computer's server
# writes:
#
#     WWEP registers 1
#     0FAC 0B 1234
#     end 1 B6997707
#
# The last line has their number and the CRC-32 of all before it. The file is written whole under
# another name; then the old one goes, and the new one gets its name: a power cut leaves one of the
# two, and the next load goes on from there. Imported for a load, and while something is to be
# saved.
import os
from binascii import crc32, unhexlify
from errno import ENOENT
from time import ticks_diff, ticks_ms

from micropython import const

from firmware.store import files, variables
from wire import wwep_db

# From a change to its way into the file: a board that is written to day and night for ten years
# wears no block of its flash out.
_SAVE_MS = const(10_000)
_HEADING = b"WWEP registers 1\n"
_ROW = b"%04X %02X %04X\n"
_ROW_SIZE = const(13)
_END = b"end %d %08X\n"
_NEW = b".new"


async def keep(server, device, last):
    """Follow the variable, and save what has changed, at once where it is the `last` chance."""
    name = variables.get(b"wwep.server.file")
    if name != server.file:
        if server.changed is not None:
            await _save(server)  # into the one before
        server.file = name
        _load(server)
    if not server.usable or server.saved == server.database.changes:
        server.changed = None
    elif server.changed is None and not last:
        server.changed = ticks_ms()
    elif last or ticks_diff(ticks_ms(), server.changed) > _SAVE_MS:
        await _save(server)


def _load(server):
    # What is in a file takes the place of what is in RAM; a new file begins with that.
    server.told = server.changed = None
    server.usable = bool(server.file)
    if not server.file:
        return
    database = wwep_db.Database()
    try:
        if load(server.file, database):
            server.database = database
            server.saved = database.changes
        else:
            server.saved = None
    except (OSError, ValueError, MemoryError) as e:
        server.usable = False  # left as it is, for somebody to look at
        _tell(server, b"not used", e)


async def _save(server):
    changes = server.database.changes
    server.changed = None
    try:
        await save(server.file, server.database)
        server.saved = changes
        server.told = None
    except (OSError, ValueError, MemoryError) as e:
        _tell(server, b"not saved", e)


def _tell(server, what, e):
    # Once for each reason: it is tried again and again.
    if isinstance(e, OSError):
        words = b"Error %d" % e.errno
    else:
        words = b"Out of memory" if isinstance(e, MemoryError) else b"damaged"
    if words != server.told:
        server.told = words
        server.say(b"%s %s: %s" % (server.file, what, words))


def load(name, database):
    """Put the registers of a file into `database`; False where there is no such file. Raises
    ValueError: it is none of ours, or damaged; OSError.
    """
    try:
        _rename(name)  # a new one that is whole, and had not got its name yet
    except OSError as e:
        if e.errno != ENOENT:
            raise
    try:
        file = files.Reader(name)
    except OSError as e:
        if e.errno != ENOENT:
            raise
        return False
    try:
        _read(file, database)
    finally:
        file.close()
    return True


def _read(file, database):
    line = file.read(len(_HEADING))
    if not line:
        return  # as file_create leaves it: there is nothing to lose
    if line != _HEADING:
        raise ValueError
    crc = crc32(line)
    while True:
        line = file.read(_ROW_SIZE)
        if line[:4] == b"end ":
            line += file.read(_ROW_SIZE)
            if line != _END % (len(database), crc):
                raise ValueError
            return
        # Two digits at a time; anything but digits is a ValueError.
        device = unhexlify(line[:4])
        register = unhexlify(line[5:7])
        value = unhexlify(line[8:12])
        if len(line) != _ROW_SIZE or len(value) != 2:
            raise ValueError
        if not database.put(device[0] << 8 | device[1], register[0], value[0] << 8 | value[1]):
            raise ValueError
        crc = crc32(line, crc)


async def save(name, database):
    """Replace the file by one with these registers. Raises OSError, and ValueError for a name
    that cannot be; what was there before is kept.
    """
    new = name + _NEW
    try:
        files.delete(new)  # a power cut has left it beside the old one, or it was never renamed
    except OSError as e:
        if e.errno != ENOENT:
            raise
    keys = database.keys()  # others that come meanwhile are for the next time
    size = len(_HEADING) + _ROW_SIZE * len(keys) + len(_END % (len(keys), 0))
    file = files.Writer(new, size)
    try:
        crc = crc32(_HEADING)
        await file.write(_HEADING)
        for key in keys:
            line = _ROW % database.row(key)
            crc = crc32(line, crc)
            await file.write(line)
        await file.write(_END % (len(keys), crc))
    finally:
        file.close()
    _rename(name)


def _rename(name):
    # Give the new file the name of the old one, in the place of that. Raises OSError.
    path, _ = files.find(name + _NEW)
    try:
        files.delete(name)
    except OSError as e:
        if e.errno != ENOENT:
            raise
    cut = path.rfind(".new;")
    os.rename(path, path[:cut] + path[cut + len(_NEW) :])
