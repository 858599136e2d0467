# Buffered commands (system.cmd.buffered): a long response is kept as a stream of type CMD, which
# the host reads in pieces of its own size. Imported when a session first needs it.
import asyncio

from micropython import const

from . import errors
from .errors import CommandError

# All kept responses together: twice the longest one (`get all`), and what a heap with eight
# streams open can spare.
_ROOM = const(16384)

_kept = 0  # bytes


class Response:
    """A response as a stream: what firmware/net/streams.py says of one."""

    kind = b"CMD"
    most = None  # a write, which fails, may have any size

    def __init__(self, name, pieces, size):
        self._name = name
        self._pieces = pieces  # what is unread; each goes as soon as it was read
        self.size = self._left = size
        self.ended = False

    def describe(self):
        return b"%s (%d, %d)" % (self._name, self.size, self.size - self._left)

    def poll(self):
        return 1 if self._left else 2

    def read(self, size):
        """Up to `size` bytes. Sets `ended` at the end."""
        pieces = self._pieces
        parts = []
        while size and pieces:
            part = pieces[0]
            if len(part) > size:
                pieces[0] = part[size:]
                part = part[:size]
            else:
                pieces.pop(0)
            parts.append(part)
            size -= len(part)
        data = b"".join(parts)
        self._count(len(data))
        self.ended = not self._left
        return data

    async def write(self, data):
        raise OSError("read only")

    def close(self):
        self._pieces = None
        self._count(self._left)

    def _count(self, n):
        global _kept
        _kept -= n
        self._left -= n


async def keep(table, name, listing):
    """Keep the response `listing` of the command `name` in the stream table; returns
    `<handle>,<size>`.

    Raises CommandError: OVERFLOW when there is no room, FAILED when no handle is free.
    """
    global _kept
    size = max(0, listing.size - 2)  # without a CR LF at the end
    if size > _ROOM - _kept:
        raise CommandError(errors.OVERFLOW)
    try:
        handle = table.reserve()
    except table.NoHandle:
        raise CommandError(errors.FAILED, b"No free stream")
    _kept += size
    pieces = []
    try:
        for piece in listing.pieces(b"", b""):
            if piece is None:
                await asyncio.sleep_ms(0)
            elif piece:
                pieces.append(bytes(piece))
    except:
        _kept -= size
        table.release(handle)
        raise
    table.put(handle, Response(name, pieces, size))
    return b"%d,%d" % (handle, size)
