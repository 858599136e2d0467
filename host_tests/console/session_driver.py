# Runs one console session on MicroPython, without a board: bytes come in by lines of our own on
# stdin, what the session does about them goes out on stdout. The firmware is the one of the image,
# from the folder in argv[1]. The other end of this is session.py.
#
#     in <hex>      bytes from the user; answer: <hex shown> <hex line> <cursor>
#     log <hex>     a log line that comes now; answer as above
#     safe 0|1      the device's safe mode
#     clock <text>  what asyncio sleeps are to add to the clock from now on, in ms
import asyncio
import binascii
import sys

sys.path[:0] = [sys.argv[1], sys.argv[1] + "/lib"]

from firmware.console import completion, log  # noqa: E402
from firmware.console.session import Session  # noqa: E402
from firmware.store import variables  # noqa: E402

completion._FILE = sys.argv[1] + "/completion.csv"


class Streams:
    # The stream table as far as the console knows it.
    class NoHandle(Exception):
        pass

    def __init__(self):
        self.table = {}

    def reserve(self):
        for handle in range(8):
            if handle not in self.table:
                return handle
        raise self.NoHandle

    def put(self, handle, stream):
        self.table[handle] = stream

    def get(self, handle):
        return self.table[handle]

    def open(self):
        return sorted(self.table.items())

    def close(self, handle):
        self.table.pop(handle).close()


class Device:
    safe_mode = False
    variables = variables

    def __init__(self):
        self.streams = Streams()

    def uptime(self):
        return 90061

    def fault(self, name, error):
        sys.print_exception(error, sys.stderr)


class Port:
    # One chunk is one read; the answer to it is given when the session waits for more.
    def __init__(self):
        self.chunk = b""
        self.shown = bytearray()
        self.raws = 0

    def readinto(self, buf):
        n = min(len(self.chunk), len(buf))
        buf[:n] = self.chunk[:n]
        self.chunk = self.chunk[n:]
        return n

    def offer(self, data):
        self.shown.extend(data)
        return True

    async def write(self, data):
        self.shown.extend(data)

    def raw(self, on):
        self.raws += 1 if on else -1

    async def readable(self):
        while not self.chunk:
            self.answer()
            kind, _, text = sys.stdin.readline().rstrip("\n").partition(" ")
            if kind == "in":
                self.chunk = binascii.unhexlify(text)
            elif kind == "log":
                session.show(binascii.unhexlify(text))
                await asyncio.sleep_ms(0)
                await asyncio.sleep_ms(0)
            elif kind == "safe":
                device.safe_mode = text == "1"
            elif kind == "silence":
                await asyncio.sleep_ms(int(text))
            else:
                sys.exit()

    def answer(self):
        editor = session.editor
        line = bytes(editor.line) if editor.human else editor.text() or b""
        cursor = editor.cursor if editor.human else len(line)
        words = (binascii.hexlify(self.shown), binascii.hexlify(line))
        print(words[0].decode() or "-", words[1].decode() or "-", cursor)
        self.shown = bytearray()


async def main():
    asyncio.create_task(session.print_logs())
    await session.run()


device = Device()
port = Port()
session = Session(port, "test", device)
log.sessions.append(session)
asyncio.run(main())
