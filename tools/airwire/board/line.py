"""The time of a UART's line: how many bytes a wire of a given speed has carried. The bytes are
uart.py's.
"""

import time
from typing import Protocol

# Traffic is moved in slices of this length; a chip's own interrupt comes about as often (its FIFO
# threshold).
_TICK = 0.002
# A supervisor that was not scheduled in time makes up for at most this much line time. Longer, and
# a burst would overflow a ring that the real line fills gently. UART0's holds 22 ms at 115200, and
# the firmware looks at it every 5 ms while it is busy.
CATCH_UP = 0.010


class Timed(Protocol):
    """What has a speed."""

    byte_time: float  # seconds that a byte takes


class Line:
    """The time base of one direction: how many bytes the wire has carried since it was last
    asked.
    """

    def __init__(self, uart: Timed, catch_up: float = CATCH_UP) -> None:
        self._uart = uart
        self._catch_up = catch_up
        self._busy_until = 0.0

    def pause(self, seconds: float) -> None:
        """So much of the time since it was last asked is none of the line's."""
        self._busy_until += seconds

    def start(self) -> float:
        """A byte appears on an idle line; returns the seconds until it has arrived."""
        self._busy_until = max(self._busy_until, time.monotonic())
        return self._uart.byte_time

    def budget(self) -> int:
        """Bytes that may arrive now."""
        now = time.monotonic()
        self._busy_until = max(self._busy_until, now - self._catch_up)
        return int((now - self._busy_until) / self._uart.byte_time)

    def spend(self, count: int) -> None:
        """`count` bytes have arrived."""
        self._busy_until += count * self._uart.byte_time

    def next_tick(self) -> float:
        """Seconds until it is worth looking again."""
        return max(_TICK, self._uart.byte_time)
