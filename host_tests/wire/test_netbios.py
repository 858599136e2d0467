# NetBIOS: our names by broadcast, the list of them by address, silence for all else.
import struct

from checks import raises

from wire import netbios

ADDRESS = b"\xc0\xa8\x01\x07"
MAC = b"\x24\x6f\x28\xaa\xbb\xcc"
CLIENT = ("192.168.1.2", 137)
BOX = netbios.Responder(b"My-Box", ADDRESS, MAC)
NB = 0x20
STATUS = 0x21


def encoded(name):
    """A name of 16 bytes as it is asked for."""
    assert len(name) == 16
    return b"\x20" + bytes([0x41 + n for byte in name for n in (byte >> 4, byte & 15)]) + b"\0"


def padded(name, suffix=0):
    return name + b" " * (15 - len(name)) + bytes((suffix,))


EVERY = b"*" + bytes(15)


def query(name, kind=NB, flags=0x0110, questions=1, kind_class=1):
    head = struct.pack(">HHHHHH", 0x1234, flags, questions, 0, 0, 0)
    return head + encoded(name) + struct.pack(">HH", kind, kind_class)


def ask(datagram, room=netbios.BUFFER_SIZE):
    buf = bytearray(datagram) + bytearray(max(0, room - len(datagram)))
    return bytes(buf[: BOX.process(buf, len(datagram), CLIENT)])


def test_the_encoding_of_names():
    # RFC 1001 14.1.
    example = b"\x20EGFCEFEECACACACACACACACACACACACA\0"
    assert encoded(b"FRED            ") == example


def test_name_reply_byte_for_byte():
    name = encoded(padded(b"MY-BOX"))
    reply = b"\x12\x34\x85\0\0\0\0\1\0\0\0\0" + name + b"\0\x20\0\1\0\0\1\x2c\0\6\0\0" + ADDRESS
    assert ask(query(padded(b"MY-BOX"))) == reply


def test_names():
    for name in (b"MY-BOX", b"my-box", b"MY-BOX.LOCAL", b"my-box.Local"):
        for suffix in (0x00, 0x20):
            for flags in (0x0110, 0x0010, 0x0100, 0):
                reply = ask(query(padded(name, suffix), flags=flags))
                assert reply[12:46] == encoded(padded(name, suffix))
                assert reply[-4:] == ADDRESS and len(reply) == 62
        for suffix in (0x03, 0x1B, 0x1D, 0x1E):
            assert ask(query(padded(name, suffix))) == b""


def test_node_status():
    for name in (EVERY, padded(b"MY-BOX"), padded(b"my-box.local", 0x20)):
        reply = ask(query(name, STATUS, flags=0))
        assert reply[:12] == b"\x12\x34\x84\0\0\0\0\1\0\0\0\0" and reply[12:46] == encoded(name)
        assert reply[46:54] == b"\0\x21\0\1\0\0\0\0"
        data = reply[56:]
        assert len(data) == struct.unpack(">H", reply[54:56])[0] == 1 + 4 * 18 + 46
        assert data[0] == 4
        entries = [data[1 + 18 * i : 19 + 18 * i] for i in range(4)]
        assert entries == [
            padded(name, suffix) + b"\4\0"
            for name in (b"MY-BOX", b"MY-BOX.LOCAL")
            for suffix in (0x00, 0x20)
        ]
        assert data[73:] == MAC + bytes(40)


def test_silence():
    ours = padded(b"MY-BOX")
    bad = bytearray(query(ours))
    bad[13] = 0x51  # past P
    low = bytearray(query(ours))
    low[14] = 0x40
    scope = query(ours)[:45] + b"\x03net\0" + query(ours)[46:]
    open_end = bytearray(query(ours))
    open_end[45] = 1
    # M-Y as 4, 0x19 for Y: letters past P that would add up to it.
    wide = bytearray(query(ours))
    wide[15:17] = b"\x45\x5a"
    label = bytearray(query(ours))
    label[12] = 0x21
    for datagram in (
        query(padded(b"MY-BO")),
        query(padded(b"MY-BOXX")),
        query(padded(b"OTHER")),
        query(padded(b"OTHER"), STATUS),
        query(EVERY),  # the name of every node is nobody's
        query(b"*" + b" " * 15, STATUS),
        query(ours, 0x01),
        query(ours, 0x0120),
        query(ours, kind_class=3),
        query(ours, kind_class=0x0101),
        query(ours, flags=0x8500),  # a response
        query(ours, flags=0x2910),  # a registration
        query(ours, flags=0x0210),  # truncated
        query(ours, questions=0),
        query(ours, questions=2),
        query(ours, questions=257),
        bytes(bad),
        bytes(low),
        scope,
        bytes(open_end),
        bytes(wide),
        query(b"*" + bytes(14) + b"\1", STATUS),
        bytes(label),
    ):
        assert ask(datagram) == b"", datagram


def test_cut_at_every_byte():
    for datagram in (query(padded(b"MY-BOX")), query(EVERY, STATUS)):
        for length in range(len(datagram)):
            assert ask(datagram[:length]) == b""
            buf = bytearray(datagram + bytes(300))
            assert BOX.process(buf, length, CLIENT) == 0
        assert ask(datagram, netbios.BUFFER_SIZE - 1) == b""
        assert ask(datagram + b"\xff" * 300) == ask(datagram)


def test_arguments():
    respond = netbios.Responder
    respond(b"a" * 9, ADDRESS, MAC)
    # With .local it would be longer than fifteen.
    raises(ValueError, respond, b"a" * 10, ADDRESS, MAC)
    raises(ValueError, respond, b"", ADDRESS, MAC)
    raises(ValueError, respond, b"a", ADDRESS[1:], MAC)
    raises(ValueError, respond, b"a", ADDRESS, MAC[1:])
