"""Any datagram given to the name services: a reply of bounded size or none, never an exception,
and whatever they say can be read.

CPython only, as all *_fuzz.py.
"""

import struct

from hypothesis import given
from hypothesis import strategies as st
from mdns_link import ADDRESS, HTTP, INSTANCE, PEER, START, Link
from messages import wire

from wire import dns, dns_server, llmnr, mdns, netbios

NAMES = (
    b"box.local",
    b"box",
    b"setup.com",
    b"_http._tcp.local",
    b"_services._dns-sd._udp.local",
    b"5.0.0.10.in-addr.arpa",
    INSTANCE,
    b"x.y",
    b"",
)
POINTERS = st.integers(0, 0x180).map(lambda to: struct.pack(">H", 0xC000 | to))
WIRE_NAMES = st.one_of(
    st.sampled_from(NAMES).map(wire),
    POINTERS,
    st.tuples(
        st.lists(st.binary(max_size=5), max_size=4), st.one_of(st.just(b"\0"), POINTERS)
    ).map(lambda parts: b"".join(bytes((len(label),)) + label for label in parts[0]) + parts[1]),
)
KINDS = st.sampled_from([1, 12, 16, 28, 33, 47, 255, 252])
CLASSES = st.sampled_from([1, 0x8001, 255, 3])
QUESTIONS = st.tuples(WIRE_NAMES, KINDS, CLASSES).map(lambda q: q[0] + struct.pack(">HH", *q[1:]))
DATA = st.one_of(
    st.binary(max_size=8),
    st.just(ADDRESS),
    WIRE_NAMES,
    WIRE_NAMES.map(lambda name: b"\0\0\0\0\0\x50" + name),
)
RECORDS = st.tuples(
    WIRE_NAMES, KINDS, CLASSES, st.sampled_from([0, 1, 60, 120, 4500, 0xFFFFFFFF]), DATA
).map(lambda r: r[0] + struct.pack(">HHIH", *r[1:4], len(r[4])) + r[4])
FLAGS = st.sampled_from([0, 0, 0x0100, 0x0200, 0x8400, 0x8400, 0x2800, 0x0400, 3])
SECTIONS = (st.lists(QUESTIONS, max_size=3), *[st.lists(RECORDS, max_size=3)] * 3)


@st.composite
def messages(draw):
    sections = [draw(section) for section in SECTIONS]
    counts = [len(section) for section in sections]
    if draw(st.integers(0, 9)) == 0:
        counts[draw(st.integers(0, 3))] += draw(st.sampled_from([1, 0xFF00]))
    head = struct.pack(">HHHHHH", draw(st.integers(0, 0xFFFF)), draw(FLAGS), *counts)
    datagram = head + b"".join(b"".join(section) for section in sections)
    return datagram[: draw(st.sampled_from([None, None, None, len(datagram) // 2, -1]))]


DATAGRAMS = st.one_of(st.binary(max_size=300), messages())
PORTS = st.sampled_from([mdns.PORT, 40000, 53, 0])

SERVERS = (
    dns_server.Server([b"setup.com"], ADDRESS),
    dns_server.Server([b"box.local"], ADDRESS, every=True),
    llmnr.Responder(b"box", ADDRESS),
    netbios.Responder(b"box", ADDRESS, bytes(6)),
)


@given(DATAGRAMS, PORTS, st.integers(0, 512))
def test_servers(datagram, port, room):
    for server in SERVERS:
        buf = bytearray(datagram) + bytearray(room)
        before = len(buf)
        size = server.process(buf, len(datagram), ("10.0.0.9", port))
        assert 0 <= size <= before == len(buf)
        assert size == 0 or buf[2] & 0x80 and buf[:2] == datagram[:2]


@given(st.integers(0, 49), st.integers(0, 255))
def test_a_byte_of_a_netbios_query(place, byte):
    query = bytearray(struct.pack(">HHHHHH", 7, 0x0110, 1, 0, 0, 0))
    query += b"\x20ECEPFI" + b"CA" * 12 + b"AA\0\0\x20\0\1"
    good = SERVERS[3].process(query + bytes(250), len(query), PEER)
    assert len(query) == 50 and good == 62
    query[place] = byte
    assert SERVERS[3].process(query + bytes(250), len(query), PEER) in (0, good, 175)


@given(
    st.lists(st.tuples(DATAGRAMS, PORTS, st.integers(0, 1500)), max_size=12),
    st.sampled_from([300, 512, mdns.BUFFER_SIZE]),
    st.booleans(),
)
def test_mdns(heard, room, started):
    link = Link()
    link.buf = bytearray(room)
    box = link.board(b"box", [HTTP])
    if started:
        link.run(START)
    for datagram, port, pause in heard:
        # Whatever it says to the asker or to all, Link reads.
        link.tell(datagram[:room], ("10.0.0.9", port))
        assert len(link.buf) == room
        link.run(pause)
    said = len(link.sent)
    link.run(60_000)
    # It comes to rest, with a name.
    assert box.established and box.wait(link.now) is None and len(link.sent) - said < 20
    assert len({board.name for board in link.boards}) == 1


@given(st.binary(max_size=80), st.integers(0, 90))
def test_names_come_to_an_end(data, position):
    buf = bytes(12) + data
    try:
        name = dns.expand_name(buf, len(buf), position)
    except dns.Malformed:
        return
    assert len(name) <= 255 and name.endswith(b"\0")
    assert dns.same_name(buf, len(buf), position, name, len(name), 0)
