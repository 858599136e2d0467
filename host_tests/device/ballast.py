# Fills the heap, for what is to be done when memory is short. Runs on the device.
import gc


def fill(free):
    """Blocks that leave about so many bytes, in small pieces; they are free again when the list of
    them is dropped.
    """
    blocks = [None] * 1000
    n = 0
    gc.collect()
    size = 4096
    while size >= 16:
        try:
            while gc.mem_free() - size > free:
                blocks[n] = bytearray(size)
                n += 1
        except MemoryError:
            pass
        size //= 2
    return blocks
