# Runs one console session on MicroPython, without a board: requests come as lines on stdin, what
# the session shows goes out on stdout. The firmware is the one of the image, from the folder in
# argv[1]. The other end of this is session.py.
#
#     in <hex>       bytes from the user, as one read
#     log <hex>      a log line of level 2
#     event <hex>    an asynchronous message
#     safe 0|1       the device's safe mode
#     loaded <name>  answer 1 if this module was imported, else 0
#     starve <name>  once, registry.find(), the editor's take() or text(), or the session's
#                    _response() finds no memory
#     silence <ms>   how long a data phase may be silent from now on; then it is, for twice as long
#
# Each is answered with a line, <hex of what was shown> <hex of the edited line> <cursor>. Two more
# commands are there: `data <n>` reads n bytes and answers them in hex, `refuse <n>` fails with the
# first of them, `greedy <n>` finds no memory for them, `rows <n> <k>` answers n lines and finds no
# memory for the k-th whenever they are written.
import asyncio
import binascii
import builtins
import sys

ROOT = sys.argv[1]
sys.path[:0] = [ROOT, ROOT + "/lib"]


class Machine:  # no pin is ever used here
    Pin = None


sys.modules["machine"] = Machine

from firmware.console import errors, log, registry  # noqa: E402
from firmware.console.session import Session  # noqa: E402
from firmware.store import variables  # noqa: E402

host_open = open
builtins.open = lambda path, mode: host_open(ROOT + path, mode)


class Device:
    safe_mode = False
    service_stopped = False
    variables = variables

    def uptime(self):
        return 90061

    def fault(self, name, error):
        sys.print_exception(error, sys.stderr)


class Port:
    # A request is answered when the session waits for the next one.
    columns = 0

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
        assert self.raws in (0, 1)

    async def readable(self):
        while not self.chunk:
            self.answer()
            kind, _, text = sys.stdin.readline().rstrip("\n").partition(" ")
            if kind == "in":
                self.chunk = binascii.unhexlify(text)
            elif kind == "safe":
                device.safe_mode = text == "1"
            elif kind == "loaded":
                self.shown.append(49 if text in sys.modules else 48)
            elif kind == "starve":
                starve(text)
            elif kind == "silence":
                from firmware.console import data

                data.TIMEOUT_MS = int(text)
                await asyncio.sleep_ms(2 * data.TIMEOUT_MS)
            elif kind == "log":
                log.line(log.STATUS, binascii.unhexlify(text))
            elif kind == "event":
                log.event(binascii.unhexlify(text))
            else:
                sys.exit()
            await asyncio.sleep_ms(0)  # the log task may have something to write

    def answer(self):
        editor = session.editor
        line = bytes(editor.line) if editor.human else b""
        cursor = editor.cursor if editor.human else 0
        words = (binascii.hexlify(self.shown), binascii.hexlify(line))
        print(words[0].decode() or "-", words[1].decode() or "-", cursor)
        self.shown = bytearray()


def starve(name):
    owner = {"find": registry, "_response": session, "run_line": session}.get(name, session.editor)
    real = getattr(owner, name)

    def fail(*_):
        setattr(owner, name, real)
        raise MemoryError

    setattr(owner, name, fail)


async def greedy(session, args):
    await session.read_data(int(args[0].decode()), need_memory)


def need_memory(data):
    raise MemoryError


def rows(session, args):
    count, failing = [int(word.decode()) for word in args]
    passes = []

    def lines():
        passes.append(None)
        for i in range(count):
            if i == failing and len(passes) > 1:
                raise MemoryError
            yield b"row %d" % i

    return lines


async def read_data(session, args):
    got = bytearray()
    await session.read_data(int(args[0].decode()), got.extend)
    return binascii.hexlify(got)


async def refuse(session, args):
    await session.read_data(int(args[0].decode()), take_nothing)


async def take_nothing(data):
    raise errors.CommandError(errors.FAILED)


async def main():
    asyncio.create_task(session.print_logs())
    await session.run()


registry.known[b"data"] = (read_data, 1, 1)
registry.known[b"greedy"] = (greedy, 1, 1)
registry.known[b"rows"] = (rows, 2, 2)
registry.known[b"refuse"] = (refuse, 1, 1)
device = Device()
port = Port()
session = Session(port, "test", device)
log.sessions.append(session)
asyncio.run(main())
