# The line editor: bytes from a port in, whole command lines and their echo out. No I/O here.
from micropython import const

MAX_LINE = const(
    512
)  # bytes of a command line: a URL of 400 and its command; drivers stay below 256

_BACKSPACE = const(8)
_LF = const(10)
_CR = const(13)
_DELETE = const(127)


class Editor:
    def __init__(self):
        self.line = bytearray(MAX_LINE)
        self.length = 0
        self.overlong = False  # the line did not fit: it is swallowed whole, then refused
        # the last byte, where it was a terminator: its counterpart belongs to it (CR LF, LF CR)
        self.last = 0

    def take(self, buf, pos, end, echo):
        """Consume buf[pos:end] up to the first line terminator.

        Appends what a terminal must be shown to `echo` (a bytearray, or None: then every byte is
        data and nothing is edited).
        Returns (position behind what was consumed, True when `line[:length]` is a complete line).
        """
        line = self.line
        n = self.length
        done = False
        while pos < end:
            byte = buf[pos]
            pos += 1
            if byte == _CR or byte == _LF:
                if self.last and self.last != byte:
                    self.last = 0
                    continue
                self.last = byte
                if echo is not None:
                    echo.extend(b"\r\n")
                done = True
                break
            self.last = 0
            if echo is not None and (byte < 32 or byte == _DELETE):
                if n and (byte == _BACKSPACE or byte == _DELETE):
                    n -= 1
                    while n and line[n] & 0xC0 == 0x80:
                        n -= 1  # the rest of a UTF-8 character
                    echo.extend(b"\b \b")
                continue
            if n >= MAX_LINE:
                self.overlong = True
                continue
            line[n] = byte
            n += 1
            if echo is not None:
                echo.append(byte)
        self.length = n
        return pos, done

    def text(self):
        """The line so far, as bytes."""
        return bytes(memoryview(self.line)[: self.length])

    def clear(self):
        self.length = 0
        self.overlong = False
