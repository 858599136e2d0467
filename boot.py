# Runs first at every start: low garbage before anything else allocates, and the choice between the
# normal start and safe mode. The firmware itself starts in main.py.
import gc

# Collect after this many bytes of allocation: a heap that is never allowed to fill with garbage
# stays unfragmented, and the ESP-IDF heap, which TLS needs, is not taken for Python objects.
gc.threshold(16384)

from firmware.store import starts  # noqa: E402

starts.begin()
