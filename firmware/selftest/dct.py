# The DCT: what each of its two copies is, and whether the one in force can be read.
import asyncio

from esp32 import Partition

from firmware import forget
from wire import dct


async def run(session, name):
    """Both copies: in force, spare (whole, and older), erased, unfinished, damaged."""
    try:
        return await _run()
    finally:
        forget("wire.dct")
        forget("wire.dct_v1")


async def _run():
    found = Partition.find(Partition.TYPE_DATA, label="dct")
    if not found:
        return False, None, b"", b"No partition dct"
    buffer = memoryview(bytearray(dct.BLOCK))
    reads = [_reader(found[0], start, buffer) for start in (0, dct.COPY)]
    heads = []
    states = []
    for read in reads:
        head, state = _look(read)
        heads.append(head)
        states.append(state)
        await asyncio.sleep_ms(0)  # a copy of 32 KB takes some milliseconds
    which = dct.pick(*[head and head[1] for head in heads])
    good = b"damaged" not in states
    sequence = None
    count = 0
    if which is None:
        # The first change of all was cut off, or none was ever made; anything else has lost one.
        good = good and b"erased" in states
    else:
        version, sequence, end = heads[which]
        states[which] = b"in force"
        try:
            for _ in dct.scan(reads[which], version, end):
                count += 1
        except dct.DctError as e:
            states[which] = e.args[0]
            good = False
    words = b"entries; copies: %s, %s" % tuple(states)
    if sequence is not None:
        words += b"; sequence %d" % sequence
    return good, count, b"", words


def _reader(partition, start, buffer):
    def read(at, size):
        piece = buffer[:size]
        partition.readblocks(0, piece, start + at)
        return piece

    return read


def _look(read):
    # (what check() gives, or None; the state in a word).
    try:
        return dct.check(read), b"spare"
    except dct.DctError as e:
        reason = e.args[0]
    if reason == b"Not written to its end":
        return None, b"unfinished"
    # A change erases a copy, and writes its header last.
    if bytes(read(0, dct.HEADER)) == b"\xff" * dct.HEADER:
        return None, b"erased"
    return None, b"damaged"
