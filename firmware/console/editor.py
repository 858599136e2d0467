# Lines without echo: what a host MCU sends, cut into command lines. Every byte between two
# terminators is data, and nothing is edited; terminal.py has the same shape for a person.
from micropython import const

# A URL of 400 bytes and its command; the drivers of host MCUs stay below 256.
MAX_LINE = const(512)

_LF = const(10)
_CR = const(13)


class Editor:
    human = False

    def __init__(self):
        # Whole lines never come here (session.py), so most sessions never need it.
        self._line = None
        self.clear()
        # The last byte, where it was a terminator: its counterpart belongs to it (CR LF, LF CR).
        self.last = 0

    def take(self, buf, pos, end, out):
        """Consume buf[pos:end] up to the first terminator; `out` gets what a terminal must show.

        Returns (position behind what was consumed, True when `text()` is a whole line).
        """
        while pos < end:
            byte = buf[pos]
            if byte == _CR or byte == _LF:
                pos += 1
                if self.last and self.last != byte:
                    self.last = 0
                    continue
                self.last = byte
                return pos, True
            self.last = 0
            stop = pos + 1
            while stop < end and buf[stop] != _LF and buf[stop] != _CR:
                stop += 1
            self._append(buf, pos, stop)
            pos = stop
        return pos, False

    def _append(self, buf, pos, stop):
        n = self._length
        self.partial = True
        self._length = n + stop - pos  # counts what did not fit as well
        if self._length <= MAX_LINE:
            if self._line is None:
                self._line = bytearray(MAX_LINE)
            self._line[n : self._length] = memoryview(buf)[pos:stop]

    def spoil(self):
        """Make the line one that is too long, whatever comes until it ends."""
        self._length = MAX_LINE + 1

    def text(self):
        """The line as bytes; None when it was longer than MAX_LINE."""
        n = self._length
        if n > MAX_LINE:
            return None
        return bytes(memoryview(self._line)[:n]) if n else b""

    def clear(self):
        self._length = 0
        self.partial = False  # part of a line is here
