"""What it takes to load an identity from the DCT, a chain of three certificates and its key, where
the table has another one and the factory's settings as well: device/dct_load.py, bytes on i386
and instructions on amd64.
"""

import re
import shutil
import subprocess
from pathlib import Path

from airwire import interpreter, project
from airwire.board import shim_files
from airwire.errors import UserError
from airwire.image import layout
from airwire.image.partitions import TABLE_OFFSET
from airwire.wire import dct

if __package__:
    from host_tests.bench.rows import Row
else:
    from rows import Row

SCRIPT = Path(__file__).parent / "device" / "dct_load.py"
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
HEAP = "4M"  # nothing is collected
FEW, MANY = 20, 100
PATIENCE_SECONDS = 120


def rows() -> list[Row]:
    """Bytes of a load over those that it is about, and its instructions over those of the shims,
    which on a chip are C.
    """
    bare, ours = _instructions("bare"), _instructions("ours")
    size = len(CHAIN) + len(KEY)
    return [
        Row("DCT load", allocated(), "bytes", MOST_BYTES, "chain and key", size),
        Row("DCT load", ours - bare, "instructions", MOST_INSTRUCTIONS, "reads alone", bare),
    ]


def allocated() -> int:
    """Bytes of a load on i386 beside the chain and the key, garbage included."""
    few, many = (int(_run("i386", "ours", count)) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW)) - len(CHAIN) - len(KEY)


def _image() -> Path:
    data = bytearray(b"\xff" * layout.DCT.end)
    table = layout.TABLE.to_bytes(layout.FLASH_SIZE)
    data[TABLE_OFFSET : TABLE_OFFSET + len(table)] = table
    data[layout.DCT.offset :] = dct.image(ENTRIES)
    project.BUILD.mkdir(exist_ok=True)
    path = project.BUILD / "dct_load.bin"
    path.write_bytes(data)
    return path


def _run(arch: str, kind: str, count: int, *before: str) -> str:
    program = [str(interpreter.find(arch)), "-X", f"heapsize={HEAP}", str(SCRIPT)]
    modules = (shim_files.prepared(arch), project.ROOT, project.ROOT / "lib", ".frozen")
    done = subprocess.run(
        [*before, *program, kind, str(_image()), f"{count:05}"],  # the length of words counts too
        env={"MICROPYPATH": ":".join(map(str, modules))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise UserError(f"bench: dct_load.py said {(done.stdout + done.stderr)!r}")
    return done.stdout


def _instructions(kind: str) -> int:
    few, many = (_counted(kind, count) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def _counted(kind: str, count: int) -> int:
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    out = project.BUILD / "dct_load.callgrind"
    _run("amd64", kind, count, valgrind, "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
    total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if not total:
        raise UserError("bench: callgrind wrote no total")
    return int(total[1])
