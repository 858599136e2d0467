# A NOR flash chip over a file or a bytearray: programming only clears bits, erasing sets a block
# of 4 KiB, both are counted, and the power can be cut at the n-th of them. The device's tests use
# it as well, so it imports nothing of the board until a cut is final.

from micropython import const

BLOCK = const(4096)  # the smallest piece that NOR flash erases
_PIECE = const(256)  # bytes handled at once: small, for heaps of 160 KB; also the page of the chip


class _Memory:
    # A bytearray with a file's methods, changed in place.
    def __init__(self, data):
        self._mem = memoryview(data)
        self._at = 0

    def seek(self, at, whence=0):
        self._at = len(self._mem) + at if whence == 2 else at
        return self._at

    def readinto(self, buf, n=None):
        n = len(buf) if n is None else n
        memoryview(buf)[:n] = self._mem[self._at : self._at + n]
        self._at += n
        return n

    def write(self, buf, offset, n):
        self._mem[self._at : self._at + n] = memoryview(buf)[offset : offset + n]
        self._at += n
        return n


class Flash:
    """A flash chip.

    medium: the path of the image file, or a bytearray (changed in place).
    stat: path of the counters, or None: u64 erases, u64 programs, then u32 erases of each block;
    all little-endian. on_cut: called when the power goes at an armed operation, and at every
    operation after it. It should not return (raise, or wait to be killed); if it does, the
    operation raises OSError(5). The default tells the supervisor. Addresses and lengths are in
    bytes and not checked: esp32.Partition does that.
    """

    def __init__(self, medium, stat=None, on_cut=None):
        self._f = open(medium, "r+b") if isinstance(medium, str) else _Memory(medium)
        self.size = self._f.seek(0, 2)
        self.erases = 0
        self.programs = 0
        self.dead = False
        self.reads = 0
        self.on_cut = on_cut or wait_for_the_end
        self._left = 0  # operations until the cut, 0: none armed
        self._torn = False
        self._piece = bytearray(b"\xff" * _PIECE)
        self._erased = bytes(self._piece)
        self._stat = _open_stat(stat, self.size) if stat else None
        self._counter = bytearray(8)
        if self._stat:
            self._stat.seek(0)
            self.erases = self._get(0, 8)
            self.programs = self._get(8, 8)

    def _get(self, at, n):
        self._stat.seek(at)
        self._stat.readinto(self._counter, n)
        return int.from_bytes(memoryview(self._counter)[:n], "little")

    def _set(self, at, n, value):
        counter = self._counter
        for i in range(n):
            counter[i] = value & 255
            value >>= 8
        self._stat.seek(at)
        self._stat.write(counter, 0, n)

    def cut(self, after, torn=False):
        """Arms a power cut: the after-th erase or program from now (1: the next) is not done, or,
        when torn, done on the first half of its bytes."""
        self._left = after
        self._torn = torn

    def _go(self):
        # True: the operation may be done whole.
        if self.dead:
            self._end()
        if self._left:
            self._left -= 1
            return self._left > 0
        return True

    def _end(self):
        self.dead = True
        self.on_cut()
        raise OSError(5)

    def read(self, at, buf):
        """Fills buf from address at."""
        if self.dead:
            self._end()
        self.reads += 1
        self._f.seek(at)
        self._f.readinto(buf)

    def program(self, at, buf):
        """Clears the bits from address at on that are 0 in buf."""
        if not self._go():
            if self._torn:
                self._program(at, buf, len(buf) // 2)
            self._end()
        self._program(at, buf, len(buf))
        self.programs += 1
        if self._stat:
            self._set(8, 8, self.programs)

    def _program(self, at, buf, length):
        f = self._f
        piece = self._piece  # all 0xff here and after
        offset = 0
        while offset < length:
            n = min(_PIECE, length - offset)
            f.seek(at + offset)
            f.readinto(piece, n)
            f.seek(at + offset)
            if piece == self._erased:  # the usual case: nothing was programmed here yet
                f.write(buf, offset, n)
            else:
                for i in range(n):
                    piece[i] &= buf[offset + i]
                f.write(piece, 0, n)
                for i in range(n):
                    piece[i] = 255
            offset += n

    def erase(self, at):
        """Sets the bits of the block that begins at address at."""
        if not self._go():
            if self._torn:
                self._erase(at, BLOCK // 2)
            self._end()
        self._erase(at, BLOCK)
        self.erases += 1
        if self._stat:
            self._set(0, 8, self.erases)
            where = 16 + at // BLOCK * 4
            self._set(where, 4, self._get(where, 4) + 1)

    def _erase(self, at, length):
        self._f.seek(at)
        for _ in range(length // _PIECE):
            self._f.write(self._erased, 0, _PIECE)


def _open_stat(path, size):
    try:
        return open(path, "r+b")
    except OSError:
        with open(path, "wb") as f:
            f.write(bytes(16))
            for _ in range(size // BLOCK):
                f.write(b"\0\0\0\0")
        return open(path, "r+b")


def wait_for_the_end():
    """What a board does whose power is gone: nothing, until the supervisor kills the process."""
    import _board
    import micropython
    import utime

    told = False
    while True:
        try:  # a Ctrl-C may come before there are none
            micropython.kbd_intr(-1)
            if not told:
                told = True
                _board.send(b"flash-cut\n")
            utime.sleep(3600)
        except KeyboardInterrupt:
            pass
