# The leases of the DHCP server, kept whole through any power cut: a new file beside the old one,
# renamed over it, with a CRC-32 of all before it at its end.
import os
import struct
from binascii import crc32

_PATH = "/leases"
_NEW = "/leases.new"


def save(data):
    """Keep `data`. Raises OSError, and leaves what was kept before."""
    try:
        with open(_NEW, "wb") as f:
            f.write(data)
            f.write(struct.pack(">I", crc32(data)))
        os.rename(_NEW, _PATH)
    except OSError:
        try:
            os.remove(_NEW)
        except OSError:
            pass
        raise


def erase():
    """Forget them."""
    for path in (_PATH, _NEW):
        try:
            os.remove(path)
        except OSError:
            pass


def load():
    """What was kept last; b"" where there is nothing, or it is damaged."""
    try:
        with open(_PATH, "rb") as f:
            data = f.read()
    except OSError:
        return b""
    if len(data) < 4 or data[-4:] != struct.pack(">I", crc32(data[:-4])):
        return b""
    return data[:-4]
