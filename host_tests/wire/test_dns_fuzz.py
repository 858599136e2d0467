"""Any datagram given to the resolver's codec: an answer, None or a DnsError, and soon.

CPython only, as all *_fuzz.py.
"""

import struct

from hypothesis import given
from hypothesis import strategies as st

from wire import dns

NAME = b"www.example.com"
ID = 0x1234
QUESTION = dns.build_query(ID, NAME)[12:]

LABELS = st.lists(
    st.binary(min_size=1, max_size=12).filter(lambda label: b"." not in label),
    min_size=1,
    max_size=8,
)
POINTERS = st.integers(0, 0x1FF).map(lambda to: struct.pack(">H", 0xC000 | to))
NAMES = st.one_of(
    st.just(b"\xc0\x0c"),
    POINTERS,
    st.tuples(
        st.lists(st.binary(max_size=5), max_size=4), st.one_of(st.just(b"\0"), POINTERS)
    ).map(lambda parts: b"".join(bytes((len(label),)) + label for label in parts[0]) + parts[1]),
)
RECORDS = st.tuples(
    NAMES,
    st.sampled_from([1, 5, 28]),
    st.integers(0, 0xFFFFFFFF),
    st.one_of(st.binary(max_size=6), st.binary(min_size=4, max_size=4), NAMES),
).map(lambda r: r[0] + struct.pack(">HHIH", r[1], 1, r[2], len(r[3])) + r[3])


def check(datagram):
    try:
        result = dns.parse_answer(datagram, len(datagram), ID, NAME)
    except dns.DnsError:
        return
    if result is not None:
        addresses, ttl = result
        assert 1 <= len(addresses) <= dns.MAX_ADDRESSES
        assert all(len(address) == 4 for address in addresses)
        assert 0 <= ttl <= dns.MAX_TTL


@given(st.binary(max_size=dns.MAX_MESSAGE))
def test_any_bytes(datagram):
    check(datagram)


@given(st.binary(max_size=2), st.integers(0, 60), st.binary(max_size=dns.MAX_MESSAGE))
def test_any_bytes_behind_our_question(flags, answers, rest):
    check(struct.pack(">H2sHHHH", ID, b"\x81" + flags[:1], 1, answers, 0, 0) + QUESTION + rest)


@given(st.lists(RECORDS, max_size=12), st.integers(-1, 1), st.binary(max_size=8))
def test_records_with_pointers_anywhere(records, more, rest):
    count = max(0, len(records) + more)
    check(struct.pack(">HHHHHH", ID, 0x8180, 1, count, 0, 0) + QUESTION + b"".join(records) + rest)


@given(LABELS, st.binary(min_size=4, max_size=4), st.integers(0, 0xFFFF))
def test_what_we_ask_is_recognised(labels, address, ident):
    name = b".".join(labels)
    query = bytearray(dns.build_query(ident, name))
    assert dns.parse_answer(query, len(query), ident, name) is None
    query[2] |= 0x80
    query[7] = 1
    answer = query + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + address
    assert dns.parse_answer(answer, len(answer), ident, name.upper()) == ([address], 60)


@given(st.binary(max_size=300), st.integers(-5, 0x10005))
def test_query_of_any_name(name, ident):
    try:
        query = dns.build_query(ident, name)
    except ValueError:
        return
    assert len(query) <= 12 + 255 + 4
