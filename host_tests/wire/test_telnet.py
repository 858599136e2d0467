# Telnet: data and negotiation told apart however the bytes come in pieces, each change answered
# once, and data that come out as they went in.
from wire import telnet
from wire.telnet import Telnet

IAC, SE, NOP, DM, IP, AYT, EC, EL, GA, SB = 255, 240, 241, 242, 244, 246, 247, 248, 249, 250
WILL, WONT, DO, DONT = 251, 252, 253, 254
ECHO, SGA, TTYPE, NAWS = 1, 3, 24, 31

START = bytes((IAC, WILL, ECHO, IAC, WILL, SGA, IAC, DO, NAWS))

# What clients say at the start, and what nobody should say.
SOUPS = (
    b"hello\r\n",
    b"\r\0get wlan\r\0\r\n\0\0x\r",
    bytes((IAC, IAC)) + b"a" + bytes((IAC, IAC, IAC, IAC)),
    bytes((IAC, DO, ECHO, IAC, DO, SGA, IAC, WILL, NAWS))
    + bytes((IAC, SB, NAWS, 0, 80, 0, 24, IAC, SE)),
    bytes((IAC, WILL, TTYPE, IAC, DO, 0, IAC, WILL, SGA, IAC, WONT, SGA)) + b"ok",
    b"a" + bytes((IAC, SB, NAWS, IAC, IAC, 1, 0, IAC, IAC, IAC, SE)) + b"b",
    b"a" + bytes((IAC, SB, TTYPE, 0)) + b"xterm" + bytes((IAC, IAC, IAC, SE)) + b"b",
    b"ab" + bytes((IAC, IP)) + b"cd" + bytes((IAC, EC, IAC, EL)) + b"\r" + bytes((IAC, NOP, 0)),
    bytes((IAC, AYT, IAC, DM, IAC, GA, IAC, SE, IAC, 7)) + b"x" + bytes((IAC,)),
    b"x" + bytes((IAC, SB, NAWS, 0, IAC, DO, ECHO)) + b"y" + bytes((IAC, SB, IAC, SE)) + b"z",
    bytes((IAC, SB, NAWS, 0, 1, IAC, SB, NAWS, 0, 90, 0, 30, IAC, SE, IAC, SB, NAWS, IAC, SE)),
    bytes((IAC, DONT, ECHO, IAC, DONT, ECHO, IAC, DO, ECHO, IAC, DO, ECHO, IAC, DONT, ECHO)),
    bytes((IAC, SB, NAWS)) + b"\0" * (telnet.LONGEST + 1) + b"data",
)


def decode(pieces, codec=None):
    """(data with signals as numbers between them, replies, size) of these pieces."""
    codec = codec or Telnet()
    found = []
    for piece in pieces:
        buf = bytearray(piece)
        at, end = 0, len(buf)
        while at < end:
            stop = codec.take(buf, at, end)
            assert at <= stop <= codec.rest <= end
            found.extend([bytes((byte,)) for byte in buf[at:stop]])
            at = codec.rest
            if codec.signal:
                assert stop < at
                found.append(codec.signal)
            else:
                assert at == end
    return found, bytes(codec.replies), (codec.columns, codec.rows)


def data(*pieces, codec=None):
    found, _, _ = decode(pieces, codec)
    return b"".join([f for f in found if isinstance(f, bytes)])


def replies(*pieces):
    """What is answered, behind what is said at the start."""
    _, said, _ = decode(pieces)
    assert said[: len(START)] == START
    return said[len(START) :]


def test_it_says_what_it_wants_at_the_start():
    assert bytes(Telnet().replies) == START


def test_the_same_in_any_pieces():
    for soup in SOUPS:
        whole = decode([soup])
        for i in range(len(soup) + 1):
            assert decode([soup[:i], soup[i:]]) == whole, (soup, i)
        assert decode([soup[i : i + 1] for i in range(len(soup))]) == whole, soup


def test_all_soups_one_after_the_other_split_everywhere():
    soup = b"".join(SOUPS[:-1])
    whole = decode([soup])
    for i in range(len(soup) + 1):
        assert decode([soup[:i], soup[i:]]) == whole, i


def test_data():
    assert data(bytes(range(255))) == bytes(range(255))
    assert data(b"a\xff\xffb") == b"a\xffb"
    assert data(b"a\r\0b\r\nc\0d") == b"a\rb\r\nc\0d"
    assert data(b"\r", b"\0", b"\0") == b"\r\0"
    assert data(b"a" + bytes((IAC, NOP)) + b"b" + bytes((IAC, 3)) + b"c") == b"abc"
    assert data(b"\r" + bytes((IAC, NOP)) + b"\0x") == b"\rx"


def test_options_that_are_used_are_accepted_once():
    accepted = bytes((IAC, DO, ECHO, IAC, DO, SGA, IAC, WILL, NAWS))
    assert replies(accepted) == b""  # it was asked for
    assert replies(accepted * 3) == b""
    assert replies(bytes((IAC, WILL, SGA)) * 3) == bytes((IAC, DO, SGA))


