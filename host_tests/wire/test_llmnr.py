# The LLMNR responder: its name by address and back, and silence for all else.
from checks import raises
from messages import AAAA, ANY, PTR, TXT, A, Message, message, question, record

from wire import llmnr

ADDRESS = b"\xc0\xa8\x01\x07"
REVERSE = b"7.1.168.192.in-addr.arpa"
CLIENT = ("192.168.1.2", 50123)
BOX = llmnr.Responder(b"box", ADDRESS)


def ask(datagram, room=llmnr.BUFFER_SIZE):
    buf = bytearray(datagram) + bytearray(room - len(datagram))
    return bytes(buf[: BOX.process(buf, len(datagram), CLIENT)])


def asked(*parts):
    query = message([question(*parts)], ident=0xABCD)
    reply = ask(query)
    got = Message(reply, len(reply))
    assert got.ident == 0xABCD and got.flags == 0x8000
    assert reply[12 : len(query)] == query[12:] and not got.authorities and not got.extra
    return got.answers


def test_reply_byte_for_byte():
    query = b"\xab\xcd\0\0\0\1\0\0\0\0\0\0\x03box\0\0\1\0\1"
    reply = b"\xab\xcd\x80\0\0\1\0\1\0\0\0\0\x03box\0\0\1\0\1"
    assert ask(query) == reply + b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4" + ADDRESS


def test_names():
    for name in (b"box", b"BOX", b"box.local", b"Box.LOCAL"):
        assert asked(name) == asked(name, ANY) == [(name, A, 1, 30, ADDRESS)]
        # The name is ours, and has nothing else.
        for kind in (AAAA, TXT, PTR):
            assert asked(name, kind) == []
    for kind in (PTR, ANY):
        assert asked(REVERSE, kind) == [(REVERSE, PTR, 1, 30, b"box")]
    assert asked(REVERSE, A) == []


def test_silence():
    ours = question(b"box")
    for datagram in (
        message([question(b"bo")]),
        message([question(b"boxx")]),
        message([question(b"box.lan")]),
        message([question(b"a.box")]),
        message([question(b"")]),
        message([question(b"8.1.168.192.in-addr.arpa", PTR)]),
        message([question(b"box", A, 3)]),
        message([ours, ours]),
        message([]),
        message([ours], [record(b"box", A, ADDRESS)]),
        message([ours], authorities=[record(b"box", A, ADDRESS)]),
        message([ours], flags=0x8000),  # a response
        message([ours], flags=0x0800),  # another operation
        message([ours], flags=0x0400),  # there was a conflict
        message([ours], flags=0x0200),  # truncated
        message([b"\xc0\x0c\0\1\0\1"]),
        message([b"\x03box\xc0\x0c\0\1\0\1"]),
        message([b"\x7fbox\0\0\1\0\1"]),
    ):
        assert ask(datagram) == b"", datagram


def test_what_does_not_matter():
    plain = message([question(b"box")])
    reply = ask(plain)
    opt = message([question(b"box")], extra=[b"\0\0\x29\x10\0\0\0\0\0\0\0"])
    assert reply == ask(opt) == ask(plain + b"\xff" * 9)
    assert ask(message([question(b"box")], flags=0x010F)) == reply  # T and a code of no meaning


def test_cut_at_every_byte():
    query = message([question(b"box")])
    for length in range(len(query)):
        buf = bytearray(query + bytes(300))
        assert BOX.process(buf, length, CLIENT) == 0
        assert ask(query[:length]) == b""
    full = len(ask(query))
    assert ask(query, full - 1) == b"" and len(ask(query, full)) == full


def test_arguments():
    for name in (b"", b"a..b", b"a" * 64):
        raises(ValueError, llmnr.Responder, name, ADDRESS)
    raises(ValueError, llmnr.Responder, b"box", b"\1\2\3")
