"""Buffered responses: their streams, and the bounds of all of them together."""

SCRIPT = """
import asyncio, sys
sys.path[:0] = [{shipped!r}, {shipped!r} + "/lib"]
from firmware.console import buffered
from firmware.console.errors import CommandError
from firmware.console.listing import Listing

class Table:
    class NoHandle(Exception):
        pass
    def __init__(self):
        self.streams = []
    def reserve(self):
        if len(self.streams) == 8:
            raise self.NoHandle
        return len(self.streams)
    def put(self, handle, stream):
        self.streams.append(stream)

async def keep_listing(table, name, listing):
    await listing.measure()
    return await buffered.keep(table, name, listing)

def keep(table, name, lines):
    return asyncio.run(keep_listing(table, name, Listing(lines)))

def refused(*arguments):
    try:
        keep(*arguments)
    except CommandError as e:
        return e.code, e.text

table = Table()
"""


def run(micropython, shipped, script):
    done = micropython("-c", SCRIPT.format(shipped=str(shipped)) + script)
    assert done.returncode == 0, done.stdout + done.stderr


def test_reading_in_pieces_of_any_size(micropython, shipped):
    run(
        micropython,
        shipped,
        """
lines = [b"one", b"", b"three" * 20, b"", b"five"]
text = b"\\r\\n".join(lines)
for size in range(1, len(text) + 5):
    answer = keep(table, b"get", list(lines))
    assert answer == b"%d,%d" % (len(table.streams) - 1, len(text))
    stream = table.streams.pop()
    assert stream.kind == b"CMD" and not stream.ended and stream.poll() == 1
    data = b""
    while not stream.ended:
        piece = stream.read(size)
        assert 0 < len(piece) <= size
        data += piece
        assert stream.describe() == b"get (%d, %d)" % (len(text), len(data))
    assert data == text and stream.poll() == 2 and stream.read(9) == b""
    stream.close()
""",
    )


def test_all_of_them_have_one_room(micropython, shipped):
    """16 KB: what does not fit is refused, what was read or closed makes room."""
    run(
        micropython,
        shipped,
        """
block = [b"x" * 1022] * 7 + [b"x" * 1024]
for _ in range(2):
    keep(table, b"get", list(block))
assert refused(table, b"get", [b"y"]) == (8, b"Overflow error")
assert len(table.streams) == 2
table.streams[0].read(1000)
keep(table, b"get", [b"y" * 1000])
assert refused(table, b"get", [b"y"]) == (8, b"Overflow error")
table.streams.pop().close()
table.streams.pop().close()
assert refused(table, b"get", [b"y" * 9193]) == (8, b"Overflow error")
keep(table, b"get", [b"y" * 9192])
while table.streams:
    table.streams.pop().close()
keep(table, b"get", [b"z" * 16384])
""",
    )


def test_no_handle_takes_no_room(micropython, shipped):
    run(
        micropython,
        shipped,
        """
for _ in range(8):
    keep(table, b"list", [b"! # Type  Info"])
for _ in range(3000):
    assert refused(table, b"list", [b"! # Type  Info"]) == (1, b"No free stream")
table.streams.pop().close()
assert keep(table, b"list", [b"! # Type  Info"]) == b"7,14"
""",
    )
