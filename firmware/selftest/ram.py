# The memory: what is free of the heap, what of it in one piece, and what is free beside it, where
# Wi-Fi and TLS live.
import gc

import esp32
from micropython import const

from firmware.console import registry

# With less no stream is opened (device.py).
_LEAST = const(18_432)
# The largest piece that the firmware asks for: what cert_load may be sent. To try for more would
# have the heap of a chip grow, at the expense of TLS, for good.
_PIECE = const(16_384)


async def run(session, name):
    """Free memory, once the files of commands have made room."""
    try:
        registry.claim(_LEAST)
        good = True
    except MemoryError:
        good = False
    free = gc.mem_free()
    regions = esp32.idf_heap_info(esp32.HEAP_DATA)
    beside = sum([region[1] for region in regions])
    largest = max([region[2] for region in regions])
    words = b"free, %d in one piece; beside the heap %d, %d in one piece"
    return good, free, b"B", words % (_largest(), beside, largest)


def _largest():
    # The largest power of two, up to _PIECE, that there is room for.
    size = _PIECE
    while size > 16:
        try:
            bytearray(size)
            return size
        except MemoryError:
            size >>= 1
    return size
