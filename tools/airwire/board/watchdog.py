"""The watchdog of a chip: bites unless it is fed in time."""

import asyncio
import time
from collections.abc import Callable


class Watchdog:
    """Calls `bites` when the time that it was last given is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bites: Callable[[], None]) -> None:
        self._loop, self._bites = loop, bites
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def feed(self, seconds: float) -> None:
        """The next feed is due in `seconds`."""
        self._due = time.monotonic() + seconds
        if self._timer is None or self._timer.when() > self._due:
            self.stop()
            self._timer = self._loop.call_later(seconds, self._look)

    def stop(self) -> None:
        """It is off until it is fed again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        # Feeding only moves the due time; the timer finds that out here, once per period.
        self._timer = None
        left = self._due - time.monotonic()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._bites()
