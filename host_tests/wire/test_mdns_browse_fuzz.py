"""Any datagrams given to the browser: no error, and bounded results."""

from hypothesis import given
from hypothesis import strategies as st

from airwire.wire import mdns_browse

# Pieces of which answers are made, so that some of them are nearly good.
PIECES = st.sampled_from(
    [b"\x05_http\x04_tcp\x05local\0", b"\xc0\x0c", b"\xc0\x1e", b"\x04page\xc0\x0c", b"\0\0\0\x78"]
    + [bytes((0, kind, 0, 1)) for kind in (1, 12, 16, 33)]
    + [b"\0\x04", b"\0\x07", b"\0\x02", b"\0"]
)
BODIES = st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=40).map(b"".join)
COUNTS = st.integers(0, 40)


@given(st.lists(st.tuples(COUNTS, COUNTS, BODIES), max_size=8))
def test_any_datagrams(messages):
    browser = mdns_browse.Browser(7)
    for questions, answers, body in messages:
        data = bytes((0, 7, 0x84, 0, 0, questions, 0, answers, 0, 0, 0, 0)) + body
        browser.feed(bytearray(data), len(data))
        assert len(browser.types) <= mdns_browse.MAX_TYPES
        assert len(browser.services()) <= mdns_browse.MAX_INSTANCES
