# The files: one is written, read back and removed; the settings file has its check.
import asyncio
import os
from binascii import crc32

from micropython import const

from firmware.store import saved

_SIZE = const(1024)  # larger than what LittleFS keeps in a directory: it has a block of its own
_PIECE = const(256)  # of one turn of the loop
_ENOSPC = const(28)


async def run(session, name):
    """A file that comes and goes, and the settings."""
    # Of a name of its own for each console, beside the user's files: no list shows it.
    path = "/selftest." + session.name
    piece = bytes([i * 7 & 255 for i in range(_PIECE)])
    wanted = crc = 0
    try:
        try:
            with open(path, "wb") as f:
                for _ in range(_SIZE // _PIECE):
                    f.write(piece)
                    wanted = crc32(piece, wanted)
                    await asyncio.sleep_ms(0)
            with open(path, "rb") as f:
                for _ in range(_SIZE // _PIECE):
                    crc = crc32(f.read(_PIECE), crc)
                    await asyncio.sleep_ms(0)
        finally:
            saved.remove(path)
    except OSError as e:
        words = b"File system full" if e.errno == _ENOSPC else b"File error %d" % e.errno
        return False, None, b"", words
    if crc != wanted:
        return False, None, b"", b"A file was read otherwise than written"
    try:
        size = os.stat(saved.PATH)[6]
    except OSError:
        return True, 0, b"B", b"of settings: those of the factory"
    with open(saved.PATH, "rb") as f:
        if not saved.is_whole(f):
            return False, size, b"B", b"of settings: damaged"
    return True, size, b"B", b"of settings"
