# main.py of a board that finds out how much free memory the commands with long responses need, and
# `load`, which reads a file: it fills the heap with ballast until so much is left, runs the
# command in a session in machine mode, and looks whether the frame came out whole. It prints a
# line `<n> bytes: <command>` for each. It starts when a line comes.
import asyncio
import gc
import sys

from ballast import fill

from firmware import device
from firmware.console.session import Session
from firmware.store import files

_FILES = 60
_COMMANDS = (
    b"get all",
    b"help commands",
    b"help variables",
    b"help all",
    b"ls",
    b"ls -v",
    b"load",
)
_STEP = 128
_MOST = 48 * 1024


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
    for line in _COMMANDS:
        low, high = 0, _MOST // _STEP
        while high - low > 1:
            middle = (low + high) // 2
            await succeeds(session, line, 1 << 20)  # it imports what it needs
            if await succeeds(session, line, middle * _STEP):
                high = middle
            else:
                low = middle
            parts.wdt.feed()
        if faults:
            raise faults[0]
        print(high * _STEP, "bytes:", line.decode())


sys.stdin.readline()  # somebody listens
try:
    asyncio.run(main())
except BaseException as e:
    sys.print_exception(e)
    print("failed")
