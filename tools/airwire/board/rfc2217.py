"""UART0 by RFC 2217, with the control lines that a pseudo-terminal lacks: a TCP port of the host's
loopback that opens as rfc2217://127.0.0.1:PORT in whatever uses pyserial.

It is one more program at the host's end of the UART, for one client at a time. The telnet part is
pyserial's; what DTR and RTS are wired to is known elsewhere.
"""

import asyncio
import os
from collections.abc import Callable

from serial.rfc2217 import IAC, IAC_DOUBLED, M_NORMAL, PortManager

from airwire.errors import UserError

_HOST = "127.0.0.1"
# What waits for the UART of a client that sends faster than the line is.
_MAX_UNSENT = 65_536

# DTR and RTS: whether they are asserted.
Lines = Callable[[bool, bool], None]


class Rfc2217:
    """The port. `fd` is the host's end of the UART; `lines` gets the control lines."""

    def __init__(self, fd: int, lines: Lines) -> None:
        self._fd, self._lines = fd, lines
        self._client: _Client | None = None
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self, port: int) -> None:
        """Listen; 0 is any free port. Raises UserError."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, _HOST, port)
        except OSError as error:
            raise UserError(f"RFC 2217 port {port}: {os.strerror(error.errno)}") from None
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """No more clients."""
        if self._server is not None:
            self._server.close()
        if self._client is not None:
            self._client.transport.abort()

    def _accept(self) -> asyncio.Protocol:
        if self._client is not None:
            return _Busy()
        self._client = _Client(self._fd, self._lines, self._left)
        return self._client

    def _left(self) -> None:
        self._client = None


class _Busy(asyncio.Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:
        transport.abort()


class _Port:
    """What pyserial's PortManager takes for a serial port. The UART's settings are the chip's
    business: those of the host are only told back.
    """

    def __init__(self, lines: Lines, purge: Callable[[], None]) -> None:
        self._lines, self._purge = lines, purge
        self._dtr = self._rts = False
        self.baudrate, self.bytesize, self.parity, self.stopbits = 115200, 8, "N", 1
        self.xonxoff = self.rtscts = self.break_condition = False
        self.cts = self.dsr = self.cd = True  # somebody is there
        self.ri = False

    def _set(self, dtr: bool, rts: bool) -> None:
        self._dtr, self._rts = dtr, rts
        self._lines(dtr, rts)

    dtr = property(lambda self: self._dtr, lambda self, on: self._set(on, self._rts))
    rts = property(lambda self: self._rts, lambda self, on: self._set(self._dtr, on))

    def reset_input_buffer(self) -> None:
        self._purge()

    def reset_output_buffer(self) -> None:
        """What was written is on its way already."""


class _Client(asyncio.Protocol):
    def __init__(self, fd: int, lines: Lines, left: Callable[[], None]) -> None:
        self._fd, self._lines, self._left = fd, lines, left
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._manager = PortManager(_Port(self._lines, self._discard), transport)
        self._loop.add_reader(self._fd, self._readable)

    def connection_lost(self, error: Exception | None) -> None:
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._lines(False, False)  # the plug is pulled
        self._left()

    # Client to UART

    def data_received(self, data: bytes) -> None:
        manager = self._manager
        if IAC in data or manager.mode is not M_NORMAL or manager.suboption is not None:
            data = b"".join(manager.filter(data))
        self._unsent += data
        self._flush()

    def _flush(self) -> None:
        try:
            sent = os.write(self._fd, self._unsent) if self._unsent else 0
        except BlockingIOError:
            sent = 0
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._fd, self._flush)
        else:
            self._loop.remove_writer(self._fd)
        if len(self._unsent) > _MAX_UNSENT:
            self.transport.pause_reading()
        elif not self.transport.is_reading():
            self.transport.resume_reading()

    # UART to client

    def _readable(self) -> None:
        self.transport.write(self._read().replace(IAC, IAC_DOUBLED))

    def pause_writing(self) -> None:
        self._loop.remove_reader(self._fd)

    def resume_writing(self) -> None:
        self._loop.add_reader(self._fd, self._readable)

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, 4096)
        except BlockingIOError:  # another program was faster
            return b""

    def _discard(self) -> None:
        while self._read():
            pass
