# The ports behind local sessions: UART0, which is the REPL's and a person's on USB, and the host
# MCU's UART.
#
# A port has
#     readinto(buf)   bytes read, 0 when there are none; takes all that is there, up to the buffer
#     readable()      coroutine: waits until there is something
#     offer(data)     writes at once if that does not block the loop; False when it would
#     write(data)     coroutine: writes all, giving way to others between pieces
#     raw(on)         inside a data phase: every byte is data, Ctrl-C included
#     columns         width of the terminal where the port knows it, else 0
#     overruns        how often bytes of the host may have been lost
#     small           the receive buffer does not last while a session does not read. Then it has
#     during(work)    coroutine: carries out a coroutine for a session that is busy with it
# and for a bridge (net/bridge.py) stream, flow, rate, buffer, room(), put(buf, n), wait_ms(),
# check(n) and filled().
#
# The drivers block when their buffer is full, and do not tell how full it is, so what they hold is
# reckoned from the line rate. With flow control the host may stop the line at any time: then only
# txdone() tells that the buffer is empty again. Nor do they tell what they lost: a receive buffer
# that is found full is counted, since bytes may have been lost behind it (with RTS they were not).
import asyncio
import select
import sys
from time import ticks_add, ticks_diff, ticks_us

import micropython
from machine import UART
from micropython import const

from firmware import board

_CTRL_C = const(3)
_USB_BUFFER = const(128)  # UART0's hardware FIFO: stdout has no other buffer
# What a person has pasted and a command has not taken yet: twenty lines of 200 bytes.
_HELD = const(4096)
_HOLD_MS = const(5)  # between two looks: a quarter of what UART0's ring holds at 115200 baud


class _Metered:
    # Keeps account of what the line still has to send.
    small = False
    columns = 0
    overruns = 0
    flow = False

    def _meter(self, rate, buffer):
        self.rate = rate  # bytes a second
        self.buffer = buffer  # bytes that the driver takes before it blocks
        self._byte = 8_000_000 // rate  # eighths of a microsecond: products stay small integers
        self._clear_at = ticks_us()  # when all that was written will have left
        self._given = 0  # with flow control: bytes written since the buffer was known to be empty

    def room(self):
        """Bytes that may be written now without blocking."""
        now = ticks_us()
        if self.flow:
            if not self._given or self.stream.txdone():
                self._given = 0
                self._clear_at = now
            return self.buffer - self._given
        left = ticks_diff(self._clear_at, now)
        # Far in the past looks like the future: ticks wrap.
        if not 0 < left <= self.buffer * self._byte >> 3:
            self._clear_at = now
            return self.buffer
        return self.buffer - (left << 3) // self._byte

    def put(self, buf, n):
        """Write the first n bytes, for which room() has just said that there is room."""
        self._put(buf, n)
        self._clear_at = ticks_add(self._clear_at, n * self._byte >> 3)
        if self.flow:
            self._given += n

    def wait_ms(self):
        """Milliseconds until room() has grown: to half, or with flow control to all."""
        left = ticks_diff(self._clear_at, ticks_us())
        return max(1, left // (1000 if self.flow else 2000))

    def filled(self):
        """Somebody else has written: take it that no room is left."""
        self._given = self.buffer
        self._clear_at = ticks_add(ticks_us(), self.buffer * self._byte >> 3)

    def offer(self, data):
        n = len(data)
        now = ticks_us()
        if self.flow or n > self.buffer or ticks_diff(self._clear_at, now) > 0:
            if n > self.room():
                return False
        else:
            self._clear_at = now
        self._put(data, n)
        self._clear_at = ticks_add(self._clear_at, n * self._byte >> 3)
        if self.flow:
            self._given += n
        return True

    async def write(self, data):
        view = memoryview(data)
        step = self.buffer // 2
        for i in range(0, len(data), step):
            part = view[i : i + step]
            while not self.offer(part):
                self._hold()
                await asyncio.sleep_ms(self.wait_ms())

    async def readable(self):
        yield asyncio.core._io_queue.queue_read(self.stream)

    def _hold(self):
        pass


class UsbPort(_Metered):
    """UART0 through sys.stdin and sys.stdout."""

    small = True
    heard = 0  # bytes that have come

    def __init__(self, line):
        self._held = b""  # bytes that were taken from the ring before anybody wanted them
        self._awaited = False  # somebody waits for the next one
        self.stream = sys.stdin
        self._read = sys.stdin.buffer.readinto
        self._put = sys.stdout.buffer.write
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._one = bytearray(1)
        self._meter(line.rate, _USB_BUFFER)
        if line.baud != board.Line.baud:
            self.configure(line)

    def configure(self, line):
        """Change the line."""
        UART(0, line.baud)
        self._meter(line.rate, _USB_BUFFER)

    def readinto(self, buf):
        held = self._held
        if held:
            n = min(len(held), len(buf))
            buf[:n] = held[:n]
            self._held = held[n:]
            return n
        # One byte a read: stdin blocks until it has all that is asked for. Its ring holds 22 ms of
        # line rate, so it is drained whole at each wake.
        n = 0
        while n < len(buf) and self._next():
            buf[n] = self._one[0]
            n += 1
        self._drained(n)
        self.heard += n
        return n

    def _next(self):
        # Whether there was a byte; it is in _one.
        for _ in self._poll.ipoll(0):
            self._read(self._one)
            return True
        return False

    def _drained(self, n):
        if n >= board.UART0_RING:
            self.overruns += 1

    async def readable(self):
        if not self._held:
            self._awaited = True
            try:
                yield asyncio.core._io_queue.queue_read(self.stream)
            finally:
                self._awaited = False

    def _hold(self):
        # Empty the ring for the session, which is busy.
        if self._awaited:
            return
        n = 0
        while len(self._held) < _HELD and self._next():
            if not self._held:
                self._held = bytearray()
            self._held.append(self._one[0])
            n += 1
        self._drained(n)
        self.heard += n

    async def during(self, work):
        task = asyncio.create_task(self._holding())
        try:
            return await work
        finally:
            task.cancel()

    async def _holding(self):
        while True:
            await asyncio.sleep_ms(_HOLD_MS)
            self._hold()

    def raw(self, on):
        micropython.kbd_intr(-1 if on else _CTRL_C)


class UartPort(_Metered):
    """The host MCU's UART."""

    def __init__(self, line):
        self.stream = UART(board.UART_HOST, tx=board.UART_TX, rx=board.UART_RX)
        self._put = self.stream.write
        self.configure(line)

    def configure(self, line):
        """Change line and buffers. What was received and not read is lost."""
        flow = {"rts": board.UART_RTS, "cts": board.UART_CTS} if line.flow else {}
        self.stream.init(
            line.baud,
            line.data,
            line.parity,
            line.stop,
            txbuf=line.txbuf,
            rxbuf=line.rxbuf,
            flow=UART.RTS | UART.CTS if line.flow else 0,
            **flow,
        )
        self.flow = line.flow
        # The driver stops at a piece that does not fit into its buffer; it keeps the piece for the
        # next read, which then finds more than the buffer holds. What comes meanwhile is lost.
        self._full = line.rxbuf
        self._meter(line.rate, line.txbuf)

    def readinto(self, buf):
        n = self.stream.readinto(buf)
        if not n:
            return 0
        if n == len(buf):
            self.check(n)
        return n

    def check(self, n):
        """Look whether the receive buffer was full before these n bytes were read from it."""
        if not self.flow and n + self.stream.any() >= self._full:
            self.overruns += 1

    def raw(self, on):
        pass
