"""The control lines between supervisor and firmware process: ASCII, LF ended, over one socket.
Lines, no meaning.
"""

import array
import asyncio
import fcntl
import socket
import termios
from collections.abc import Callable

# Longest line of the protocol: the longest one needed is `wlan-connect` with 32 and 64 bytes in
# hexadecimal.
MAX_LINE = 512
# Lines that the firmware has not taken; several thousand pin changes. Beyond, it is not reading at
# all.
_MAX_UNSENT = 65_536


class Channel:
    """One end of the control socket. `received` gets each line's words."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, received: Callable[[list[str]], None]
    ) -> None:
        self._loop, self._received = loop, received
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        theirs.setblocking(False)
        self.firmware_end = theirs
        self._incoming = bytearray()
        self._outgoing = bytearray()
        loop.add_reader(self._socket, self.drain)

    def send(self, line: str) -> bool:
        """Send a line; it waits here while the firmware does not read. False: too much waits
        already.
        """
        if len(self._outgoing) > _MAX_UNSENT:
            return False
        self._outgoing += line.encode() + b"\n"
        self._flush()
        return True

    def taken(self) -> bool:
        """Whether the firmware process has read all that was sent."""
        unread = array.array("i", [0])
        fcntl.ioctl(self._socket, termios.TIOCOUTQ, unread)
        return not (self._outgoing or unread[0])

    def drain(self) -> None:
        """Handle all lines that have arrived."""
        while True:
            try:
                data = self._socket.recv(4096)
            except (BlockingIOError, ConnectionResetError):
                break
            if not data:
                self._loop.remove_reader(self._socket)
                break
            self._incoming += data
        *lines, rest = self._incoming.split(b"\n")
        # A line that has no end is not one: what follows will be reported as a line that nobody
        # knows.
        self._incoming = rest[-MAX_LINE:]
        for line in lines:
            if words := line[:MAX_LINE].decode("ascii", "replace").split():
                self._received(words)

    def close(self) -> None:
        """The firmware process is gone."""
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()

    def _flush(self) -> None:
        try:
            sent = self._socket.send(self._outgoing)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            sent = 0
        del self._outgoing[:sent]
        if self._outgoing:
            self._loop.add_writer(self._socket, self._flush)
        else:
            self._loop.remove_writer(self._socket)
