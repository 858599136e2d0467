"""The DCT among damaged partitions: each is read or refused, and what is read is a table that can
be written again.

CPython only, as all *_fuzz.py; what the module does with them is in host_tests/store/test_dct.py.
"""

import random
import struct
from binascii import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_dct import ENTRIES, version_1, with_crc

from wire import dct

SECTIONS = st.one_of(
    st.tuples(
        st.just(dct.IDENTITY),
        st.binary(min_size=1, max_size=32).map(lambda n: bytes(33 + c % 94 for c in n)),
        st.integers(dct.CERTIFICATE, dct.ROOTS),
        st.binary(min_size=1, max_size=600),
    ),
    st.tuples(
        st.just(dct.MANUFACTURING),
        st.sampled_from(dct.FIELDS),
        st.just(dct.TEXT),
        st.text("abc \u00e9", max_size=20).map(str.encode),
    ),
    st.tuples(
        st.just(dct.VARIABLES),
        st.sampled_from([b"wlan.ssid", b"gpio.alias 4", b"uart.baud 1"]),
        st.just(dct.TEXT),
        st.text("abc \u00e9", max_size=100).map(str.encode),
    ),
)
TABLES = st.lists(SECTIONS, max_size=12, unique_by=lambda entry: entry[:3])


@given(TABLES, st.integers(0, 0xFFFF_FFFF))
def test_what_is_written_is_read(entries, sequence):
    copy = dct.encode(entries, sequence)
    assert dct.decode(copy) == (sequence, sorted(entries))
    assert dct.encode(sorted(entries, reverse=True), sequence) == copy


def damaged(rng: random.Random) -> bytes:
    """A partition of the kinds that there are: noise, erased, tables with some wrong bytes, with
    and without the CRC that they then need, cut off, of version 1.
    """
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randbytes(rng.choice([0, 3, 24, 100, 5000]))
    if kind == 1:  # entries of noise in a table that is whole
        body = rng.randbytes(rng.randrange(200))
        version = rng.choice([1, 2, 2, 2, 3])
        head = b"ADCT" + struct.pack("<III", version, rng.getrandbits(32), len(body))
        return head + struct.pack("<II", crc32(body, crc32(head)), 0) + body
    copy = bytearray(
        version_1(b"m", b"\x30\x05abcde", b"\x30\x81\x80" + bytes(128))
        if kind == 2
        else dct.encode(rng.sample(ENTRIES, rng.randrange(8)), rng.getrandbits(32))
    )
    end = 24 + struct.unpack_from("<I", copy, 12)[0]
    for _ in range(rng.randrange(4)):
        copy[rng.randrange(end)] = rng.choice([0, 1, 2, 3, 0x30, 0x82, 0xFF, rng.randrange(256)])
    if kind == 3:
        return bytes(copy[: rng.randrange(len(copy))])
    return with_crc(bytes(copy)) if rng.random() < 0.8 else bytes(copy)


@pytest.mark.timeout(300)
def test_damaged_partitions_are_read_or_refused(rng, counts):
    read = refused = 0
    for _ in range(counts(1000, 10_000)):
        first, second = damaged(rng), damaged(rng)
        for data in (first, first.ljust(dct.COPY, b"\xff")[: dct.COPY] + second):
            try:
                sequence, entries = dct.decode(data)
            except dct.DctError:
                refused += 1
            else:
                read += 1
                assert dct.decode(dct.encode(entries, sequence)) == (sequence, entries)
            try:
                copy, sequence, entries = dct.current(data)
            except dct.DctError as error:
                assert isinstance(error.args[0], bytes)
            else:
                assert copy in (0, 1)
                assert dct.decode(dct.encode(entries, sequence)) == (sequence, entries)
    assert read and refused
