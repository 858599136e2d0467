"""A UART of the board: a pty for the host, a socket for the firmware, and between them a line of a
given speed.

Bytes travel at the baud rate in both directions. Towards the firmware they land in a ring of the
chip's size, which is the socket itself: what FIONREAD reports on the firmware's end is what the
chip would hold, and what does not fit is lost and counted. Nothing runs while the line is idle.
Pins, power and the meaning of bytes are not known here.
"""

import asyncio
import contextlib
import fcntl
import os
import socket
import struct
import termios
import time
import tty
from collections.abc import Callable
from pathlib import Path

from airwire.board.line import CATCH_UP, Line

# line.CATCH_UP of UART0, where a burst has less room.
_CATCH_UP_STDIN = 0.004
# While flow control stops the line nothing has to be quick: this bounds both the latency and the
# polling.
_PAUSED = 0.010
# Bytes that the transmitter takes from the firmware ahead of the line: the chip's FIFO (128) and
# smallest ring (256).
_TX_AHEAD = 384
# What the pty may hold unread. Its line discipline has 4095; what goes beyond sits where nobody
# can count it.
_PTY_ROOM = 4000
# How long a full pty may wait for its reader before its content counts as stale.
_STALE = 1.0
# The kernel's minimum, so that the firmware cannot write far ahead of the line; it is doubled by
# the kernel.
_TX_SOCKET = 4608
# Room for a 16 KB ring that arrives in slices of two bytes: the kernel charges 768 bytes for each
# slice.
_RX_SOCKET = 212992

# What a crash leaves on the console, for the log: a traceback has a few hundred bytes.
_TAIL = 1024

# The ring of the chip's stdin. Any other UART has a FIFO before its ring, which is left out: when
# it overflows, the driver throws away what is in it.
STDIN_RING = 260

RTS, CTS = 1, 2
_PARITY = ("none", "even", "odd")


def waiting(fd: int) -> int:
    """How many bytes can be read from `fd` (FIONREAD)."""
    return struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0\0\0\0"))[0]


