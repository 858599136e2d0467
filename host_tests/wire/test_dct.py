# The DCT: literal tables, what a table may hold, order of copies, damage at every byte, and the
# version before.
import struct
from binascii import crc32, unhexlify

from checks import raises

from wire import dct
from wire.dct import DctError

CHAIN = b"-----BEGIN CERTIFICATE-----\n" + b"QUJD" * 700 + b"\n-----END CERTIFICATE-----\n"
ENTRIES = [
    (dct.MANUFACTURING, b"maker", dct.TEXT, b"Airwire"),
    (dct.MANUFACTURING, b"serial", dct.TEXT, b"00017"),
    (dct.VARIABLES, b"system.indicator.gpio wlan", dct.TEXT, b"2"),
    (dct.VARIABLES, b"wlan.ssid", dct.TEXT, b"caf\xc3\xa9"),
    (dct.IDENTITY, b"server", dct.CERTIFICATE, CHAIN),
    (dct.IDENTITY, b"server", dct.KEY, bytes(range(256))),
    (dct.IDENTITY, b"world", dct.ROOTS, b"\x30\x03abc\x30\x01z"),
]

# One field and one variable, worked out by hand; the CRC is zlib's.
LITERAL = unhexlify(
    "41444354 02000000 01000000 20000000 f22abb83 000000000200 01 00 05 6d616b6572 4f6b".replace(
        " ", ""
    )
    + "0600 02 00 09 776c616e2e73736964 6162206364 65".replace(" ", "")
)


def version_1(maker=b"", key=b"", certificate=b"", sequence=7):
    """A copy as version 1 wrote it."""
    body = struct.pack("<32s32s20s20s2048s4096s", maker, b"P1", b"S9", b"", key, certificate)
    head = b"ADCT" + struct.pack("<III", 1, sequence, len(body))
    return head + struct.pack("<II", crc32(body, crc32(head)), 0) + body


def with_crc(copy):
    """The copy with the CRC that its content has."""
    length = struct.unpack_from("<I", copy, 12)[0]
    crc = crc32(copy[24 : 24 + length], crc32(copy[:16]))
    return copy[:16] + struct.pack("<I", crc) + copy[20:]


def test_a_literal_table():
    entries = [(1, b"maker", 0, b"Ok"), (2, b"wlan.ssid", 0, b"ab cde")]
    copy = dct.encode(entries, 1)
    assert copy[: len(LITERAL)] == LITERAL
    assert copy[len(LITERAL) :] == b"\xff" * (dct.COPY - len(LITERAL))
    assert dct.decode(LITERAL) == (1, entries)


def test_what_is_written_is_read_whatever_order_it_came_in():
    copy = dct.encode(ENTRIES, 0xFFFF_FFFF)
    assert len(copy) == dct.COPY
    assert dct.decode(copy) == (0xFFFF_FFFF, ENTRIES)
    assert dct.encode(ENTRIES[::-1], 0xFFFF_FFFF) == copy
    assert dct.decode(dct.encode([], 0)) == (0, [])


def test_places_of_data():
    copy = dct.encode(ENTRIES, 3)

    def read(at, size):
        return copy[at : at + size]

    version, sequence, end = dct.check(read)
    assert (version, sequence) == (2, 3)
    found = list(dct.scan(read, version, end))
    assert [(s, n, k, copy[at : at + size]) for s, n, k, at, size in found] == ENTRIES
    assert found[-1][3] + found[-1][4] == end


def test_sequences_go_on_across_the_end():
    for a, b in ((1, 0), (0, 0xFFFF_FFFF), (5, 0xFFFF_FFF0), (0x7FFF_FFFF, 0), (0x8000_0000, 1)):
        assert dct.newer(a, b) and not dct.newer(b, a), (a, b)
    assert not dct.newer(4, 4)
    assert dct.following(4) == 5 and dct.following(0xFFFF_FFFF) == 0
    assert dct.following(0x3FFF_FFFF) == 0x4000_0000  # the chip's small integers end here


def test_the_newer_whole_copy_is_in_force():
    assert dct.pick(None, None) is None
    assert dct.pick(3, None) == 0 and dct.pick(None, 3) == 1
    assert dct.pick(3, 4) == 1 and dct.pick(4, 3) == 0
    assert dct.pick(0, 0xFFFF_FFFF) == 0 and dct.pick(0xFFFF_FFFF, 0) == 1
    assert dct.pick(4, 4) == 0


def test_a_partition():
    old, new = dct.encode(ENTRIES[:1], 8), dct.encode(ENTRIES, 9)
    assert dct.current(old + new) == (1, 9, ENTRIES)
    assert dct.current(new + old) == (0, 9, ENTRIES)
    assert dct.current(old + b"\xff" * dct.COPY) == (0, 8, ENTRIES[:1])
    damaged = new[:40] + b"?" + new[41:]
    assert dct.current(old + damaged) == (0, 8, ENTRIES[:1])
    assert raises(DctError, dct.current, b"\xff" * dct.SIZE).args[0] == b"No table"
    image = dct.image(ENTRIES)
    assert len(image) == dct.SIZE and dct.current(image) == (0, 1, ENTRIES)


def test_a_copy_is_not_whole_before_its_mark():
    copy = dct.encode(ENTRIES, 1)
    for mark in (b"\xff\xff\xff\xff", b"\0\0\xff\xff", b"\0\0\0\x01"):
        unmarked = copy[:20] + mark + copy[24:]
        assert raises(DctError, dct.decode, unmarked).args[0] == b"Not written to its end"


