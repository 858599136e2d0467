"""The person's terminal: the console above, the bar in the last two lines, keys as they are typed.

It owns the terminal's modes from entry to exit and gives them back whatever happens. Output never
blocks: a terminal that is stopped (a slow line, a program that does not read) must not hold up
the board or the server, so what it does not take waits here, and `room` is called when it has.
"""

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable

from airwire.run.escapes import Escapes

BAR_LINES = 2
# Below this the console would have too little to be of use: no bar.
_ROWS_MIN, _COLUMNS_MIN = 6, 20
# Where the terminal tells no size.
_USUAL_SIZE = os.terminal_size((80, 24))

# Waiting output that makes `full` true: a few screens, and little to lose at the end.
_WAITING_MAX = 32_768
# The bar is drawn at most this often: a server under load has thousands of transactions a second.
_REDRAW_SECONDS = 0.04
# At the end, for a terminal that stalls.
_FLUSH_SECONDS = 1.0

_SAVE, _RESTORE = "\x1b7", "\x1b8"
_WHOLE_SCREEN = "\x1b[r"  # the scroll region; it moves the cursor too
_ERASE_BELOW = "\x1b[J"
_NO_COLOUR = "\x1b[0m"

Bar = Callable[[int], tuple[str, ...]]  # columns -> the lines of the bar


class Screen:
    """A context manager. `bar` gives the bar's lines for a width; `room` as in `full`."""

    def __init__(self, bar: Bar, room: Callable[[], None] = lambda: None) -> None:
        self._bar, self._room = bar, room
        self._loop = asyncio.get_running_loop()
        self._keyboard = sys.stdin.fileno()
        self._encoding = sys.stdout.encoding or "utf-8"
        self._escapes = Escapes()
        self._waiting = bytearray()
        self._redraw: asyncio.TimerHandle | None = None
        self._had_room = True

    def __enter__(self) -> "Screen":
        sys.stdout.flush()
        self._modes = termios.tcgetattr(self._keyboard)
        self._fd = _reopen(sys.stdout.fileno())
        try:
            tty.setraw(self._keyboard, termios.TCSANOW)
            # Another size; or back from having been stopped, with modes that the shell has set.
            self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
            self._loop.add_signal_handler(signal.SIGCONT, self._continued)
            self._measure()
            self._put(self._reserve())
            self._draw()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._redraw is not None:
            self._redraw.cancel()
        for number in (signal.SIGWINCH, signal.SIGCONT):
            self._loop.remove_signal_handler(number)
        self._loop.remove_writer(self._fd)
        self._waiting += self._released().encode() + b"\r\n"
        # The terminal may be gone (a hang-up); then there is nothing to give back.
        with contextlib.suppress(OSError, termios.error):
            self._flush()
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(self._keyboard, termios.TCSANOW, self._modes)
        os.close(self._fd)

    @property
    def full(self) -> bool:
        """Whether so much waits for the terminal that nothing more should be shown now."""
        return len(self._waiting) > _WAITING_MAX

    def show(self, data: bytes) -> None:
        """What the board says, in the console's lines."""
        text = self._escapes.feed(data, self._rows)
        self._put(text)
        if "\x1b" in text:  # it may have erased the bar
            self.refresh()

    def answers(self) -> bytes:
        """What a terminal would have answered to what has been shown: its width, where asked."""
        count, self._escapes.width_questions = self._escapes.width_questions, 0
        return b"\x1b[%d;%dR" % (self._rows, self._columns) * count

    def say(self, text: str) -> None:
        """A line of our own, on a line of its own."""
        self._put(f"\r{text}\x1b[K\r\n")

    def refresh(self) -> None:
        """What the bar shows has changed."""
        if self._redraw is None:
            self._redraw = self._loop.call_later(_REDRAW_SECONDS, self._draw)

    def _measure(self) -> None:
        size = _USUAL_SIZE
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(self._fd)
        if not size.columns or not size.lines:
            size = _USUAL_SIZE
        self._columns = size.columns
        fits = size.lines >= _ROWS_MIN and size.columns >= _COLUMNS_MIN
        self._reserved = BAR_LINES if fits else 0
        self._rows = size.lines - self._reserved  # of the console

    def _reserve(self) -> str:
        """Room below the cursor, and the console's lines as all that scrolls."""
        if not self._reserved:
            return ""
        lines = "\n" * self._reserved
        return f"{lines}\x1b[{self._reserved}A{_SAVE}\x1b[1;{self._rows}r{_RESTORE}"

    def _released(self) -> str:
        """The reverse: the cursor is where it was, everything below it empty."""
        return f"{_SAVE}{_WHOLE_SCREEN}{_RESTORE}{_NO_COLOUR}{_ERASE_BELOW}"

    def _resized(self) -> None:
        self._put(self._released())
        self._measure()
        self._put(self._reserve())
        self._draw()

    def _continued(self) -> None:
        with contextlib.suppress(termios.error):
            tty.setraw(self._keyboard, termios.TCSANOW)
        self._resized()

    def _draw(self) -> None:
        if self._redraw is not None:
            self._redraw.cancel()
            self._redraw = None
        if self._waiting:
            self.refresh()  # later; what it would show would be old by then
        elif self._reserved:
            lines = enumerate(self._bar(self._columns), self._rows + 1)
            drawn = "".join(f"\x1b[{row};1H{line}" for row, line in lines)
            self._put(f"{_SAVE}{drawn}{_RESTORE}")

    def _put(self, text: str) -> None:
        if text:
            self._waiting += text.encode(self._encoding, "replace")
            self._write()

    def _write(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: os.write(self._fd, self._waiting)]
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._write)
        except OSError:
            self._waiting.clear()  # gone: the keyboard's end will tell
        if not self._waiting:
            self._loop.remove_writer(self._fd)
        if self.full:
            self._had_room = False
        elif not self._had_room:
            self._had_room = True
            self._room()

    def _flush(self) -> None:
        """Write what waits, the end of it at least, as far as the terminal takes it in time."""
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        while self._waiting and poll.poll(_FLUSH_SECONDS * 1000):
            del self._waiting[: os.write(self._fd, self._waiting)]


def _reopen(descriptor: int) -> int:
    """The terminal opened anew, so that not blocking is our own mode and nobody else's."""
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
    try:
        return os.open(os.ttyname(descriptor), flags)
    except OSError:  # its name is of another mount namespace: the controlling terminal, then
        return os.open("/dev/tty", flags)
