"""The file checksum over any data: the pieces make the whole, and every short burst shows.

CPython only, as all *_fuzz.py.
"""

from hypothesis import given
from hypothesis import strategies as st

from wire.crc import crc16


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_pieces_make_the_whole(pieces):
    crc = crc16(b"")
    for piece in pieces:
        crc = crc16(piece, crc)
    assert crc == crc16(b"".join(pieces)) and 0 <= crc <= 0xFFFF


@given(st.binary(min_size=3, max_size=200), st.integers(0), st.integers(1, 0xFFFF))
def test_a_burst_of_up_to_16_bits_is_found(data, where, burst):
    # What every CRC of 16 bits promises, whichever way round its bits go in.
    shift = where % (8 * len(data) - 15)
    changed = (int.from_bytes(data, "little") ^ burst << shift).to_bytes(len(data), "little")
    assert crc16(changed) != crc16(data)
