# Reads an identity from the DCT of a flash image, certificate and key: `dct_load.py ours IMAGE N`;
# `dct_load.py bare IMAGE N` makes the same reads of the flash with no code of ours around them.
# Prints by how many bytes the heap in use has grown.
import gc
import sys

import _board
import _flash
import esp32

_board.glance = lambda: None
_board.flash = _flash.Flash(sys.argv[2])
readblocks = esp32.Partition.readblocks
seen = []


def noted(partition, block, buffer, offset=0):
    seen.append((len(buffer), offset))
    readblocks(partition, block, buffer, offset)


from firmware.store import dct as store  # noqa: E402
from wire import dct  # noqa: E402


def load():
    store.read(dct.IDENTITY, b"server", dct.CERTIFICATE)
    store.read(dct.IDENTITY, b"server", dct.KEY)


esp32.Partition.readblocks = noted
load()
esp32.Partition.readblocks = readblocks
partition = esp32.Partition("dct")
reads = [(bytearray(size), at) for size, at in seen]
seen = None


def bare():
    for buffer, at in reads:
        partition.readblocks(0, buffer, at)


process = load if sys.argv[1] == "ours" else bare
gc.collect()
gc.disable()
before = gc.mem_alloc()
for _ in range(int(sys.argv[3])):
    process()
print(gc.mem_alloc() - before)
