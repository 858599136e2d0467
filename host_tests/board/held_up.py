"""How long this machine has kept a virtual board waiting for a processor: a real one has its own,
so that wait is no part of how fast the firmware is.
"""

import os
import threading
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# Where /proc/stat has the ticks that a hypervisor gave to other guests.
_STEAL = 8


class HeldUp:
    """The seconds for which a board's processes and the calling thread have been kept waiting."""

    def __init__(self, board) -> None:
        """`board`: a back-end of the tests; nothing holds up a real one but this thread."""
        self._threads = [*board.processes(), threading.get_native_id()]
        self._last = self._total()

    def _total(self) -> float:
        waited = 0
        for thread in self._threads:
            waited += int(Path(f"/proc/{thread}/schedstat").read_text().split()[1])
        stolen = int(Path("/proc/stat").read_text().split(maxsplit=_STEAL + 1)[_STEAL])
        return waited / 1e9 + stolen / _TICKS

    def seconds(self) -> float:
        """Of the time since this was asked last."""
        before, self._last = self._last, self._total()
        return self._last - before
