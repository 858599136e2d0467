"""The frames of machine mode: bytes from the module in, events out. No port, no clock.

    R<code><length>CR LF <payload>     a reply
    L0<length>CR LF <payload>          a line of log
    S<code><length>CR LF <payload>     a reply in safe mode

`length` is five digits and counts all of the payload. Every payload ends with CR LF, which is
counted and is not part of what the module had to say; length 00000 is an empty answer without a
payload. So the end of data that were read from a stream is exact, whatever the data are: two bytes
are taken off, never more.

Anything else on the line (the chip's boot messages, text of human mode, noise) is skipped and
reported. A header in the midst of it counts only if its payload ends as a payload must: where
bytes were lost, the next frame is found again though its beginning was taken for a payload.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = re.compile(rb"(?:([RS])([0-9])|(L)0)([0-9]{5})\r\n")
_HEADER_SIZE = 9
_LINE_END = b"\r\n"

# What a header's five digits can announce: the parser never holds more than this, a header, and
# what it was fed last.
MAX_PAYLOAD = 99_999


@dataclass(frozen=True)
class Reply:
    """The answer to a command: its result code (0 is success) and its text or data."""

    code: int
    payload: bytes


@dataclass(frozen=True)
class SafeModeReply(Reply):
    """The same from a module in safe mode, where only some variables work."""


@dataclass(frozen=True)
class Log:
    """A line of log."""

    text: bytes


@dataclass(frozen=True)
class Skipped:
    """Bytes that belong to no frame. One stretch of them may come as several events."""

    data: bytes


Event = Reply | Log | Skipped


class FrameParser:
    """Feed bytes, take events. It raises nothing, whatever it is fed."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """More bytes from the module. Take all events before feeding again."""
        self._buffer += data

    def events(self) -> Iterator[Event]:
        """The events that the bytes so far make up."""
        while event := self._next():
            yield event

    @property
    def pending(self) -> int:
        """Bytes that may be the beginning of a frame."""
        return len(self._buffer)

    def give_up(self) -> Iterator[Event]:
        """The rest of a frame will not come: skip its beginning; the events found behind it.

        Afterwards nothing is pending.
        """
        while self._buffer:
            yield self._skip(1)
            yield from self.events()

    def _next(self) -> Event | None:
        header = _HEADER.match(self._buffer)
        if header is None:
            end = self._end_of_garbage(0)
            return self._skip(end) if end else None
        size = int(header[4])
        end = _HEADER_SIZE + size
        if len(self._buffer) < end:
            return None
        if size and (size < len(_LINE_END) or self._buffer[end - 2 : end] != _LINE_END):
            return self._skip(self._end_of_garbage(1))
        payload = bytes(self._buffer[_HEADER_SIZE : max(_HEADER_SIZE, end - len(_LINE_END))])
        if header[3]:
            event: Event = Log(payload)
        else:
            event = (Reply if header[1] == b"R" else SafeModeReply)(int(header[2]), payload)
        del self._buffer[:end]
        return event

    def _end_of_garbage(self, start: int) -> int:
        """Where the first header at or after `start` begins, or could begin with more bytes."""
        header = _HEADER.search(self._buffer, start)
        if header:
            return header.start()
        for position in range(max(start, len(self._buffer) - _HEADER_SIZE + 1), len(self._buffer)):
            if _begins_header(self._buffer[position:]):
                return position
        return len(self._buffer)

    def _skip(self, count: int) -> Skipped:
        event = Skipped(bytes(self._buffer[:count]))
        del self._buffer[:count]
        return event


# A header of each kind, to complete the beginning of one with.
_EXAMPLES = (b"R000000\r\n", b"S000000\r\n", b"L000000\r\n")


def _begins_header(data: bytearray) -> bool:
    return any(_HEADER.fullmatch(data + example[len(data) :]) for example in _EXAMPLES)
