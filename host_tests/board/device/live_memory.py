# The firmware as main.py starts it, and one more command: `live` prints the bytes in use without
# the command files, which come and go, and what is imported, one module a line.
import gc
import sys

from firmware import device
from firmware.console import registry


async def live(session, args):
    registry.make_room()
    used = b"%d" % gc.mem_alloc()
    return b"\r\n".join([used] + [name.encode() for name in sorted(sys.modules)])


registry.known[b"live"] = (live, 0, 0)
device.run()
