"""What it takes to load an identity from the DCT, a chain of three certificates and its key, where
the table has another one and the factory's settings as well: device/dct_load.py, bytes on i386
and instructions on amd64.
"""

from pathlib import Path

from airwire import project
from airwire.board import shim_files
from airwire.image import layout
from airwire.image.partitions import TABLE_OFFSET
from airwire.wire import dct

if __package__:
    from host_tests.bench.rows import Row
    from host_tests.bench.scripts import Script
else:
    from rows import Row
    from scripts import Script

# PEM of three certificates with EC keys, and such a key.
CHAIN = b"-----BEGIN CERTIFICATE-----\n".ljust(2400, b"A")
KEY = b"\x30\x77".ljust(121, b"k")
ENTRIES = [
    *((dct.MANUFACTURING, name, dct.TEXT, b"Example Works") for name in dct.FIELDS),
    *((dct.VARIABLES, b"variable.%d" % n, dct.TEXT, b"value") for n in range(8)),
    (dct.IDENTITY, b"server", dct.CERTIFICATE, CHAIN),
    (dct.IDENTITY, b"server", dct.KEY, KEY),
    (dct.IDENTITY, b"world", dct.ROOTS, CHAIN),
]
# What was measured, 12,087 (the names of what is passed over, slices of the buffer: all garbage),
# and half of the chain: a second copy of the chain would exceed it.
MOST_BYTES = 13_200
# A quarter above what was measured when the bound was set, 1.36 million: it shall stay small
# beside a handshake.
MOST_INSTRUCTIONS = 1_700_000


def _modules(arch: str) -> tuple[str | Path, ...]:
    return shim_files.prepared(arch), project.ROOT, project.ROOT / "lib", ".frozen"


SCRIPT = Script("dct_load", few=20, many=100, modules=_modules)


def rows() -> list[Row]:
    """Bytes of a load over those that it is about, and its instructions over those of the shims,
    which on a chip are C.
    """
    image = str(_image())
    bare, ours = SCRIPT.instructions("bare", image), SCRIPT.instructions("ours", image)
    size = len(CHAIN) + len(KEY)
    return [
        Row("DCT load", allocated(), "bytes", MOST_BYTES, "chain and key", size),
        Row("DCT load", ours - bare, "instructions", MOST_INSTRUCTIONS, "reads alone", bare),
    ]


def allocated() -> int:
    """Bytes of a load on i386 beside the chain and the key, garbage included."""
    return SCRIPT.allocated("ours", str(_image())) - len(CHAIN) - len(KEY)


def _image() -> Path:
    data = bytearray(b"\xff" * layout.DCT.end)
    table = layout.TABLE.to_bytes(layout.FLASH_SIZE)
    data[TABLE_OFFSET : TABLE_OFFSET + len(table)] = table
    data[layout.DCT.offset :] = dct.image(ENTRIES)
    project.BUILD.mkdir(exist_ok=True)
    path = project.BUILD / "dct_load.bin"
    path.write_bytes(data)
    return path
