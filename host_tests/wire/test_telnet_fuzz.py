"""Telnet with any bytes in any pieces: the same data, the same answers, never more of these than
questions; and what was escaped comes back.

CPython only, as all *_fuzz.py.
"""

from hypothesis import given
from hypothesis import strategies as st
from test_telnet import START, data, decode, escape

# Bytes that mean something, more often than chance would have them.
BYTES = st.sampled_from([*range(236, 256), 255, 255, 0, 1, 3, 10, 13, 24, 31, 65])
SOUP = st.lists(st.lists(BYTES, max_size=12).map(bytes), max_size=8)


@given(SOUP)
def test_pieces_decode_as_the_whole(pieces):
    whole = decode([b"".join(pieces)])
    assert decode(pieces) == whole
    said = whole[1][len(START) :].replace(b"\r\n[Yes]\r\n", b"")
    assert len(said) <= len(b"".join(pieces))


@given(st.lists(st.binary(max_size=20) | st.lists(BYTES, max_size=12).map(bytes), max_size=8))
def test_what_is_escaped_comes_back(pieces):
    assert data(escape(*pieces, b".")) == b"".join(pieces) + b"."
