"""A stream of the module as a file: what a connection brings is read, what is written goes out.

It is raw in io's sense: a read returns what is there, a write sends at once. `io.BufferedReader`
and `io.TextIOWrapper` go on top of it as they do on any other.
"""

import contextlib
import enum
import io
import time
from typing import TYPE_CHECKING

from airwire.client.errors import CommandFailed, Timeout

if TYPE_CHECKING:
    from airwire.client.streams import StreamCommands

# What the module gives in one answer at most.
READ_SIZE = 4096

# The module's UART holds 5,760 bytes. Data of this size fit there as a whole while their way into
# the network is stuck, so that nothing is lost even without flow control.
WRITE_SIZE = 4096
# With RTS and CTS wired nothing can be lost; this bounds how long the port is taken by one write.
FLOW_WRITE_SIZE = 16_384

# A peer that takes nothing for so long: lwIP gives a connection up after some minutes.
WRITE_SECONDS = 60.0

# Between two questions whether data have come. The first is about the time that a question and its
# answer take at 115200 baud.
_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.1


class State(enum.IntEnum):
    """What the module knows of a stream. CLOSED: by the other side; data may still be there."""

    NO_DATA = 0
    DATA = 1
    CLOSED = 2


class Stream(io.RawIOBase):
    """An open stream of a module: a connection, a file, a long response.

    handle: its number in the module. info: what it is connected to. timeout: seconds that a read
    waits for data; None waits for ever, 0 returns None where nothing is there. write_size: how
    much is sent in one piece.

    After the other side has closed, a read gives what is left and then b"". A write to a
    connection that is gone raises CommandFailed.
    """

    def __init__(
        self,
        module: "StreamCommands",
        handle: int,
        info: str,
        timeout: float | None = None,
        write_size: int = WRITE_SIZE,
    ) -> None:
        super().__init__()
        self.handle = handle
        self.info = info
        self.timeout = timeout
        self.write_size = write_size
        self._module = module
        self._ahead = bytearray()
        self._ended = False
        self._released = False

    def __repr__(self) -> str:
        state = "closed" if self.closed else "ended" if self._ended else "open"
        return f"<Stream {self.handle} to {self.info}, {state}>"

    def __del__(self) -> None:
        """Sends nothing: the collector runs anywhere, in the midst of a command too."""

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def poll(self) -> State:
        """Whether a read would find something; does not wait."""
        self._check_open()
        with self._module.exclusive():
            if self._ahead:
                return State.DATA
            self._look()
            try:
                return State.CLOSED if self._ended else self._ask()
            except CommandFailed as error:
                self._expect_gone(error)
                return State.CLOSED

    def wait_readable(self, timeout: float | None = None) -> bool:
        """Wait until a read would not: True; False after `timeout` seconds (None: for ever)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_PAUSE
        while self.poll() is State.NO_DATA:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            time.sleep(pause if left is None else min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int | None:
        """At least one byte as soon as there is one; 0 at the end. Raises Timeout."""
        view = memoryview(buffer).cast("B")
        if not view.nbytes:
            return 0
        if not self._ahead:
            data = self._wait(view.nbytes)
            if data is None:
                return None
            self._ahead += data
        count = min(view.nbytes, len(self._ahead))
        view[:count] = self._ahead[:count]
        del self._ahead[:count]
        return count

    def peek(self, size: int = READ_SIZE, /) -> bytes:
        """What the next read gives, at least one byte but at the end. Lines are read by it."""
        if not self._ahead:
            self._ahead += self._wait(READ_SIZE) or b""
        return bytes(self._ahead)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Send all of `data`; its length. Raises CommandFailed when the connection is gone."""
        self._check_open()
        view = memoryview(data).cast("B")
        for start in range(0, view.nbytes, self.write_size):
            piece = bytes(view[start : start + self.write_size])
            with self._module.exclusive():
                self._look()
                if self._released:
                    raise CommandFailed(
                        f"stream_write {self.handle}", "the stream has been closed"
                    )
                self._module.command(
                    "stream_write", self.handle, len(piece), data=piece, timeout=WRITE_SECONDS
                )
        return view.nbytes

    def close(self) -> None:
        """Close the stream in the module. One that is closed there already is no error."""
        if self.closed:
            return
        super().close()
        with self._module.exclusive():
            self._look()
            if self._released:
                return
            self.release()
            # The module may have closed it, and nobody has read as far as that.
            with contextlib.suppress(CommandFailed):
                self._module.command("stream_close", self.handle)

    def release(self) -> None:
        """The module has given the handle up: it may soon mean another stream."""
        self._released = self._ended = True
        self._module.forget_stream(self)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed stream")

    def _wait(self, size: int) -> bytes | None:
        """Data, at most `size`; b"" at the end, None where the stream does not wait."""
        self._check_open()
        deadline = None if self.timeout is None else time.monotonic() + self.timeout
        pause = _FIRST_PAUSE
        while (data := self._fetch(min(size, READ_SIZE))) is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                if self.timeout == 0:
                    return None
                raise Timeout(f"{self!r}: no data within {self.timeout:g} s")
            time.sleep(pause if left is None else min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)
        return data

    def _fetch(self, size: int) -> bytes | None:
        """What has arrived: None if nothing, b"" at the end."""
        # In one piece: between its commands another thread's could be given our handle.
        with self._module.exclusive():
            self._look()
            if self._ended:
                return b""
            try:
                data = self._module.command("stream_read", self.handle, size)
                if data or self._ask() is not State.CLOSED:
                    return data or None
                # Data may have come between the question and the end.
                data = self._module.command("stream_read", self.handle, size)
                if not data:
                    self._ended = True
                    self._see_gone()
                return data
            except CommandFailed as error:
                # Read to its end, the module closes a stream by itself (stream.auto_close).
                self._expect_gone(error)
                return b""

    def _expect_gone(self, refused: CommandFailed) -> None:
        """A refusal is the end only where the module has the stream no more; otherwise (it may be
        short of memory) what was to be read is there yet, and the refusal is raised.
        """
        self._see_gone()
        if not self._released:
            raise refused

    def _see_gone(self) -> None:
        """Release the handle if the module has the stream no more."""
        if all(row.handle != self.handle for row in self._module.streams()):
            self.release()

    def _look(self) -> None:
        """Release the handle if the module has given it to another."""
        if not self._released and not self._module.holds_stream(self):
            self.release()

    def _ask(self) -> State:
        return State(int(self._module.command("stream_poll", self.handle)))
