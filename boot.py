# Runs first at every start, also where a tool of the computer keeps main.py, which starts the
# firmware, from running: low garbage before anything else allocates.
import gc

import machine

# Collect after this many bytes of allocation: a heap that is never allowed to fill with garbage
# stays unfragmented, and the ESP-IDF heap, which TLS needs, is not taken for Python objects.
gc.threshold(16384)

# The firmware's watchdog lives through a soft reset, and nobody feeds it where main.py does not
# follow: in the raw REPL of mpremote and ampy. An hour is longer than a whole flash takes to copy
# at 115200 baud; a board whose computer went meanwhile starts again then. main.py sets it anew.
if machine.reset_cause() == machine.SOFT_RESET:
    machine.WDT(timeout=3_600_000)
