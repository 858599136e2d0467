# What a session does when memory has run out: the command fails, with every byte accounted for.
# Data that were announced are taken and dropped, so that they never become commands; a line that
# could not be taken whole is refused whole. Imported when it is needed, as memory was made for it;
# from then on next to nothing is allocated here.
import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from wire import cmdline, quoting  # noqa: F401  split() needs it when there is no memory left

from . import catalogue, errors, registry, session

# Commands that announce bytes -> which of their arguments that are no options tells how many.
_WITH_DATA = {b"cert_load": 2, b"stream_write": 1, b"file_create": 1, b"smtp_send": 2}
_TEXT = b"Out of memory"
_SILENCE_MS = const(10_000)  # as of data.py
_LOOK_MS = const(2)  # UART0's ring of 260 bytes lasts for 22 ms
_LF = const(10)
_CR = const(13)


async def failed(self, line):
    """The result of the command line that found no memory in the session `self`, as execute()
    gives it.
    """
    registry.make_room()
    left = self.left
    await discard(self, announced(line) if left is None else left)
    return errors.FAILED, _TEXT


async def discard(self, size, wait_ms=_SILENCE_MS, silence_ms=_SILENCE_MS):
    """Take so many bytes of the session's input, or what comes of them: the first within wait_ms,
    each next one before it has been silent for silence_ms.
    """
    if not size:
        return
    port = self.port
    self.in_data = True
    port.raw(True)
    heard = ticks_ms()
    while size and ticks_diff(ticks_ms(), heard) < wait_ms:
        if self.pos >= self.end:
            n = port.readinto(self.buf)
            if not n:
                await asyncio.sleep_ms(_LOOK_MS)
                continue
            heard = ticks_ms()
            wait_ms = silence_ms
            self.pos = 0
            self.end = n
        if self.editor.last == _CR and self.buf[self.pos] == _LF:  # CR LF ended the line
            self.pos += 1
            n = 0
        else:
            n = min(size, self.end - self.pos)
        self.editor.last = 0
        self.pos += n
        size -= n
    self.in_data = False
    port.raw(False)


def announced(line):
    """How many bytes follow the command line."""
    try:
        args = cmdline.split(line)
        name = catalogue.name(args.pop(0))
    except (cmdline.ParseError, registry.UnknownCommand, IndexError):
        return 0
    options = b"".join([arg for arg in args if arg[:1] == b"-"])
    words = [arg for arg in args if arg[:1] != b"-"]
    at = _WITH_DATA.get(name)
    if at is None or len(words) <= at or not words[at].isdigit():
        return 0
    if b"o" in options or b"f" in options:
        return 0  # they come from a stream (-o) or are in a file (-f)
    return int(words[at])


async def recover(self):
    """Go on after memory ran out in the loop of the session `self`."""
    registry.make_room()
    if self.running:  # the reply found none
        await self.write(self._response(errors.FAILED, _TEXT))
        self.running = False  # now that there is a reply
        if session.busy:
            session.busy.end()
    elif self.pos < self.end and not self.done:
        self.editor.spoil()
        if self.echo and not self.editor.human:  # there was no room for a person's editor
            self.pos = self.end