class Uart:
    """One UART, alive as long as the board; `attach` and `detach` connect it to one firmware
    process after another.

    `interrupt`, if given, is asked about each Ctrl-C from the host: True takes it off the line,
    False lets it through as data, None means "ask again later" (nothing behind it overtakes).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        link: Path,
        stdin: bool = False,
        interrupt: Callable[[], bool | None] | None = None,
    ) -> None:
        self.link = link
        self._stdin = stdin
        # A jumper joins TX to RX, in the place of the host's cable.
        self.looped = False
        # The slave stays open here, so that the pty outlives its users; it is raw, so that nothing
        # echoes before one.
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        os.set_blocking(self._slave, False)
        tty.setraw(self._slave)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._slave))
        self.receiver = _Receiver(loop, self, self._master, interrupt)
        self.transmitter = _Transmitter(loop, self, self._master, self._slave)
        self.default()

    @property
    def host(self) -> int:
        """The host's end: a descriptor that does not block, for this process's own use."""
        return self._slave

    def default(self) -> None:
        """The settings after a reset: 115200 8N1, smallest ring, no flow control."""
        self.configure(115200, 8, "none", 1, 256, 0)
        if self._stdin:
            self.capacity = STDIN_RING

    def configure(
        self, baud: int, bits: int, parity: str, stop: int, rxbuf: int, flow: int
    ) -> None:
        """New settings, as the firmware's driver reports them. Raises ValueError."""
        if not (
            300 <= baud <= 5_000_000 and 5 <= bits <= 8 and parity in _PARITY and stop in (1, 2)
        ):
            raise ValueError(f"UART settings {baud} {bits} {parity} {stop}")
        self.baud, self.bits, self.parity, self.stop = baud, bits, parity, stop
        self.rxbuf, self.flow = rxbuf, flow
        self.byte_time = (1 + bits + (parity != "none") + stop) / baud
        if not self._stdin:
            self.capacity = rxbuf

    def set_baud(self, baud: int) -> None:
        """Another speed, all else as it is. Raises ValueError."""
        capacity = self.capacity
        self.configure(baud, self.bits, self.parity, self.stop, self.rxbuf, self.flow)
        self.capacity = capacity

    def attach(self) -> socket.socket:
        """Connect to a new firmware process: the socket that becomes its UART. The caller closes
        its copy.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _RX_SOCKET)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _TX_SOCKET)
        if not self._stdin:
            theirs.setblocking(False)
        self.receiver.attach(ours, theirs.dup())
        self.transmitter.attach(ours)
        return theirs

    def detach(self, power_lost: bool) -> None:
        """The firmware process is gone. What it wrote still goes out, unless the power went with
        it.
        """
        self.transmitter.detach(power_lost)
        self.receiver.detach()

    def close(self) -> None:
        """Remove the port."""
        self.detach(power_lost=True)
        self.receiver.close()
        os.close(self._master)
        os.close(self._slave)
        self.link.unlink(missing_ok=True)

    def last_sent(self) -> bytes:
        """The end of what the firmware has written, delivered or not."""
        return bytes(self.transmitter.tail)

    def status(self) -> dict[str, int | str]:
        """Settings and counters. fill: bytes that the firmware has not read; overflow: lost on the
        way to it; unread: sent by it and flushed because nobody read them.
        """
        return {
            "link": str(self.link),
            "baud": self.baud,
            "format": f"{self.bits}{self.parity[0].upper()}{self.stop}",
            "flow": self.flow,
            "capacity": self.capacity,
            "fill": self.receiver.fill(),
            "received": self.receiver.received,
            "overflow": self.receiver.overflow,
            "sent": self.transmitter.sent,
            "unread": self.transmitter.unread,
        }


class _Receiver:
    """Host to firmware."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        uart: Uart,
        master: int,
        interrupt: Callable[[], bool | None] | None,
    ) -> None:
        self._loop, self._uart, self._master, self._interrupt = loop, uart, master, interrupt
        self._line = Line(uart, _CATCH_UP_STDIN if uart._stdin else CATCH_UP)
        self._timer: asyncio.TimerHandle | None = None
        self._ours: socket.socket | None = None
        self._theirs: socket.socket | None = None
        # How long the firmware process has waited for a processor. The line waits with it: on a
        # chip nothing keeps the processor from the ring.
        self.starved: Callable[[], float] = lambda: 0.0
        self._held = b""  # taken from the wire, behind a Ctrl-C that cannot be delivered yet
        # In the ring, but the kernel had no room for so many small slices.
        self._backlog = bytearray()
        self._writing = False  # the kernel is to tell when it has room again
        self.received = self.overflow = 0
        loop.add_reader(master, self._readable)

    def attach(self, ours: socket.socket, theirs: socket.socket) -> None:
        self._ours, self._theirs = ours, theirs

    def detach(self) -> None:
        if self._ours is not None:
            self._loop.remove_writer(self._ours)
            self._writing = False
            self._ours.close()
            self._theirs.close()
        self._ours = self._theirs = None
        self._held = b""
        self._backlog.clear()

    def close(self) -> None:
        self._loop.remove_reader(self._master)
        if self._timer is not None:
            self._timer.cancel()

    def fill(self) -> int:
        """Bytes in the ring."""
        return 0 if self._theirs is None else waiting(self._theirs.fileno()) + len(self._backlog)

    def _readable(self) -> None:
        self._loop.remove_reader(self._master)
        self._timer = self._loop.call_later(self._line.start(), self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._held:
            held, self._held = self._held, b""
            self._arrive(held)
            self._again(self._line.next_tick())
            return
        starved = self.starved()
        if self.fill():
            self._line.pause(starved)
        budget = self._line.budget()
        if self._uart.flow & RTS and self._ours is not None:
            # RTS falls when the ring is full: the host stops, and its bytes wait in the pty.
            budget = min(budget, self._uart.rxbuf - self.fill())
            if budget <= 0:
                self._again(_PAUSED)
                return
        if budget <= 0:
            self._again(self._line.next_tick())
            return
        try:
            data = os.read(self._master, budget)
        except BlockingIOError:
            data = b""
        self._line.spend(len(data))
        self._arrive(b"" if self._uart.looped else data)
        if len(data) < budget and not self._held and not waiting(self._master):
            self._loop.add_reader(self._master, self._readable)
        else:
            self._again(self._line.next_tick())

    def _again(self, delay: float) -> None:
        self._timer = self._loop.call_later(delay, self._tick)

    def _arrive(self, data: bytes) -> None:
        """Bytes at the receiver's end of the wire, Ctrl-C among them."""
        if self._interrupt is None or self._ours is None:
            self._put(data)
            return
        while data:
            before, ctrl_c, behind = data.partition(b"\x03")
            self._put(before)
            if not ctrl_c:
                return
            taken = self._interrupt()
            if taken is None:
                self._held = ctrl_c + behind
                return
            if not taken:
                self._put(ctrl_c)
            data = behind

    def _put(self, data: bytes) -> None:
        """Into the ring, as far as it has room. Without power there is no ring, and nothing to
        count.
        """
        if not data or self._ours is None:
            return
        room = max(0, self._uart.capacity - self.fill())
        self.received += len(data)
        self.overflow += max(0, len(data) - room)
        self._backlog += data[:room]
        self._flush()

    def _flush(self) -> None:
        if self._backlog:
            try:
                sent = self._ours.send(self._backlog)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                sent = 0
            del self._backlog[:sent]
        if self._backlog and not self._writing:
            self._loop.add_writer(self._ours, self._flush)
        elif self._writing and not self._backlog:
            self._loop.remove_writer(self._ours)
        self._writing = bool(self._backlog)


class _Transmitter:
    """Firmware to host."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, uart: Uart, master: int, slave: int
    ) -> None:
        self._loop, self._uart, self._master, self._slave = loop, uart, master, slave
        self._line = Line(uart)
        self._timer: asyncio.TimerHandle | None = None
        self._socket: socket.socket | None = None
        self._pending = bytearray()
        self.tail = bytearray()
        self._held = 0  # what the pty should hold if nobody has read since `_progress` looked
        self._last_read = time.monotonic()
        self.sent = self.unread = 0

    def attach(self, ours: socket.socket) -> None:
        self._socket = ours
        if self._timer is None:
            self._loop.add_reader(ours, self._readable)

    def detach(self, power_lost: bool) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            if not power_lost:
                self._fetch(None)
        self._socket = None
        if power_lost:
            self._pending.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        elif self._pending and self._timer is None:
            self._again(self._line.start())

    def _readable(self) -> None:
        self._loop.remove_reader(self._socket)
        self._again(self._line.start())

    def _again(self, delay: float) -> None:
        self._timer = self._loop.call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        budget = self._line.budget()
        self._fetch(max(_TX_AHEAD, budget))
        if not self._pending:
            if self._socket is not None:
                self._loop.add_reader(self._socket, self._readable)
            return
        count = min(budget, len(self._pending))
        if self._uart.looped:
            self._uart.receiver._put(bytes(self._pending[:count]))
            self.sent += count
            self._line.spend(count)
            del self._pending[:count]
            self._again(self._line.next_tick())
            return
        room = self._room(count) if count else 0
        if count and not room:
            self._again(_PAUSED)
            return
        if count:
            try:
                written = os.write(self._master, self._pending[: min(count, room)])
            except BlockingIOError:
                written = 0
            self._held += written
            self.sent += written
            self._line.spend(written)
            del self._pending[:written]
        self._again(self._line.next_tick())

    def _fetch(self, ahead: int | None) -> None:
        """Take from the firmware until `ahead` bytes are pending (None: all; its socket bounds
        that).
        """
        while self._socket is not None and (ahead is None or len(self._pending) < ahead):
            try:
                data = self._socket.recv(4096 if ahead is None else ahead - len(self._pending))
            except (BlockingIOError, ConnectionResetError):
                return
            if not data:
                return
            self._pending += data
            self.tail = (self.tail + data)[-_TAIL:]

    def _room(self, count: int) -> int:
        """How many of `count` bytes the pty takes now. Makes room when nobody reads, unless CTS
        says to wait.
        """
        holds = waiting(self._slave)
        if holds + count <= _PTY_ROOM:
            return count
        now = time.monotonic()
        if holds < self._held:
            self._last_read = now
        self._held = holds
        if now - self._last_read >= _STALE and not self._uart.flow & CTS:
            self.unread += self._discard()
            self._held = 0
            return count
        return max(0, _PTY_ROOM - holds)

    def _discard(self) -> int:
        """Empty the pty; how many bytes were in it. On a busy machine more of them may be on their
        way into it than it tells of, so they are read: tcflush() would take those uncounted.
        """
        taken = 0
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._slave, 4096):
                taken += len(data)
        termios.tcflush(self._slave, termios.TCIFLUSH)  # where a host reads by lines: half of one
        return taken
