"""What a module says without being asked: its log lines, and the messages in brackets.

    Associated, with the time        [2026-03-25 | 02:50:33: Associated]
    the same before the clock is set [Associated]
    a line of log                    IPv4 address: 10.5.6.108

They arrive between replies, and lie here until somebody takes them. The queue is bounded: a
program that never looks loses the oldest, and can count them.
"""

import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

# A join with its retries has some twenty lines; ten of them are more than a program wants to see
# at once.
MAX_WAITING = 256

# Outside of frames a line ends with CR LF; what is longer than any of the module's lines is noise.
_MAX_LINE = 600

_BRACKETS = re.compile(r"\[(?:(\d{4}-\d\d-\d\d \| \d\d:\d\d:\d\d): )?(.*)\]", re.DOTALL)
_BRACKET_LINE = re.compile(rb"(?:^|[\r\n])(?:> )?(\[[^\r\n]{1,%d}\])(?=\r\n)" % _MAX_LINE)


@dataclass(frozen=True)
class Notification:
    """A line of the module's log. bracketed: an asynchronous message, such as `Opened: 0`.

    when: the time by the module's clock, where the message shows it.
    """

    text: str
    bracketed: bool = False
    when: datetime | None = None


def parse(line: bytes) -> Notification:
    """A log line as the module wrote it, without its line end."""
    text = line.decode(errors="surrogateescape")
    match = _BRACKETS.fullmatch(text)
    if match is None:
        return Notification(text)
    try:
        when = match[1] and datetime.strptime(match[1], "%Y-%m-%d | %H:%M:%S")
    except ValueError:
        return Notification(text)
    return Notification(match[2], True, when or None)


class Notifications:
    """The queue. `callback`, if set, is called with each notification instead of queueing it.

    The callback runs in the thread whose command or wait has met the message, after that command
    is done, and may use the module. What it raises ends in that thread.
    """

    def __init__(self, callback: Callable[[Notification], None] | None = None) -> None:
        self.callback = callback
        self.dropped = 0
        self._waiting: deque[Notification] = deque()
        self._lock = threading.Lock()
        self._delivering = threading.Lock()
        self._tail = b""

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> Notification | None:
        """The oldest one, None when there is none. It does not read the port: Module.wait does."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._waiting.clear()

    def log(self, text: bytes) -> None:
        """A log frame has come."""
        self._put(parse(text))

    def outside(self, data: bytes) -> None:
        """Bytes outside of frames: messages in brackets among them count too.

        A module that has just started is in human mode, and its `[Ready]` looks like this.
        """
        data = self._tail + data
        end = 0
        for match in _BRACKET_LINE.finditer(data):
            self._put(parse(match[1]))
            end = match.end()
        self._tail = data[end:][-_MAX_LINE - 4 :]

    def deliver(self) -> None:
        """Hand what waits to the callback, if there is one. Not to be called within a command."""
        if self.callback is None:
            return
        # One at a time, also while the callback's own commands bring new ones; those that come
        # when another thread has just finished are seen by the look behind its back.
        while self._waiting and self._delivering.acquire(blocking=False):
            try:
                while (notification := self.take()) is not None:
                    self.callback(notification)
            finally:
                self._delivering.release()

    def _put(self, notification: Notification) -> None:
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(notification)
