"""Stream mode: the port carries the bytes of one connection instead of commands.

The module must be in it (`bus.mode`), which use_stream_mode() sees to, and have a connection: one
that was opened in command mode, or that of tcp.client.* or udp.client.*, which it opens by itself.
"""

import io
import time

from airwire.client import port as ports
from airwire.client.errors import Timeout
from airwire.client.link import Link
from airwire.client.system import BOOT_SECONDS, SystemCommands

_BREAK_SEQUENCE = "bus.stream.cmd_seq"

# Bytes in one write of the port: a reader in another thread gets its turn in between.
_PIECE = 4096


class Bridge(io.RawIOBase):
    """The connection of a module in stream mode, as a file.

    Nothing tells its end: a read waits for the next byte, `timeout` seconds at most (None: for
    ever; 0 returns None where nothing is there). One thread may read while another writes.

    close() leads back to command mode by silence and the break sequence, which takes three
    seconds; what the other side sends meanwhile is lost.
    """

    def __init__(self, link: Link, timeout: float | None) -> None:
        super().__init__()
        self.timeout = timeout
        self._link = link
        self._port = link.bridge()

    def __del__(self) -> None:
        """Sends nothing: the collector runs anywhere."""

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int | None:
        """At least one byte as soon as there is one. Raises Timeout, PortError."""
        self._check_open()
        view = memoryview(buffer).cast("B")
        deadline = None if self.timeout is None else time.monotonic() + self.timeout
        while view.nbytes:
            try:
                data = self._port.read(view.nbytes)
            except OSError as error:
                raise ports.lost(self._link.name, error) from None
            if data:
                view[: len(data)] = data
                return len(data)
            if deadline is not None and time.monotonic() >= deadline:
                if self.timeout == 0:
                    return None
                raise Timeout(f"{self._link.name}: no data within {self.timeout:g} s")
        return 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Send all of `data`; its length. Without flow control, what comes faster than the
        connection takes it is lost; bus.stream.dropped and uart.overruns count. Raises PortError.
        """
        self._check_open()
        view = memoryview(data).cast("B")
        try:
            for start in range(0, view.nbytes, _PIECE):
                self._port.write(bytes(view[start : start + _PIECE]))
        except Timeout:
            raise
        except OSError as error:
            raise ports.lost(self._link.name, error) from None
        return view.nbytes

    def close(self) -> None:
        """Go back to command mode. Raises Timeout, LostFrame, PortError."""
        if not self.closed:
            super().close()
            if not self._link.closed:
                self._link.attach()

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed stream")


class BridgeCommands(SystemCommands):
    """The way into stream mode and out of it."""

    def use_stream_mode(self, on: bool = True, timeout: float = BOOT_SECONDS) -> None:
        """Have the module carry a stream (bus.mode) from now on, or commands again; this saves all
        variables and restarts it. Afterwards it is in command mode: see stream_mode().
        """
        with self.exclusive():
            sequence = self.get(_BREAK_SEQUENCE).encode(errors="surrogateescape")
            self.set("bus.mode", "stream" if on else "command")
            self.save()
            self._link.sequence = sequence if on else None
            self.reboot(timeout)

    def stream_mode(self, *, read_timeout: float | None = None) -> Bridge:
        """Leave command mode; the connection as a file. Its close() comes back.

        Raises CommandFailed when bus.mode is not `stream`, or a GPIO holds command mode; PortError
        over HTTP.
        """
        with self.exclusive():
            self._link.check_bridge()
            sequence = self.get(_BREAK_SEQUENCE).encode(errors="surrogateescape")
            self.command("exit", last=True)
            self._link.sequence = sequence
            return Bridge(self._link, read_timeout)
