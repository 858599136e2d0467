"""UART0 of the board in an event loop: bytes in and out, and waiting for what it says.

It neither knows commands nor shows anything: `hear` gets every byte as it comes.
"""

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path

from airwire.errors import UserError

# What `expect` can look back at: a boot with all its lines is 1 KB.
_HEARD_MAX = 16_384
# One read: more than the kernel keeps for a terminal.
_READ_SIZE = 8192
# Typed bytes that wait for the port before `full` says so: the size of a terminal's own buffer.
_WAITING_MAX = 4096


class Console:
    """The open port; a context manager. `room` is called when `full` has become false again."""

    def __init__(
        self,
        port: Path,
        hear: Callable[[bytes], None],
        room: Callable[[], None] = lambda: None,
    ) -> None:
        self._port, self._hear, self._room = port, hear, room
        self._loop = asyncio.get_running_loop()
        self._heard = bytearray()
        self._count = 0  # bytes heard in all
        self._news = asyncio.Event()
        self._waiting = bytearray()
        self._gone = False

    def __enter__(self) -> "Console":
        try:
            self._fd = os.open(self._port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise UserError(f"{self._port}: {error.strerror}") from None
        self.listen(True)
        return self

    def __exit__(self, *_: object) -> None:
        self.listen(False)
        self._loop.remove_writer(self._fd)
        os.close(self._fd)

    def listen(self, on: bool) -> None:
        """Take what the board says, or leave it in the port meanwhile."""
        if on and not self._gone:
            self._loop.add_reader(self._fd, self._readable)
        else:
            self._loop.remove_reader(self._fd)

    @property
    def full(self) -> bool:
        """Whether more is waiting to be sent than a person types ahead."""
        return len(self._waiting) > _WAITING_MAX

    @property
    def position(self) -> int:
        """Where the next byte will be: a mark for `expect`."""
        return self._count

    def write(self, data: bytes) -> None:
        """Send, as soon as the port takes it."""
        self._waiting += data
        self._loop.add_writer(self._fd, self._writable)

    async def expect(self, pattern: bytes, since: int, timeout: float) -> re.Match[bytes]:
        """Wait until the pattern is found in what the board says after `since`. Raises
        TimeoutError, and UserError when the board has gone.
        """
        async with asyncio.timeout(timeout):
            while True:
                begin = max(0, len(self._heard) - (self._count - since))
                found = re.search(pattern, bytes(self._heard[begin:]))
                if found:
                    return found
                if self._gone:
                    raise UserError("the board was taken down", code=1)
                self._news.clear()
                await self._news.wait()

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # the supervisor has closed its end
        self._news.set()
        if not data:
            self._gone = True
            self.listen(False)
            return
        self._count += len(data)
        self._heard += data
        del self._heard[:-_HEARD_MAX]
        self._hear(data)

    def _writable(self) -> None:
        was_full = self.full
        try:
            del self._waiting[: os.write(self._fd, self._waiting)]
        except BlockingIOError:
            return
        except OSError:
            self._waiting.clear()
        if not self._waiting:
            self._loop.remove_writer(self._fd)
        if was_full and not self.full:
            self._room()
