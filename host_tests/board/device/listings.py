# main.py of a board that finds out whether commands with long responses, and `load`, which reads a
# file, get by with so much free memory: it fills the heap with ballast until that is left, runs
# the command in a session in machine mode, and looks whether the frame came out whole. It prints a
# line `<attempts> for <n> bytes: <command>` for each. It starts when a line comes.
import asyncio
import gc
import sys

from ballast import fill
from micropython import const

from firmware import device
from firmware.console.session import Session
from firmware.store import files

_FILES = 60
# The heap of 160 KB has 60 KB left with every service on (design.md 4), in pieces. A list of
# names may take a fifth of that, in small pieces, for what is imported, what was computed and one
# piece of the answer. A list of files holds their names, 5 KB of sixty, and takes a third.
_LIST = const(12 * 1024)
_COMMANDS = (
    (b"get all", _LIST),
    (b"help commands", _LIST),
    (b"help variables", _LIST),
    (b"help all", _LIST),
    (b"ls", 18 * 1024),
    (b"ls -v", 18 * 1024),
    (b"load", 6 * 1024),
)
# How much of the memory lies in pieces that are of use differs with what the collector took for
# in use: a command that needs no more gets by in one of these.
_ATTEMPTS = const(5)
_NONE = const(512)  # so much is not enough for any of them


class Port:
    # Takes everything and keeps nothing but the header.
    overruns = 0
    length = 0
    blank = False  # a piece was blank: there was no memory for what should be there

    def offer(self, data):
        if not self.length:
            self.head = bytes(data[:9])
        self.length += len(data)
        self.blank = self.blank or data[:8] == b"        "
        return True


async def succeeds(session, line, free):
    port = session.port
    port.length = 0
    port.blank = False
    ballast = fill(free)
    try:
        await session.run_line(line)
    except MemoryError:
        return False
    finally:
        del ballast
        gc.collect()
    if port.head[:2] == b"R1":
        return False
    assert port.head[:2] == b"R0" and int(port.head[2:7]) + 9 == port.length, port.head
    return not port.blank


async def main():
    parts = device.Device()
    parts.ports = (Port(), Port())
    faults = []
    parts.fault = lambda name, exc: faults.append(exc)
    session = Session(Port(), "test", parts)
    session.preset(True)
    for i in range(_FILES):
        writer = files.Writer(b"webapp/folder/a-file-%02d.html" % i, 3)
        await writer.write(b"abc")
        writer.close()
    await session.run_line(b"save")  # for `load`
    for line, free in _COMMANDS:
        attempts = 0
        enough = False
        while not enough and attempts < _ATTEMPTS:
            attempts += 1
            await succeeds(session, line, 1 << 20)  # it imports what it needs
            enough = await succeeds(session, line, free)
            parts.wdt.feed()
        if faults:
            raise faults[0]
        if not enough:
            print("failed:", line.decode(), "with", free)
        if await succeeds(session, line, _NONE):
            print("failed: the heap is not full with", line.decode())
        print(attempts, "for", free, "bytes:", line.decode())


sys.stdin.readline()  # somebody listens
try:
    asyncio.run(main())
except BaseException as e:
    sys.print_exception(e)
    print("failed")
