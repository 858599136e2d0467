"""The DCT on the module, on each interpreter: the bytes are those that the tools write, the wear
is even, a table that is damaged or of a later version costs nothing else, and an entry is read
with one copy of it on the heap. What a power cut leaves is in host_tests/powercut.
"""

import ast
import random
import struct

import pytest

from airwire.board import shim_files
from airwire.image import layout
from airwire.image.partitions import TABLE_OFFSET
from airwire.wire import dct
from host_tests.conftest import ROOT
from host_tests.wire.test_dct import ENTRIES, version_1, with_crc
from host_tests.wire.test_dct_fuzz import damaged

DRIVER = ROOT / "host_tests" / "store" / "dct_driver.py"
BLOCK = 4096
# What reading takes beside the entry: the codec's small objects, a buffer, one for each header.
SLACK = 6000


@pytest.fixture
def flash(tmp_path):
    """flash(partition): the flash image with this partition, and the path of it."""
    path = tmp_path / "flash.bin"

    def write(partition=b"", table=True):
        data = bytearray(b"\xff" * layout.VFS.offset)
        if table:
            rows = layout.TABLE.to_bytes(layout.FLASH_SIZE)
            data[TABLE_OFFSET : TABLE_OFFSET + len(rows)] = rows
        data[layout.DCT.offset : layout.DCT.offset + len(partition)] = partition
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def drive(micropython, arch, shipped):
    """drive(path, name, ...): what the driver prints."""

    def drive(path, *words):
        path_of_modules = (shim_files.prepared(arch), shipped, shipped / "lib")
        done = micropython(DRIVER, path, *words, path=path_of_modules, heap="512K", seconds=300)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        return done.stdout

    return drive


def partition(path):
    return path.read_bytes()[layout.DCT.offset :][: layout.DCT.size]


