"""What the methods of a module stand on: one command with its reply, or several in one piece.

The files beside this one add the commands of an area each, as classes that Module is made of.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from airwire.client.errors import Timeout, refusal, shown
from airwire.client.link import Link
from airwire.client.notifications import Notification, Notifications
from airwire.client.replies import text
from airwire.client.rest import RestLink
from airwire.wire import cmdline, quoting

# Longer than all that does not wait for the network: a scan takes three seconds, a save one.
COMMAND_SECONDS = 10.0

# The data phase of a command; larger numbers are refused, and the data would run as commands.
MAX_DATA = 65_536

# A thread that waits for messages steps aside this long, or those that have commands to send would
# never get the port.
_STEP_ASIDE = 0.001

Word = str | bytes | int


def encode(word: Word) -> bytes:
    """An argument as bytes: text as UTF-8, numbers in decimal, True and False as 1 and 0."""
    if isinstance(word, int):
        return b"%d" % word
    return word.encode(errors="surrogateescape") if isinstance(word, str) else bytes(word)


class Commands:
    """A module to which commands can be sent, whatever they are."""

    def __init__(self, link: Link | RestLink, timeout: float) -> None:
        self._link = link
        self._depth = 0
        self.timeout = timeout

    @property
    def notifications(self) -> Notifications:
        """What the module has said of its own accord."""
        return self._link.notifications

    @property
    def safe_mode(self) -> bool:
        """Whether the last reply came from a module in safe mode."""
        return self._link.safe_mode

    def command(
        self,
        name: str,
        *args: Word,
        data: bytes | None = None,
        timeout: float | None = None,
        last: bool = False,
    ) -> bytes:
        """Run a command; what the module answers, without the line end.

        Arguments are quoted as they need it, one each, whatever bytes they hold. `data` follow the
        command line, where the command announces how many (1 to 65,536). `timeout`: seconds for
        the reply, `self.timeout` if not given. `last`: what comes behind the reply is not read.

        Raises the CommandError of the result code, Timeout, LostFrame, PortError; ValueError for
        a name that is not one word, and for data that no command takes.
        """
        if cmdline.split(name.encode()) != [name.encode()]:
            raise ValueError(f"{name!r} is not one word")
        if data is not None and not 1 <= len(data) <= MAX_DATA:
            raise ValueError(f"{len(data)} bytes of data; a command takes 1 to {MAX_DATA}")
        words = [encode(arg) for arg in args]
        line = b" ".join([name.encode(), *map(quoting.quote, words)])
        told = shown(name, tuple(word.decode(errors="replace") for word in words))
        with self.exclusive():
            reply = self._link.exchange(
                line, data, self.timeout if timeout is None else timeout, told, last
            )
        if reply.code:
            raise refusal(reply.code, told, text(reply.payload))
        return reply.payload

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Several commands with no other thread's in between."""
        try:
            with self._link.lock:
                self._depth += 1
                outermost = self._depth == 1
                try:
                    yield
                finally:
                    self._depth -= 1
        finally:
            # With the lock given back, and never between commands that belong together.
            if outermost:
                self.notifications.deliver()

    def _restarted(self) -> None:
        """The module has closed all that was open: an area that holds such things forgets them."""

    def wait(
        self, wanted: str | Callable[[Notification], bool], timeout: float | None = None
    ) -> Notification:
        """Read the port until a notification comes that is wanted; what comes before is dropped.

        wanted: the beginning of its text, or a function. Notifications come only at a
        system.print_level that lets them through. With a callback set they go there instead, and
        this must not be used. Raises Timeout after `timeout` seconds, PortError.
        """
        timeout = self.timeout if timeout is None else timeout
        deadline = time.monotonic() + timeout
        while True:
            while (notification := self.notifications.take()) is not None:
                if (
                    notification.text.startswith(wanted)
                    if isinstance(wanted, str)
                    else wanted(notification)
                ):
                    return notification
            if time.monotonic() >= deadline:
                raise Timeout(f"{self._link.name}: no such notification within {timeout:g} s")
            with self.exclusive():
                self._link.listen()
            time.sleep(_STEP_ASIDE)