def test_options_that_are_refused_stay_off():
    refused = bytes((IAC, DONT, ECHO, IAC, DONT, SGA, IAC, WONT, NAWS))
    assert replies(refused * 2) == b""
    assert replies(refused, bytes((IAC, DO, ECHO))) == bytes((IAC, WILL, ECHO))


def test_a_change_is_answered():
    on, off = bytes((IAC, DO, ECHO)), bytes((IAC, DONT, ECHO))
    assert replies(on, off) == bytes((IAC, WONT, ECHO))
    assert replies(on, off, off, on) == bytes((IAC, WONT, ECHO, IAC, WILL, ECHO))
    assert replies(bytes((IAC, WILL, NAWS)), bytes((IAC, WONT, NAWS))) == bytes((IAC, DONT, NAWS))


def test_all_other_options_are_refused():
    for option in range(256):
        if option not in (ECHO, SGA):
            assert replies(bytes((IAC, DO, option))) == bytes((IAC, WONT, option))
        if option not in (SGA, NAWS):
            assert replies(bytes((IAC, WILL, option))) == bytes((IAC, DONT, option))
        if option not in (ECHO, SGA, NAWS):
            assert replies(bytes((IAC, DONT, option, IAC, WONT, option))) == b""


def test_no_loop_with_an_echo():
    # All that we say comes back, as from a peer that echoes.
    codec = Telnet()
    for _ in range(4):
        said = bytes(codec.replies)
        codec.replies[:] = b""
        assert data(said, codec=codec) == b""
    assert not codec.replies


def test_no_loop_with_its_like():
    one, other = Telnet(), Telnet()
    for _ in range(4):
        for sender, receiver in ((one, other), (other, one)):
            said = bytes(sender.replies)
            sender.replies[:] = b""
            data(said, codec=receiver)
    assert not one.replies and not other.replies


def test_window_size():
    size = bytes((IAC, SB, NAWS, 0, 132, 0, 43, IAC, SE))
    assert decode([size])[2] == (132, 43)
    assert decode([bytes((IAC, SB, NAWS, 0, IAC, IAC, 1, 0, IAC, SE))])[2] == (255, 256)
    for wrong in (
        size[:-3] + size[-2:],
        size[:3] + b"\0" + size[3:],
        size.replace(b"\x1f", b"\x18"),
    ):
        assert decode([wrong])[2] == (0, 0)
    assert decode([bytes((IAC, WONT, NAWS)) + size])[2] == (0, 0)


def test_a_subnegotiation_that_does_not_end():
    endless = bytes((IAC, SB, TTYPE)) + b"a" * telnet.LONGEST
    assert decode([endless])[0] == []
    assert decode([endless + b"a"])[0] == [telnet.BROKEN]


def test_a_subnegotiation_of_nothing_ends():
    assert data(b"a" + bytes((IAC, SB, IAC, SE)) + b"b") == b"ab"


def test_signals_come_between_the_data():
    found, _, _ = decode([b"a" + bytes((IAC, IP)) + b"b" + bytes((IAC, EC, IAC, EL))])
    assert found == [
        b"a",
        telnet.INTERRUPT,
        b"b",
        telnet.ERASE_CHARACTER,
        telnet.ERASE_LINE,
    ]


def test_are_you_there():
    assert replies(bytes((IAC, AYT))) == b"\r\n[Yes]\r\n"


def escape(*pieces):
    codec = Telnet()
    return b"".join([codec.escape(piece) for piece in pieces])


def test_escape():
    assert escape(b"") == b""
    assert escape(b"a\r\nb\n\0") == b"a\r\nb\n\0"
    assert escape(b"\xffa\xff") == b"\xff\xffa\xff\xff"
    assert escape(b"\ra\r\n\r\rb") == b"\r\0a\r\n\r\0\r\0b"
    assert escape(b"a\r", b"\nb\r", b"c", b"\r", b"", b"\r", b"\xff") == (
        b"a\r\nb\r\0c\r\0\r\0\xff\xff"
    )
    assert escape(bytearray(b"\r\r")) == b"\r\0\r"
    assert escape(memoryview(b"x\xff")[1:]) == b"\xff\xff"


def test_what_is_escaped_is_decoded_in_any_pieces():
    text = (
        bytes(range(256)) + b"\r\r\n\r\0\n\r\xff\r\xff\xff\r\n\xff\0\r" + bytes(range(255, -1, -1))
    )
    text += b"."
    for i in range(0, len(text), 7):
        assert data(escape(text[:i], text[i:])) == text
    sent = escape(text)
    for i in range(0, len(sent), 5):
        assert data(sent[:i], sent[i:]) == text


def test_usual_data_are_decoded_without_memory():
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        return
    codec = Telnet()
    buf = bytearray(b"get wlan.ssid\r\n" + bytes((IAC, IAC, IAC, NOP)) + b"\r\0")
    n = len(buf)
    heap_lock()
    first = codec.take(buf, 0, 15)
    second = codec.take(buf, 15, n)
    heap_unlock()
    assert (first, second) == (15, 17)