def test_a_wrong_bit_anywhere_is_found():
    copy = dct.encode(ENTRIES[:4], 1)
    end = dct.check(lambda at, size: copy[at : at + size])[2]
    for at in range(end):
        raises(DctError, dct.decode, copy[:at] + bytes((copy[at] ^ 1 << at % 8,)) + copy[at + 1 :])
        raises(DctError, dct.decode, copy[:at])


def test_a_later_version_is_known_and_refused():
    copy = with_crc(b"ADCT\x03" + dct.encode(ENTRIES, 5)[5:])
    assert dct.check(lambda at, size: copy[at : at + size])[:2] == (3, 5)
    assert raises(DctError, dct.decode, copy).args[0] == b"Version 3 is not known"


def test_what_no_table_can_have():
    good = (dct.IDENTITY, b"a", dct.KEY, b"k")
    for bad in (
        (dct.IDENTITY, b"", dct.KEY, b"k"),
        (dct.IDENTITY, b"a" * 33, dct.KEY, b"k"),
        (dct.IDENTITY, b"a b", dct.KEY, b"k"),
        (dct.IDENTITY, b"a\n", dct.KEY, b"k"),
        (dct.IDENTITY, b"\xc3\xa9", dct.KEY, b"k"),
        (dct.IDENTITY, b"a", dct.TEXT, b"k"),
        (dct.IDENTITY, b"a", 4, b"k"),
        (dct.IDENTITY, b"b", dct.KEY, b""),
        (0, b"a", dct.TEXT, b"x"),
        (4, b"a", dct.TEXT, b"x"),
        (dct.MANUFACTURING, b"colour", dct.TEXT, b"x"),
        (dct.MANUFACTURING, b"maker", dct.KEY, b"x"),
        (dct.MANUFACTURING, b"maker", dct.TEXT, b"x" * 65),
        (dct.MANUFACTURING, b"maker", dct.TEXT, b"x\x1b"),
        (dct.VARIABLES, b"wlan.ssid", dct.TEXT, b"x" * 513),
        (dct.VARIABLES, b"wlan.ssid", dct.TEXT, b"a\nb"),
        (dct.IDENTITY, b"b", dct.KEY, b"k" * 0x8000),
        good,
    ):
        raises(DctError, dct.encode, [good, bad], 1)


def test_entries_and_bytes_are_counted():
    many = [(dct.IDENTITY, b"%d" % i, dct.KEY, b"k") for i in range(dct.MAX_ENTRIES + 1)]
    assert len(dct.decode(dct.encode(many[1:], 1))[1]) == dct.MAX_ENTRIES
    raises(DctError, dct.encode, many, 1)
    room = dct.COPY - dct.HEADER - 5 - 1
    full = [(dct.IDENTITY, b"a", dct.ROOTS, b"r" * room)]
    assert dct.decode(dct.encode(full, 1)) == (1, full)
    raises(DctError, dct.encode, [(dct.IDENTITY, b"a", dct.ROOTS, b"r" * (room + 1))], 1)


def test_a_table_in_another_form_is_refused():
    # With the right CRC: only a program that does not keep the format writes these.
    def table(*pieces):
        body = b"".join(pieces)
        head = b"ADCT" + struct.pack("<III", 2, 1, len(body))
        return head + struct.pack("<II", crc32(body, crc32(head)), 0) + body

    a = b"\x01\0\x03\x02\x01ak"
    b = b"\x01\0\x03\x02\x01bk"
    assert len(dct.decode(table(a, b))[1]) == 2
    for bad in (
        (b, a),
        (a, a),
        (a, b[:-1]),
        (a, b[:4]),
        (a, b"\0"),
        (a, b"\xff\xff" + b[2:]),
        (a, b"\x01\0\x03\x02\xffbk"),
        (a, b"\x01\0\x04\x02\x01bk"),
        (b"\x01\0\x01\0\x05maker\x07",),
    ):
        raises(DctError, dct.decode, table(*bad))


def test_version_1_is_read():
    key = b"\x30\x82\x01\x00" + bytes(256)
    certificate = b"\x30\x81\x90" + b"c" * 0x90
    copy = version_1(b"Old maker", key, certificate)
    expected = [
        (dct.MANUFACTURING, b"maker", dct.TEXT, b"Old maker"),
        (dct.MANUFACTURING, b"product", dct.TEXT, b"P1"),
        (dct.MANUFACTURING, b"serial", dct.TEXT, b"S9"),
        (dct.IDENTITY, b"default", dct.CERTIFICATE, certificate),
        (dct.IDENTITY, b"default", dct.KEY, key),
    ]
    assert dct.decode(copy) == (7, expected)
    # It goes on as a table of ours.
    new = dct.encode(expected, 8)
    assert dct.current(copy + b"\xff" * (dct.COPY - len(copy)) + new) == (1, 8, expected)


def test_version_1_without_an_identity():
    expected = [
        (dct.MANUFACTURING, b"product", dct.TEXT, b"P1"),
        (dct.MANUFACTURING, b"serial", dct.TEXT, b"S9"),
    ]
    assert dct.decode(version_1()) == (7, expected)
    erased = version_1(b"\xff" * 32, b"\xff" * 2048, b"\xff" * 4096)
    assert dct.decode(erased) == (7, expected)
    full = b"m" * 32
    assert dct.decode(version_1(full))[1][0][3] == full


def test_version_1_is_checked():
    for key in (b"\x30\x82\x08\x00", b"\x30\x83\x00\x01\x00", b"-----BEGIN PRIVATE KEY-----"):
        raises(DctError, dct.decode, version_1(b"", key))
    raises(DctError, dct.decode, version_1(b"a\x07b"))
    copy = version_1()
    raises(DctError, dct.decode, with_crc(copy[:12] + struct.pack("<I", 6247) + copy[16:]))
