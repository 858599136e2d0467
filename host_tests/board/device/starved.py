# The firmware as main.py starts it, and two more commands: `hog <ms>` takes all of the heap, to
# the last block, and gives it back after so many milliseconds; `leave <bytes>` takes all but that
# much, and `leave` gives it back.
import asyncio

from ballast import fill

from firmware import device
from firmware.console import registry

held = [None] * 4000


async def _release(ms):
    await asyncio.sleep_ms(ms)
    for i in range(len(held)):
        held[i] = None


async def hog(session, args):
    asyncio.create_task(_release(int(args[0])))
    await asyncio.sleep_ms(50)  # until it sleeps
    i = 0
    for size in (4096, 512, 64, 16):
        try:
            while i < len(held):
                held[i] = bytearray(size)
                i += 1
        except MemoryError:
            pass
    return b"full"


def leave(session, args):
    ballast.clear()
    if args:
        ballast.append(fill(int(args[0])))
    return b"left"


ballast = []
registry.known[b"hog"] = (hog, 1, 1)
registry.known[b"leave"] = (leave, 0, 1)
device.run()
