"""The partition table's codec: round trips, our table in the eyes of another program, and each way
to be wrong.
"""

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mp_image_tool_esp32.partition_table import PartitionTable

from airwire.image import layout
from airwire.image.errors import ImageError
from airwire.image.partitions import SECTOR, TABLE_SIZE, Partition, Table
from host_tests.tools.stock import table as make_table

FLASH = layout.FLASH_SIZE

LABELS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=16)


@st.composite
def tables(draw):
    """Valid tables: sorted, aligned, unique labels, inside 4 MiB."""
    labels = draw(st.lists(LABELS, unique=True, min_size=1, max_size=12))
    parts, offset = [], 0x9000
    for label in labels:
        kind = draw(st.integers(0, 255))
        step = 0x10000 if kind == 0 else SECTOR
        offset = -(-offset // step) * step + step * draw(st.integers(0, 2))
        size = SECTOR * draw(st.integers(1, 20))
        if offset + size > FLASH:
            break
        row = (
            label,
            kind,
            draw(st.integers(0, 255)),
            offset,
            size,
            draw(st.integers(0, 2**32 - 1)),
        )
        parts.append(Partition(*row))
        offset += size
    return Table(tuple(parts))


@given(tables())
def test_parse_is_the_inverse_of_to_bytes(table):
    data = table.to_bytes(FLASH)
    assert len(data) == TABLE_SIZE
    assert Table.parse(data, FLASH) == table
    assert Table.parse(data + b"what follows in flash", FLASH) == table


@given(st.binary(max_size=TABLE_SIZE + 64))
def test_anything_else_is_an_image_error(data):
    with pytest.raises(ImageError):
        Table.parse(data, FLASH)


@given(tables(), st.integers(0, TABLE_SIZE - 1), st.integers(1, 255))
def test_a_changed_byte_never_passes(table, position, change):
    data = bytearray(table.to_bytes(FLASH))
    data[position] ^= change
    with pytest.raises(ImageError):
        Table.parse(bytes(data), FLASH)


@given(tables(), st.integers(0, TABLE_SIZE - 1))
def test_a_truncated_table_says_so(table, size):
    with pytest.raises(ImageError, match=rf"^partition table at 0x8000: truncated: {size} bytes"):
        Table.parse(table.to_bytes(FLASH)[:size], FLASH)


def test_the_layout_is_the_one_of_the_design():
    rows = [(p.label, p.kind, p.offset, p.size) for p in layout.TABLE]
    assert rows == [
        ("nvs", "data/nvs", 0x9000, 0x6000),
        ("phy_init", "data/phy", 0xF000, 0x1000),
        ("factory", "app/factory", 0x10000, 0x1F0000),
        ("dct", "data/0x40", 0x200000, 0x10000),
        ("vfs", "data/fat", 0x210000, 0x1F0000),
    ]
    assert layout.TABLE.find("vfs").end == FLASH


def test_another_program_reads_our_table():
    ours = layout.TABLE.to_bytes(FLASH)
    theirs = PartitionTable.from_bytes(ours.ljust(0x1000, b"\xff"), FLASH)
    assert [(p.name, p.type, p.subtype, p.offset, p.size, p.flags) for p in theirs] == list(
        layout.TABLE
    )
    theirs.check(app_size=layout.FACTORY.size)
    assert theirs.to_bytes()[:TABLE_SIZE] == ours


@given(tables())
def test_another_program_reads_every_table(table):
    theirs = PartitionTable.from_bytes(table.to_bytes(FLASH).ljust(0x1000, b"\xff"), FLASH)
    assert [(p.name, p.type, p.subtype, p.offset, p.size, p.flags) for p in theirs] == list(table)


NVS = ("nvs", 1, 2, 0x9000, 0x6000)
APP = ("factory", 0, 0, 0x10000, 0x10000)
VFS = ("vfs", 1, 0x81, 0x20000, 0x1000)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([NVS, ("a", 1, 2, 0xE000, 0x1000)], "a at 0xe000: overlaps nvs, which ends at 0xf000"),
        (
            [("a", 1, 2, 0x8000, 0x1000)],
            "a at 0x8000: overlaps the partition table, which ends at 0x9000",
        ),
        ([APP, NVS], "nvs at 0x9000: out of order: it follows factory at 0x10000"),
        ([("a", 0, 0, 0x9000, 0x1000)], "a at 0x9000: its offset is not a multiple of 0x10000"),
        ([("a", 1, 2, 0x9100, 0x1000)], "a at 0x9100: its offset is not a multiple of 0x1000"),
        (
            [("a", 1, 2, 0x9000, 0x800)],
            "a at 0x9000: its size 0x800 is not a multiple of 0x1000 above 0",
        ),
        (
            [("a", 1, 2, 0x9000, 0)],
            "a at 0x9000: its size 0x0 is not a multiple of 0x1000 above 0",
        ),
        (
            [NVS, ("vfs", 1, 0x81, 0x3FF000, 0x2000)],
            "vfs at 0x3ff000: ends at 0x401000, outside the flash of 0x400000 bytes",
        ),
        ([NVS, APP, ("nvs", 1, 2, 0x20000, 0x1000)], "nvs at 0x20000: the label is used twice"),
        ([("", 1, 2, 0x9000, 0x1000)], "partition table at 0x8000: row 0: no label"),
        (
            [NVS, ("a b", 1, 2, 0xF000, 0x1000)],
            "partition table at 0x8020: row 1: label 'a b' is not",
        ),
        ([], "partition table at 0x8000: no partitions"),
    ],
)
def test_a_table_that_the_chip_could_not_use(rows, message):
    with pytest.raises(ImageError) as parsed:
        Table.parse(make_table(rows), FLASH)
    assert str(parsed.value).startswith(message)
    with pytest.raises(ImageError) as made:
        Table(tuple(Partition(*row) for row in rows)).to_bytes(FLASH)
    assert str(made.value).startswith(message)


