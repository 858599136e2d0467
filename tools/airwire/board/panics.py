"""When a firmware that dies is not started again."""

import time
from collections import deque


class PanicLoop:
    """A firmware that dies faster than this will go on dying: stop, so that its log stays
    readable.
    """

    COUNT, SECONDS = 10, 10.0

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=self.COUNT)

    def clear(self) -> None:
        """Whoever switches the power off and on wants to see."""
        self._times.clear()

    def is_one(self) -> bool:
        """Count a panic; whether it was one too many."""
        now = time.monotonic()
        self._times.append(now)
        return len(self._times) == self.COUNT and now - self._times[0] < self.SECONDS
