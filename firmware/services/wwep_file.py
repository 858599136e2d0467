# The registers of the WWEP server in a file of the user, the same text that the computer's server
# writes:
#
#     WWEP registers 1
#     0FAC 0B 1234
#     end 1 B6997707
#
# The last line has their number and the CRC-32 of all before it. The file is written whole under
# another name; then the old one goes, and the new one gets its name: a power cut leaves one of the
# two. Imported for a load or a save.
import os
from binascii import crc32, unhexlify
from errno import ENOENT

from micropython import const

from firmware.store import files

_HEADING = b"WWEP registers 1\n"
_ROW = b"%04X %02X %04X\n"
_ROW_SIZE = const(13)
_END = b"end %d %08X\n"
_NEW = b".new"


def load(name, database):
    """Put the registers of a file into `database`; False where there is no such file. Raises
    ValueError: it is none of ours, or damaged; OSError.
    """
    try:
        file = files.Reader(name)
    except OSError as e:
        if e.errno != ENOENT:
            raise
        try:
            _rename(name)
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
    try:
        files.delete(name)
    except OSError as e:
        if e.errno != ENOENT:
            raise
    _rename(name)


def _rename(name):
    # Give the new file the name of the old one, which is gone. Raises OSError.
    path, row = files.find(name + _NEW)
    cut = path.rfind(".new;")
    os.rename(path, path[:cut] + path[cut + len(_NEW) :])
