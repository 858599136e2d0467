# The soft-AP's DNS server: what it answers, what it refuses, and what it does not even look at.
from checks import raises
from messages import AAAA, ANY, PTR, TXT, A, Message, message, question, record

from wire import dns_server

ADDRESS = b"\x0a\x0a\x0a\x01"
CLIENT = ("10.10.10.2", 40000)
OURS = dns_server.Server([b"setup.com", b"www.Setup.com", b"box.local"], ADDRESS)
EVERY = dns_server.Server([b"box.local"], ADDRESS, every=True)

QUERY = 0x0100
ANSWERED = 0x8580
NO_SUCH_NAME = 0x8583
REFUSED = 0x8185


def ask(server, datagram, client=CLIENT, room=512):
    buf = bytearray(datagram) + bytearray(room - len(datagram))
    size = server.process(buf, len(datagram), client)
    return bytes(buf[:size])


def asked(server, *question_parts):
    query = message([question(*question_parts)], flags=QUERY, ident=0x1234)
    reply = ask(server, query)
    got = Message(reply, len(reply))
    assert got.ident == 0x1234 and reply[12 : len(query)] == query[12:]
    assert not got.authorities and not got.extra
    return got.flags, got.answers


def test_reply_byte_for_byte():
    reply = b"\x12\x34\x85\x80\0\1\0\1\0\0\0\0\x05setup\x03com\0\0\1\0\1"
    reply += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\x0a\x0a\x01"
    query = message([question(b"setup.com")], flags=QUERY, ident=0x1234)
    assert ask(OURS, query) == reply
    # The bit of recursion is the asker's.
    assert ask(OURS, b"\x12\x34\0\0" + query[4:]) == b"\x12\x34\x84" + reply[3:]


def test_configured_names():
    for name in (b"setup.com", b"SETUP.com", b"www.setup.COM", b"box.local"):
        flags, answers = asked(OURS, name)
        assert flags == ANSWERED and answers == [(name, A, 1, 60, ADDRESS)]
    assert asked(OURS, b"setup.com", ANY)[1] == [(b"setup.com", A, 1, 60, ADDRESS)]
    for kind in (AAAA, TXT, PTR, 65):
        assert asked(OURS, b"setup.com", kind) == (ANSWERED, [])


def test_other_names_are_refused():
    for name in (
        b"com",
        b"",
        b"a.setup.com",
        b"setup.com.au",
        b"setup.org",
        b"setup",
        b"etup.com",
    ):
        for kind in (A, AAAA, ANY):
            assert asked(OURS, name, kind) == (REFUSED, [])


def test_no_names_and_not_every_name():
    assert asked(dns_server.Server([], ADDRESS), b"setup.com") == (REFUSED, [])


def test_every_name():
    for name in (b"setup.com", b"captive.apple.com", b"a", b"x.y.z", b"localx", b"local.com"):
        assert asked(EVERY, name) == (ANSWERED, [(name, A, 1, 60, ADDRESS)])
        assert asked(EVERY, name, AAAA) == (ANSWERED, [])
    assert asked(EVERY, b"a" * 63 + b"." + b"b" * 63)[1][0][4] == ADDRESS


def test_every_name_but_what_nobody_may_have():
    for name in (
        b"printer.local",
        b"LOCAL",
        b"localhost",
        b"a.LocalHost",
        b"1.10.10.10.in-addr.arpa",
        b"resolver.arpa",
        b"a.onion",
        b"b.invalid",
        b"use-application-dns.net",
        b"wpad",
        b"WPAD.lan",
    ):
        for kind in (A, AAAA, PTR):
            assert asked(EVERY, name, kind) == (NO_SUCH_NAME, [])
    # What was configured goes before.
    assert asked(EVERY, b"Box.local") == (ANSWERED, [(b"Box.local", A, 1, 60, ADDRESS)])


def test_time_to_live_is_an_argument():
    server = dns_server.Server([b"a"], ADDRESS, ttl=0x20000)
    assert asked(server, b"a")[1] == [(b"a", A, 1, 0x20000, ADDRESS)]


def test_what_is_no_question_for_a_record():
    for kind in (41, 249, 250, 251, 252):
        assert asked(EVERY, b"setup.com", kind) == (REFUSED, [])
    for kind_class in (0, 3, 254, 255, 0x8001):
        assert asked(EVERY, b"setup.com", A, kind_class) == (REFUSED, [])


def header(datagram, flags):
    reply = ask(EVERY, datagram)
    assert reply == datagram[:2] + bytes((flags >> 8, flags & 255)) + bytes(8)


def test_other_operations_are_not_implemented():
    for opcode in (1, 2, 4, 5, 15):
        query = message([question(b"a")], flags=opcode << 11 | QUERY, ident=7)
        header(query, 0x8184 | opcode << 11)


def test_malformed_questions():
    two = message([question(b"a"), question(b"b")], flags=QUERY, ident=9)
    for datagram in (
        message(flags=QUERY, ident=9),
        two,
        message([b"\xc0\x0c\0\1\0\1"], flags=QUERY),  # leads to itself
        message([b"\x01a\xc0\x0c\0\1\0\1"], flags=QUERY),
        message([b"\xc0\x10\0\1\0\1" + bytes(8)], flags=QUERY),
        message([b"\x40" + bytes(70)], flags=QUERY),
        message([b"\x3f" + b"a" * 63] * 5 + [bytes(5)], flags=QUERY)[:4]
        + b"\0\1"
        + bytes(6)
        + (b"\x3f" + b"a" * 63) * 5
        + bytes(5),  # 320 bytes of name
    ):
        header(datagram, 0x8181)


def test_cut_at_every_byte():
    query = message([question(b"www.setup.com")], flags=QUERY)
    for length in range(len(query)):
        reply = ask(EVERY, query[:length])
        assert reply == (b"" if length < 12 else b"\0\0\x81\x81" + bytes(8)), length
    # What is behind the datagram in the buffer is not part of it.
    buf = bytearray(query + bytes(400))
    assert EVERY.process(buf, len(query) - 1, CLIENT) == 12


def test_records_behind_the_question_are_dropped():
    plain = message([question(b"a.com")], flags=QUERY)
    opt = message([question(b"a.com")], extra=[b"\0\0\x29\x10\0\0\0\0\0\0\0"], flags=QUERY)
    more = message([question(b"a.com")], [record(b"a.com", A, b"\1\2\3\4")], flags=QUERY)
    assert ask(EVERY, plain) == ask(EVERY, opt) == ask(EVERY, more) == ask(EVERY, plain + b"\xff")


def test_never_answers():
    query = message([question(b"a.com")], flags=QUERY)
    reply = ask(EVERY, query)
    assert ask(EVERY, reply) == b""  # two servers that answer answers never end
    for port in (0, 7, 13, 19, 37, 52):
        assert ask(EVERY, query, ("10.10.10.2", port)) == b""
    assert ask(EVERY, query, ("10.10.10.2", 53)) == reply
    assert ask(EVERY, query, room=len(query) + 15) == b""
    assert ask(EVERY, query, room=len(query) + 16) == reply


def test_largest_question_fits():
    name = b".".join([b"a" * 63, b"b" * 63, b"c" * 63, b"d" * 61])
    flags, answers = asked(EVERY, name)
    assert flags == ANSWERED and answers[0][0] == name


def test_arguments():
    raises(ValueError, dns_server.Server, [b"a..b"], ADDRESS)
    raises(ValueError, dns_server.Server, [b""], ADDRESS)
    raises(ValueError, dns_server.Server, [b"a"], b"\1\2\3")
