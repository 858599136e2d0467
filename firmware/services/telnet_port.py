# The port of a session behind a telnet connection; what a port is, console/ports.py says.
#
# Whoever reads or writes is told by an exception that the peer is gone: Lost, which ends a command
# as a cancellation does, so that it cleans up, and is no failure of it.
import asyncio
from time import ticks_ms

from micropython import const

from firmware.net import connecting, sockets
from wire import telnet

_RECEIVE = const(512)  # bytes of one read; more wait in the stack's window
# Answers to a peer that asks and does not read: no more is read from it until it has.
_ANSWERS = const(256)
_TURN_MS = const(1)
_NARROWEST = const(20)  # columns; less is no terminal

# What the signals of telnet are on a keyboard: Ctrl-C, Backspace, Ctrl-U.
_KEYS = {
    telnet.BREAK: 3,
    telnet.INTERRUPT: 3,
    telnet.ERASE_CHARACTER: 8,
    telnet.ERASE_LINE: 21,
}


class Lost(asyncio.CancelledError):
    """The connection is gone."""


class TelnetPort:
    small = False
    overruns = 0

    def __init__(self, sock):
        """`sock` is connected and does not block. `session` is to be set by whoever makes one."""
        self.session = None
        self.heard = ticks_ms()  # when the last data came
        self.writing = False  # somebody writes, or waits until the peer takes it
        self._sock = sock
        self._telnet = telnet.Telnet()
        self._raw = False
        self._buf = bytearray(_RECEIVE)
        self._pos = self._stop = 0  # buf[pos:stop] are data
        self._rest = self._end = 0  # buf[rest:end] is not decoded
        self._signal = 0  # comes behind the data

    @property
    def columns(self):
        """Width of the peer's terminal, 0 while not known."""
        columns = self._telnet.columns
        return columns if columns >= _NARROWEST else 0

    def raw(self, on):
        self._raw = on

    def readinto(self, buf):
        while self._pos >= self._stop:
            if not self._more():
                return 0
        n = min(len(buf), self._stop - self._pos)
        buf[:n] = memoryview(self._buf)[self._pos : self._pos + n]
        self._pos += n
        self.heard = ticks_ms()
        return n

    def _more(self):
        # Decode what comes next; False when there is nothing more. Signals wait until the data
        # before them are used: these tell what the session is in when a signal comes.
        signal = self._signal
        if signal:
            self._signal = 0
            if signal == telnet.BROKEN:
                raise Lost
            if self.session.echo and not self._raw:
                self._pos = self._rest - 1
                self._stop = self._rest
                self._buf[self._pos] = _KEYS[signal]
                return True
        codec = self._telnet
        if self._rest >= self._end:
            n = self._receive() if len(codec.replies) < _ANSWERS else None
            if n is None:
                return False
            self._rest = 0
            self._end = n
        self._pos = self._rest
        self._stop = codec.take(self._buf, self._rest, self._end)
        self._rest = codec.rest
        self._signal = codec.signal
        return True

    def _receive(self):
        try:
            n = self._sock.readinto(self._buf)
        except OSError:
            n = 0
        if n == 0:
            raise Lost
        return n

    async def readable(self):
        while self._telnet.replies:
            if self.writing:
                await asyncio.sleep_ms(_TURN_MS)
            else:
                await self.write(b"")
        await sockets.readable(self._sock)

    def offer(self, data):
        return False

    async def write(self, data):
        while self.writing:
            await asyncio.sleep_ms(_TURN_MS)
        self.writing = True
        try:
            codec = self._telnet
            data = codec.escape(data)
            if codec.replies:
                data = bytes(codec.replies) + data
                codec.replies[:] = b""
            await connecting.send(self._sock, data)
        except OSError:
            raise Lost
        finally:
            self.writing = False

    def lost(self):
        """Whether the peer is gone, as far as that can be told while nobody reads."""
        try:
            return connecting.peek(self._sock) == b""
        except OSError:
            return True

    def farewell(self, text):
        """Say a last line, if the peer takes it at once."""
        if not self.writing:
            try:
                self._sock.write(b"\r\n%s\r\n" % text)
            except OSError:
                pass
