# Long responses, which no memory of one piece is needed for: lines that are made when they are
# written, or bytes that were read in parts. Imported with the first.
#
# What the session writes has `size`, its bytes with a CR LF, and pieces(head, tail). The header
# of a response tells its length, so the lines are gone through twice: whoever gives them sees to
# it that they are the same both times.
import asyncio

from micropython import const

from . import registry

_PIECE = const(512)  # bytes of one write, about
_PAUSE = const(8)  # lines at a time: the loop is held for a few milliseconds
_BLANK = b" " * 64


class Listing:
    """Lines as one response. `size` counts a CR LF behind each."""

    def __init__(self, lines):
        """lines: a list, or a function that returns an iterator of the lines each time."""
        self._lines = lines
        self.size = 0

    def __iter__(self):
        lines = self._lines
        return iter(lines if isinstance(lines, list) else lines())

    async def measure(self):
        """Find out `size`."""
        n = size = 0
        for line in self:
            size += len(line) + 2
            n += 1
            if n % _PAUSE == 0:
                await asyncio.sleep_ms(0)
        self.size = size

    def pieces(self, head, tail):
        """Yield head, all lines joined by CR LF, and tail, in pieces; between them None, when
        others should have their turn.
        """
        yield head
        self._given = 0
        self._left = self.size - 2
        failed = -1
        while True:
            try:
                yield from self._from(tail)
                return
            except MemoryError:
                registry.make_room()
            if self._given == failed:
                break
            failed = self._given
        # The length is told already: the rest of it is blank.
        while self._left > 0:
            yield _BLANK[: self._left]
            self._left -= len(_BLANK)
        yield tail

    def _from(self, tail):
        # The lines behind those that were given.
        given = self._given
        piece = bytearray()
        left = self._left
        n = 0
        for line in self:
            n += 1
            if n > given:
                piece.extend(line)
                left -= len(line)
                if left > 0:
                    piece.extend(b"\r\n")
                    left -= 2
            if n % _PAUSE == 0 or len(piece) >= _PIECE:
                if piece:
                    yield piece
                    self._given = n
                    self._left = left
                    piece = bytearray()
                yield None
        piece.extend(tail)
        yield piece


class Parts:
    """Bytes as one response, from a list of their parts."""

    def __init__(self, parts):
        self._parts = parts
        self.size = sum([len(part) for part in parts]) + 2

    def pieces(self, head, tail):
        """Yield head, all parts, and tail; between them None, when others should have their
        turn.
        """
        yield head
        for part in self._parts:
            yield part
            yield None
        yield tail


async def respond(session, lines, line):
    """The response of a command line that gave lines."""
    listing = Listing(lines)
    try:
        await listing.measure()
    except MemoryError:  # nothing is written yet: once more, with more room
        registry.make_room()
        await listing.measure()
    if not session.buffered:
        return listing if listing.size else b""
    from . import buffered

    return await buffered.keep(session.device.streams, line.split()[0], listing)
