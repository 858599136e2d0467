# The ports behind local sessions: UART0, which is the REPL's and a person's on USB, and the host
# MCU's UART.
#
# A port has
#     readinto(buf)   bytes read, 0 when there are none; takes all that is there, up to the buffer
#     readable()      coroutine: waits until there is something
#     offer(data)     writes at once if that does not block the loop; False when it would
#     write(data)     coroutine: writes all, giving way to others between pieces
#     raw(on)         inside a data phase: every byte is data, Ctrl-C included
#     overruns        how often bytes of the host may have been lost
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
from firmware.net import io_queue

_CTRL_C = const(3)
_USB_BUFFER = const(128)  # UART0's hardware FIFO: stdout has no other buffer
# The hardware's FIFO before the driver's ring: the driver moves bytes in pieces of up to this, so
# a ring with less room than that takes no more.
_FIFO = const(128)


class Line:
    """Settings of a UART, the factory's: baud, data, parity, stop and flow as machine.UART has
    them, rate in bytes a second, rxbuf and txbuf in bytes. Others: live/uart.py.
    """

    baud = 115200
    data = 8
    parity = None
    stop = 1
    flow = False
    rate = 11520
    rxbuf = 5760
    txbuf = 1024


class _Metered:
    # Keeps account of what the line still has to send.
    overruns = 0

    def _meter(self, rate, buffer):
        self.rate = rate  # bytes a second
        self.buffer = buffer  # bytes that the driver takes before it blocks
        self._clear_at = ticks_us()  # when all that was written will have left

    def _left(self):
        # Microseconds until then.
        left = ticks_diff(self._clear_at, ticks_us())
        # Far in the past it looks like the future: ticks wrap.
        return left if 0 < left <= self.buffer * 1_000_000 // self.rate else 0

    def room(self):
        """Bytes that may be written now without blocking."""
        return self.buffer - self._left() * self.rate // 1_000_000

    def wait_ms(self):
        """Milliseconds until room() has grown worth while."""
        return max(1, self._left() // 2000)

    def put(self, buf, n):
        """Write the first n bytes, which have room."""
        self._put(buf, n)
        self._clear_at = ticks_add(ticks_us(), self._left() + n * 1_000_000 // self.rate)

    def offer(self, data):
        n = len(data)
        if n > self.room():
            return False
        self.put(data, n)
        return True

    async def write(self, data):
        view = memoryview(data)
        step = self.buffer // 2
        for i in range(0, len(data), step):
            part = view[i : i + step]
            while not self.offer(part):
                await asyncio.sleep_ms(self.wait_ms())

    async def drained(self):
        """Wait until all that was written has left."""
        while self.room() < self.buffer:
            await asyncio.sleep_ms(self.wait_ms())

    async def readable(self):
        yield asyncio.core._io_queue.queue_read(self.stream)


class UsbPort(_Metered):
    """UART0 through sys.stdin and sys.stdout."""

    def __init__(self, line):
        self.stream = sys.stdin
        self._read = sys.stdin.buffer.readinto
        self._put = sys.stdout.buffer.write
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._byte = bytearray(1)
        io_queue.queue.keep(sys.stdin)
        self._meter(line.rate, _USB_BUFFER)
        if line.baud != Line.baud:
            self.configure(line)

    def claim(self, line):
        pass

    def configure(self, line):
        """Change the line."""
        UART(0, line.baud)
        self._meter(line.rate, _USB_BUFFER)

    def readinto(self, buf):
        # One byte a read: stdin blocks until it has all that is asked for. Its ring holds 22 ms of
        # line rate, so it is drained whole at each wake.
        n = 0
        byte = self._byte
        while n < len(buf):
            for _ in self._poll.ipoll(0):
                break
            else:
                if n >= board.UART0_RING:
                    self.overruns += 1
                break
            self._read(byte)
            buf[n] = byte[0]
            n += 1
        return n

    def raw(self, on):
        micropython.kbd_intr(-1 if on else _CTRL_C)


class UartPort(_Metered):
    """The host MCU's UART."""

    def __init__(self, line):
        self.stream = UART(board.UART_HOST, tx=board.UART_TX, rx=board.UART_RX)
        self._put = self.stream.write
        io_queue.queue.keep(self.stream)
        board.claim(board.UART_TX, b"UART1 TX")
        board.claim(board.UART_RX, b"UART1 RX")
        self.claim(line)
        self.configure(line)

    def claim(self, line):
        """Take or give back the GPIOs of flow control. Raises board.GpioInUse."""
        for gpio, owner in ((board.UART_RTS, b"UART1 RTS"), (board.UART_CTS, b"UART1 CTS")):
            if line.flow:
                board.claim(gpio, owner)
            else:
                board.release(owner)

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
        self._given = 0  # with flow control: bytes written since the buffer was known to be empty
        self._full = line.rxbuf - _FIFO
        self._meter(line.rate, line.txbuf)

    def room(self):
        if not self.flow:
            return super().room()
        if self._given and self.stream.txdone():
            self._given = 0
        return self.buffer - self._given

    def wait_ms(self):
        if not self.flow:
            return super().wait_ms()
        return max(1, self._left() // 1000)

    def put(self, buf, n):
        super().put(buf, n)
        self._given += n

    def readinto(self, buf):
        n = self.stream.readinto(buf)
        if not n:
            return 0
        if n == len(buf):
            self.check(n)
        return n

    def check(self, n):
        """Look whether the receive buffer was full before these n bytes were read from it."""
        if not self.flow and n + self.stream.any() > self._full:
            self.overruns += 1

    def filled(self):
        """Somebody else has written: take it that no room is left."""
        self._given = self.buffer
        self._clear_at = ticks_add(ticks_us(), self.buffer * 1_000_000 // self.rate)

    def raw(self, on):
        pass