def test_more_rows_than_a_table_has():
    parts = tuple(Partition(f"p{n}", 1, 2, 0x9000 + n * SECTOR, SECTOR) for n in range(96))
    with pytest.raises(ImageError, match="^partition table at 0x8000: 96 partitions do not fit$"):
        Table(parts).to_bytes(FLASH)
    most = Table(parts[:95])
    assert Table.parse(most.to_bytes(FLASH), FLASH) == most


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (make_table([NVS, APP], md5=False), "partition table at 0x8040: row 2: no MD5 row"),
        (b"\xff" * TABLE_SIZE, "partition table at 0x8000: no table: the flash is erased"),
        (
            make_table([NVS, VFS])[:64].ljust(TABLE_SIZE, b"\0"),
            "partition table at 0x8040: row 2: neither",
        ),
        (
            make_table([NVS]).replace(b"nvs", b"nvt"),
            "partition table at 0x8020: row 1: the MD5 does not",
        ),
        (
            make_table([NVS])[:-1] + b"\0",
            "partition table at 0x8040: not erased after the MD5 row",
        ),
        (make_table([NVS])[:32] * 96, "partition table at 0x8000: no MD5 row, and no end"),
    ],
)
def test_a_table_that_is_none(data, message):
    with pytest.raises(ImageError) as error:
        Table.parse(data, FLASH)
    assert str(error.value).startswith(message)


def test_a_label_that_is_not_ascii():
    row = struct.pack("<2sBBLL16sL", b"\xaa\x50", 1, 2, 0x9000, 0x1000, b"\xe4", 0)
    data = row + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(row).digest()
    with pytest.raises(
        ImageError, match="^partition table at 0x8000: row 0: its label is not ASCII$"
    ):
        Table.parse(data.ljust(TABLE_SIZE, b"\xff"), FLASH)


def test_find_names_what_is_missing():
    with pytest.raises(ImageError, match="no partition 'ota_0'"):
        layout.TABLE.find("ota_0")
