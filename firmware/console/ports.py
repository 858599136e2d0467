# The ports behind local sessions: UART0, which is the REPL's and a person's on USB, and the host
# MCU's UART.
#
# A port has
#     readinto(buf)   bytes read, 0 when there are none; takes all that is there, up to the buffer
#     readable()      coroutine: waits until there is something
#     offer(data)     writes at once if that does not block the loop; False when it would
#     write(data)     coroutine: writes all, giving way to others between pieces
#     raw(on)         inside a data phase: every byte is data, Ctrl-C included
# Both UARTs' drivers block when their buffer is full, so output is metered by the line rate.
import asyncio
import select
import sys
import time

import micropython
from machine import UART
from micropython import const

from firmware import board

_CTRL_C = const(3)
_USB_BAUD = const(115200)
_USB_PIECE = const(64)  # half of UART0's hardware FIFO: stdout has no other buffer


class _Metered:
    # Keeps account of what the line still has to send.
    def __init__(self, baud, piece):
        self._baud = baud
        self._piece = piece  # bytes that may be given to the driver without blocking, twice
        self._clear_at = time.ticks_ms()  # when all that was written will have left

    def offer(self, data):
        n = len(data)
        if n > self._piece:
            return False
        now = time.ticks_ms()
        left = time.ticks_diff(self._clear_at, now)
        if left <= 0:
            left = 0
        elif left * self._baud > self._piece * 10_000:
            return False
        self._put(data)
        self._clear_at = time.ticks_add(now, left + n * 10_000 // self._baud + 1)
        return True

    async def write(self, data):
        view = memoryview(data)
        for i in range(0, len(data), self._piece):
            part = view[i : i + self._piece]
            while not self.offer(part):
                left = time.ticks_diff(self._clear_at, time.ticks_ms())
                await asyncio.sleep_ms(max(1, left - self._piece * 10_000 // self._baud))

    async def readable(self):
        yield asyncio.core._io_queue.queue_read(self._stream)


class UsbPort(_Metered):
    """UART0 through sys.stdin and sys.stdout."""

    def __init__(self):
        super().__init__(_USB_BAUD, _USB_PIECE)
        self._stream = sys.stdin
        self._read = sys.stdin.buffer.readinto
        self._put = sys.stdout.buffer.write
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._byte = bytearray(1)

    def readinto(self, buf):
        # One byte a read: stdin blocks until it has all that is asked for. Its ring holds 22 ms of
        # line rate, so it is drained whole at each wake.
        n = 0
        byte = self._byte
        while n < len(buf):
            for _ in self._poll.ipoll(0):
                break
            else:
                break
            self._read(byte)
            buf[n] = byte[0]
            n += 1
        return n

    def raw(self, on):
        micropython.kbd_intr(-1 if on else _CTRL_C)


class UartPort(_Metered):
    """The host MCU's UART."""

    def __init__(self, baud=115200):
        super().__init__(baud, board.UART_TX_BUFFER // 2)
        self._stream = UART(
            board.UART_HOST,
            baud,
            tx=board.UART_TX,
            rx=board.UART_RX,
            rxbuf=board.UART_RX_BUFFER,
            txbuf=board.UART_TX_BUFFER,
        )
        self._put = self._stream.write
        board.claim(board.UART_TX, b"UART1 TX")
        board.claim(board.UART_RX, b"UART1 RX")

    def readinto(self, buf):
        return self._stream.readinto(buf) or 0

    def raw(self, on):
        pass
