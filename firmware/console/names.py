# MicroPython keeps every name that it has met in a table that doubles when it is full: 9 KB in one
# piece at the 1260th. A heap that is nearly full and does not compact has no such piece, and then
# no command is loaded that has a new name. So the table doubles as soon as memory is scarce, while
# there still is one. Forgotten after its use.
import gc

from micropython import const

# A service has a hundred names, and a host uses as many of commands.
_AHEAD = const(250)
_DOUBLED = const(4096)  # what is taken at once when it does so
_STEP = const(10)


def make_room():
    """Have room for so many names. Raises MemoryError."""
    gc.collect()
    before = gc.mem_alloc()
    for i in range(_AHEAD):
        hasattr(gc, chr(0x100 + i))
        if not i % _STEP and gc.mem_alloc() - before > _DOUBLED:
            return
