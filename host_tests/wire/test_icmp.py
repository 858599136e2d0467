# Echo requests, and what may come back to them.
from wire import icmp

IDENT = 0xBEEF


def packet(message, options=b"", protocol=1):
    # IP's header in front: 10.0.0.1 to 10.0.0.2.
    head = bytes([0x45 + len(options) // 4, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0])
    return head + b"\x0a\0\0\1\x0a\0\0\2" + options + bytes(message)


def summed(message):
    message = bytearray(message)
    message[2:4] = b"\0\0"
    total = icmp.checksum(message)
    message[2:4] = bytes([total >> 8, total & 255])
    return message


def reply(number=0, ident=IDENT, payload=b"abc"):
    message = icmp.echo(ident, number, payload)
    message[0] = 0
    return summed(message)


def test_checksum():
    # RFC 1071 3: the sum is ddf2.
    assert icmp.checksum(b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7") == 0xFFFF ^ 0xDDF2
    assert icmp.checksum(b"") == 0xFFFF
    assert icmp.checksum(b"\x01") == 0xFEFF
    assert icmp.checksum(b"\xff" * 1000) == 0


def test_echo_byte_for_byte():
    assert icmp.echo(0x1234, 5, b"ab") == b"\x08\0\x84\x64\x12\x34\0\x05ab"
    for payload in (b"", b"x", b"abc" * 11):
        assert icmp.checksum(icmp.echo(IDENT, 0xFFFF, payload)) == 0


def test_replies():
    for number in (0, 2, 0xFFFF):
        assert icmp.parse(packet(reply(number)), IDENT) == (icmp.REPLY, number)
    assert icmp.parse(packet(reply(1), b"\1" * 40), IDENT) == (icmp.REPLY, 1)


def test_undeliverable():
    for kind, found in ((3, icmp.UNREACHABLE), (11, icmp.EXPIRED)):
        begun = packet(icmp.echo(IDENT, 2, b"abc"), b"\1\1\1\1")
        for inner in (begun, begun[:32]):
            message = summed(bytes([kind, 1, 0, 0, 0, 0, 0, 0]) + inner)
            assert icmp.parse(packet(message), IDENT) == (found, 2)
        for inner in (begun[:31], b"", packet(reply()), packet(b"\x08" * 20, protocol=17)):
            message = summed(bytes([kind, 1, 0, 0, 0, 0, 0, 0]) + inner)
            assert icmp.parse(packet(message), IDENT) is None
        inner = packet(icmp.echo(IDENT + 1, 2, b"abc"))
        message = summed(bytes([kind, 1, 0, 0, 0, 0, 0, 0]) + inner)
        assert icmp.parse(packet(message), IDENT) is None


def test_what_is_not_ours():
    good = packet(reply())
    for data in (
        packet(reply(ident=IDENT ^ 1)),
        packet(icmp.echo(IDENT, 0)),  # a request: the module's own, or a host's
        packet(summed(bytes(8) + b"x")),
        packet(reply(), protocol=17),
        b"\x65" + good[1:],  # IPv6
        b"\x44" + good[1:],  # a header of 16 bytes
        b"\x4f" + good[1:],  # one longer than the packet
        good[:-1],
        good[:-1] + b"x",  # the checksum
    ):
        assert icmp.parse(data, IDENT) is None
    for end in range(len(good)):
        assert icmp.parse(good[:end], IDENT) is None
