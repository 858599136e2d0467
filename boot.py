# Runs first at every start. Keeps garbage low before anything else allocates; the firmware itself
# starts in main.py.
import gc

# Collect after this many bytes of allocation: a heap that is never allowed to fill with garbage
# stays unfragmented, and the ESP-IDF heap, which TLS needs, is not taken for Python objects.
gc.threshold(16384)