def worn(path):
    """How often each block of the partition was erased, and how many programs there were."""
    stat = path.with_name(path.name + ".stat").read_bytes()
    erases = struct.unpack_from("<16I", stat, 16 + 4 * (layout.DCT.offset // BLOCK))
    return list(erases), struct.unpack_from("<Q", stat, 8)[0]


def test_what_the_tools_write_is_read(flash, drive):
    path = flash(dct.image(ENTRIES))
    assert ast.literal_eval(drive(path, "table")) == ENTRIES
    assert ast.literal_eval(drive(path, "missing")) == (b"nobody",)
    assert worn(path) == ([0] * 16, 0)


def test_the_tools_read_what_is_written_and_write_the_same(flash, drive):
    path = flash()
    drive(path, "grow")
    chain = b"-----BEGIN CERTIFICATE-----\n" + b"QUJD" * 1000
    entries = [
        (dct.MANUFACTURING, b"serial", dct.TEXT, b"00017"),
        (dct.VARIABLES, b"wlan.ssid", dct.TEXT, b""),
        (dct.IDENTITY, b"a", dct.CERTIFICATE, chain),
        (dct.IDENTITY, b"a", dct.KEY, b"key"),
    ]
    assert dct.current(partition(path)) == (0, 3, entries)
    assert partition(path)[: dct.COPY] == dct.encode(entries, 3)


def test_equal_data_write_nothing(flash, drive):
    path = flash(dct.image(ENTRIES))
    assert int(drive(path, "same")) == len(ENTRIES)
    assert worn(path) == ([0] * 16, 0)
    assert partition(path) == dct.image(ENTRIES)


def test_the_wear_is_even(flash, drive):
    path = flash()
    for count in (50, 1):
        drive(path, "changes", str(count))
        erases, _ = worn(path)
        assert sum(erases) == 50 if count == 50 else 51
        assert abs(erases[0] - erases[8]) <= 1
        assert set(erases[1:8] + erases[9:]) == {0}  # only what is needed
    assert dct.current(partition(path))[1] == 51


def test_the_sequence_wraps(flash, drive):
    old = dct.encode(ENTRIES[:1], 0xFFFF_FFFE)
    path = flash(old + dct.encode(ENTRIES[:2], 0xFFFF_FFFF))
    drive(path, "changes", "3")
    copy, sequence, entries = dct.current(partition(path))
    assert (copy, sequence, len(entries)) == (0, 2, 3)


@pytest.mark.parametrize("at", [0, 4, 13, 17, 20, 24, 40])
def test_a_damaged_copy_leaves_the_other(flash, drive, at):
    old, new = dct.encode(ENTRIES[:2], 8), bytearray(dct.encode(ENTRIES, 9))
    new[at] ^= 4
    path = flash(old + new)
    assert ast.literal_eval(drive(path, "table")) == ENTRIES[:2]
    assert ast.literal_eval(drive(flash(bytes(new) * 2), "table")) == []


def test_version_1_is_read_and_goes_on(flash, drive):
    key, certificate = b"\x30\x82\x01\x00" + bytes(256), b"\x30\x81\x90" + b"c" * 0x90
    path = flash(version_1(b"Old maker", key, certificate))
    entries = dct.decode(version_1(b"Old maker", key, certificate))[1]
    assert ast.literal_eval(drive(path, "table")) == entries
    drive(path, "changes", "1")
    assert dct.current(partition(path)) == (
        1,
        8,
        sorted([*entries, (dct.VARIABLES, b"a", dct.TEXT, b"00000")]),
    )


def test_changes_that_cannot_be_made(flash, drive):
    """They say why, and the flash is not touched."""
    path = flash()
    told = ["ENOSPC", "ENOSPC", "A name has characters of ASCII only"]
    assert drive(path, "failure").splitlines()[:4] == [*told, "True"]
    later = with_crc(b"ADCT\x03" + dct.image(ENTRIES)[5:])
    path = flash(later)
    before = worn(path)
    assert drive(path, "failure").splitlines()[:4] == ["EPERM", "EPERM", told[2], "EPERM"]
    assert ast.literal_eval(drive(path, "table")) == []
    assert worn(path) == before and partition(path) == later
    path = flash(table=False)
    assert drive(path, "failure").splitlines()[:4] == ["ENODEV", "ENODEV", told[2], "ENODEV"]
    assert ast.literal_eval(drive(path, "table")) == []


def test_flash_that_does_not_keep_what_is_written(flash, drive):
    path = flash(dct.image(ENTRIES[:1]))
    assert drive(path, "stuck").splitlines()[3] == "EIO"
    assert ast.literal_eval(drive(path, "table")) == ENTRIES[:1]


def test_one_copy_on_the_heap(flash, drive):
    chain = (dct.IDENTITY, b"big", dct.CERTIFICATE, b"x" * 20_000)
    path = flash(dct.image([*ENTRIES, chain]))
    taken, size = ast.literal_eval(drive(path, "heap"))
    assert size == 20_000 and size <= taken < size + SLACK + 20_000 // dct.BLOCK * 64


@pytest.mark.timeout(600)
def test_damaged_partitions_are_read_or_refused(flash, drive, rng, counts, arch):
    count = counts(100, 10_000)
    path = flash()
    pairs = [(noise(rng), noise(rng)) for _ in range(count)]
    with path.with_name(path.name + ".partitions").open("wb") as file:
        for pair in pairs:
            for copy in pair:
                file.write(copy)
    said = drive(path, "fuzz", str(count)).split()
    assert len(said) == count + 1
    for pair, found in zip(pairs, said[:-1], strict=True):
        try:
            expected = len(dct.current(b"".join(c.ljust(dct.COPY, b"\xff") for c in pair))[2])
        except dct.DctError:
            continue  # the module has no list, or that of a text that it does not look into
        assert int(found) == expected


def noise(rng: random.Random) -> bytes:
    """The first block of a damaged copy."""
    return damaged(rng)[:BLOCK].ljust(BLOCK, b"\xff")
