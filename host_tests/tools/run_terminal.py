"""`airwire run` as a person starts it, in a terminal that shows what they would see.

The terminal is pyte's, behind a pty: the screen is compared, not the sequences that made it.
"""

import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pyte

COMMAND = (sys.executable, "-m", "airwire", "run")

# A start takes three seconds on an idle machine; what has not come by then will not come.
PATIENCE = 60.0

# Longer than the command puts off a drawing.
_QUIET_SECONDS = 0.3


class Family:
    """An environment whose processes and files can be found again, whoever has started them."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self._mark = f"AIRWIRE_FAMILY={uuid.uuid4()}"
        name, _, value = self._mark.partition("=")
        kept = {key: text for key, text in os.environ.items() if key != "NO_COLOR"}
        self.environment = {**kept, name: value, "TMPDIR": str(folder), "TERM": "xterm-256color"}
        self.environment |= settings

    def processes(self) -> list[str]:
        """Their command lines. The interpreter has no environment, but files in our folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                marked = self._mark.encode() in (process / "environ").read_bytes()
            except OSError:
                continue  # it has ended meanwhile, or is somebody else's
            if marked or str(self.folder) in words:
                found.append(words)
        return found

    def files(self) -> list[Path]:
        return list(self.folder.iterdir())

    def check_gone(self) -> None:
        assert self.processes() == []
        assert self.files() == []


class Terminal:
    """The command in a terminal of its own: what it shows, and the keys of a person."""

    def __init__(
        self, family: Family, *arguments: str, columns: int = 80, lines: int = 24
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = os.openpty()
        self._size(columns, lines)
        self.modes = termios.tcgetattr(self._master)
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=family.environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._slave = slave  # open here too: its modes can be read when the command has ended

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.end()
        self.hang_up()

    def hang_up(self) -> None:
        """Close the window, as far as the command goes."""
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._slave = -1

    def resize(self, columns: int, lines: int) -> None:
        while self.read(_QUIET_SECONDS):  # what is on its way was drawn for the old size
            pass
        self._screen.resize(lines, columns)
        self._size(columns, lines)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        return "\n".join(self.lines())

    def bar(self) -> tuple[str, str]:
        """The last two lines."""
        return tuple(self.lines()[-2:])

    @property
    def cells(self) -> list[list[pyte.screens.Char]]:
        """Each character with its colours."""
        screen = self._screen
        return [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]

    def until(self, condition: Callable[[], object]) -> None:
        """Show what comes until the condition holds."""
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < limit, self.text()
            assert self.read(limit - time.monotonic()), self.text()

    def shows(self, text: str) -> None:
        """Wait until the text is somewhere on the screen."""
        self.until(lambda: text in self.text())

    def joined(self) -> None:
        """Wait until the console is the person's, on a board that has joined."""
        self.until(lambda: "Ctrl-X or Ctrl-]" in self.text() and "Wi-Fi up" in self.text())

    def read(self, patience: float) -> bool:
        """Show the next piece of output; False when there is no more."""
        if not select.select([self._master], [], [], max(patience, 0))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self._stream.feed(data)
        return bool(data)

    def stalls(self) -> None:
        """Show nothing, until the command cannot write any more."""
        limit = time.monotonic() + PATIENCE
        while select.select([], [self._slave], [], 0)[1]:
            assert time.monotonic() < limit
            time.sleep(0.02)  # that a pty gets full cannot be waited for

    def waiting(self) -> int:
        """Bytes of output that nobody has read."""
        answer = fcntl.ioctl(self._master, termios.FIONREAD, b"\0" * 4)
        return struct.unpack("i", answer)[0]

    def end(self) -> int:
        """Show the rest. Returns the exit code."""
        limit = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < limit, self.text()
            self.read(0.05)
        while self.waiting():
            self.read(0)
        return self.process.returncode

    def modes_now(self) -> list:
        return termios.tcgetattr(self._slave)

    def _size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
