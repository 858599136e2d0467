# The firmware as main.py starts it, and three more commands: `modules` prints what is imported,
# `hog <bytes>` takes memory until so many bytes are free, and `unhog` gives it back.
import gc
import sys

from firmware import device
from firmware.console import registry

held = [None] * 400


async def hog(session, args):
    registry.make_room()
    left = int(args[0])
    i = 0
    try:
        while gc.mem_free() > left:
            held[i] = bytearray(512)
            i += 1
    except MemoryError:  # what is free lies in smaller pieces
        pass


async def unhog(session, args):
    for i in range(len(held)):
        held[i] = None


async def modules(session, args):
    return b"\r\n".join([name.encode() for name in sorted(sys.modules)])


registry.known[b"hog"] = (hog, 1, 1)
registry.known[b"unhog"] = (unhog, 0, 0)
registry.known[b"modules"] = (modules, 0, 0)
device.run()
