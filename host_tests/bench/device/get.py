# The firmware as main.py starts it, and one more command, `bench`. It stops what runs by the
# clock, so that only what is asked for is counted. `bench bytes` tells all that was allocated:
# from its first use on nothing is collected.
import gc

from firmware import device
from firmware.console import registry


def bench(session, args):
    if args:
        gc.disable()
    for name in ("station", "watchdog"):
        session.device.stop(name)
    return b'{"allocated": %d}' % gc.mem_alloc()


registry.known[b"bench"] = (bench, 0, 1)
device.run()
