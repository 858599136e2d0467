# The firmware as main.py starts it, and two more commands: `modules` prints what is imported, and
# `hog <bytes> <ms>` takes memory until so many bytes are free, for so many milliseconds.
import asyncio
import gc
import sys

from firmware import device
from firmware.console import registry

held = [None] * 400


async def _release(ms):
    await asyncio.sleep_ms(ms)
    for i in range(len(held)):
        held[i] = None


async def hog(session, args):
    registry.make_room()
    asyncio.create_task(_release(int(args[1])))
    await asyncio.sleep_ms(50)  # until it sleeps
    left = int(args[0])
    i = 0
    try:
        while gc.mem_free() > left:
            held[i] = bytearray(512)
            i += 1
    except MemoryError:  # what is free lies in smaller pieces
        pass


async def modules(session, args):
    return b"\r\n".join([name.encode() for name in sorted(sys.modules)])


registry.known[b"hog"] = (hog, 2, 2)
registry.known[b"modules"] = (modules, 0, 0)
device.run()
