# The resolver's codec: the query byte for byte, and answers whole, cut, padded, compressed in good
# and evil ways.
import struct

from checks import raises

from wire import dns

NAME = b"www.example.com"
ID = 0x1234
QUESTION = b"\x03www\x07example\x03com\x00\x00\x01\x00\x01"
TO_QUESTION = b"\xc0\x0c"
A = 1
CNAME = 5
AAAA = 28


def header(flags=0x8180, answers=1, questions=1, ident=ID):
    return struct.pack(">HHHHHH", ident, flags, questions, answers, 0, 0)


def record(owner, kind, data, ttl=300, kind_class=1):
    return owner + struct.pack(">HHIH", kind, kind_class, ttl, len(data)) + data


def message(*records, **fields):
    return header(answers=len(records), **fields) + QUESTION + b"".join(records)


def parse(answer, name=NAME, ident=ID):
    return dns.parse_answer(bytearray(answer), len(answer), ident, name)


HOST = record(TO_QUESTION, A, b"\x0a\x00\x00\x01")
# As a public resolver sends it: www.example.com -> edge.example.com -> two addresses, an authority
# record behind.
EDGE_AT = 12 + len(QUESTION) + 12
CHAINED = (
    struct.pack(">HHHHHH", ID, 0x8180, 1, 3, 1, 0)
    + QUESTION
    + record(TO_QUESTION, CNAME, b"\x04edge\xc0\x10", ttl=900)
    + record(struct.pack(">H", 0xC000 | EDGE_AT), A, b"\x0a\x00\x00\x01", ttl=60)
    + record(struct.pack(">H", 0xC000 | EDGE_AT), A, b"\x0a\x00\x00\x02", ttl=61)
    + record(b"\xc0\x10", 2, b"\x02ns\xc0\x10")
)
CHAINED_RESULT = ([b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02"], 60)


def test_query_byte_for_byte():
    assert (
        dns.build_query(ID, NAME) == b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + QUESTION
    )
    assert dns.build_query(ID, NAME + b".") == dns.build_query(ID, NAME)
    assert (
        dns.build_query(0, b"a")
        == b"\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"
    )
    assert dns.build_query(0xFFFF, b"a")[:2] == b"\xff\xff"
    assert dns.build_query(ID, NAME, False) == b"\x12\x34\0\0\0\1" + bytes(6) + QUESTION


def test_query_refuses_what_cannot_be_sent():
    longest = b".".join([b"a" * 63, b"b" * 63, b"c" * 63, b"d" * 61])
    assert len(longest) == dns.MAX_NAME
    assert len(dns.build_query(ID, longest)) == 12 + 255 + 4
    assert len(dns.build_query(ID, longest + b".")) == 12 + 255 + 4
    for name in (
        b"",
        b".",
        b"..",
        b".a",
        b"a..b",
        b"a.b..",
        b"a" * 64,
        b"x." + b"a" * 64,
        longest + b"e",
    ):
        raises(ValueError, dns.build_query, ID, name)
    for ident in (-1, 0x10000):
        raises(ValueError, dns.build_query, ident, NAME)


def test_one_address():
    assert parse(message(HOST)) == ([b"\x0a\x00\x00\x01"], 300)


def test_address_with_its_owner_written_out():
    assert parse(message(record(QUESTION[:-4], A, b"\x0a\x00\x00\x01"))) == (
        [b"\x0a\x00\x00\x01"],
        300,
    )


def test_letters_in_either_case():
    answer = (
        header()
        + b"\x03wWw\x07ExAmPlE\x03COM\x00\x00\x01\x00\x01"
        + record(QUESTION[:-4], A, b"\x01\x02\x03\x04")
    )
    for name in (NAME, b"WWW.EXAMPLE.COM", b"www.Example.com."):
        assert parse(answer, name) == ([b"\x01\x02\x03\x04"], 300)


def test_bytes_that_differ_in_the_letter_bit_alone_are_no_letters():
    # "[" and "{", "@" and "`" are 0x20 apart as letters of either case are.
    for one, other in ((b"a[", b"a{"), (b"@z", b"`z")):
        question = b"\x02" + one + b"\x00\x00\x01\x00\x01"
        answer = header() + question + record(b"\x02" + other + b"\x00", A, b"\x01\x02\x03\x04")
        raises(dns.NameNotFound, parse, answer, one)
        assert parse(answer, other) is None


def test_alias_chain():
    assert parse(CHAINED) == CHAINED_RESULT


def test_records_in_any_order():
    # The address comes first, then the second alias, then the first.
    two = 12 + len(QUESTION) + 3 + 10 + 4 + 3 + 10
    answer = message(
        record(b"\x01c\x00", A, b"\x01\x02\x03\x04", ttl=50),
        record(b"\x01b\x00", CNAME, b"\x01c\x00", ttl=40),
        record(TO_QUESTION, CNAME, b"\x01b\x00", ttl=30),
    )
    assert answer[two : two + 3] == b"\x01c\x00"
    assert parse(answer) == ([b"\x01\x02\x03\x04"], 30)


def test_longest_alias_chain():
    def chain(aliases):
        owner = TO_QUESTION
        records = []
        for i in range(aliases):
            following = b"\x02a%c\x00" % (0x61 + i)
            records.append(record(owner, CNAME, following))
            owner = following
        return records + [record(owner, A, b"\x01\x02\x03\x04")]

    expected = ([b"\x01\x02\x03\x04"], 300)
    longest = chain(dns.MAX_ALIASES)
    assert parse(message(*longest)) == expected
    longest.reverse()
    assert parse(message(*longest)) == expected
    raises(dns.Malformed, parse, message(*chain(dns.MAX_ALIASES + 1)))


def test_aliases_in_a_circle():
    to_a = record(TO_QUESTION, CNAME, b"\x01a\x00")
    back = record(b"\x01a\x00", CNAME, TO_QUESTION)
    raises(dns.Malformed, parse, message(to_a, back))
    raises(dns.Malformed, parse, message(record(TO_QUESTION, CNAME, TO_QUESTION)))


def test_alias_without_an_address():
    first = record(TO_QUESTION, CNAME, b"\x04edge\xc0\x10", ttl=70)
    alias = raises(dns.Alias, parse, message(first))
    assert (alias.name, alias.ttl) == (b"edge.example.com", 70)
    second = record(b"\xc0\x2d", CNAME, b"\x01a\x03net\x00", ttl=60)
    alias = raises(dns.Alias, parse, message(first, second))
    assert (alias.name, alias.ttl) == (b"a.net", 60)
    too_long = (b"\x3b" + b"a" * 59) * 5 + b"\x00"
    raises(dns.Malformed, parse, message(record(TO_QUESTION, CNAME, too_long)))


def test_records_of_others_are_passed_over():
    others = (
        record(b"\x05other\x00", A, b"\x09\x09\x09\x09", ttl=1),
        record(TO_QUESTION, AAAA, bytes(16), ttl=1),
        record(TO_QUESTION, A, b"\x09\x09\x09\x09", ttl=1, kind_class=3),
        record(b"\x05other\x00", CNAME, b"\x01a\x00", ttl=1),
        record(b"\xc0\x10", A, b"\x09\x09\x09\x09", ttl=1),
        record(b"\x00", A, b"\x09\x09\x09\x09", ttl=1),
    )
    assert parse(message(*(others + (HOST,)))) == ([b"\x0a\x00\x00\x01"], 300)
    raises(dns.NameNotFound, parse, message(*others))


def test_bound_on_addresses():
    many = [record(TO_QUESTION, A, b"\x0a\x00\x00%c" % i) for i in range(dns.MAX_ADDRESSES + 3)]
    addresses, _ = parse(message(*many))
    assert addresses == [b"\x0a\x00\x00%c" % i for i in range(dns.MAX_ADDRESSES)]


def test_time_to_live():
    for sent, taken in (
        (0, 0),
        (86400, 86400),
        (86401, dns.MAX_TTL),
        (0x1FFFF, dns.MAX_TTL),
        (0x7FFFFFFF, dns.MAX_TTL),
        (0x80000000, 0),
        (0xFFFFFFFF, 0),
    ):
        assert parse(message(record(TO_QUESTION, A, b"\x01\x02\x03\x04", ttl=sent)))[1] == taken


def test_not_the_answer_to_our_question():
    good = message(HOST)
    assert parse(good, ident=ID + 1) is None
    assert parse(good, ident=0x3412) is None
    assert parse(good, b"www.example.org") is None
    assert parse(good, b"example.com") is None
    assert parse(good, b"www.example.com.au") is None
    assert parse(good, b"www\x07example.com") is None
    assert parse(message(HOST, flags=0x0100)) is None  # a query
    assert parse(message(HOST, flags=0xA180)) is None  # another operation
    assert parse(message(HOST, questions=0)) is None
    assert parse(message(HOST, questions=2)) is None
    assert parse(header() + QUESTION[:-3] + b"\x1c\x00\x01" + HOST) is None  # asks for AAAA
    assert parse(header() + QUESTION[:-1] + b"\x03" + HOST) is None  # another class
    assert parse(header(flags=0x8183, questions=0, answers=0)) is None  # whose name is not found?
    assert parse(dns.build_query(ID, NAME)) is None


def test_refusals():
    raises(dns.NameNotFound, parse, message(flags=0x8183))
    for rcode in (1, 2, 4, 5, 15):
        assert raises(dns.ServerFailure, parse, message(flags=0x8180 | rcode)).rcode == rcode
        assert raises(dns.ServerFailure, parse, header(0x8180 | rcode, 0, 0)).rcode == rcode
    raises(dns.NameNotFound, parse, message())  # the name is known, an IPv4 address is not
    raises(dns.Truncated, parse, message(HOST, flags=0x8380))
    for error in (dns.Alias, dns.NameNotFound, dns.ServerFailure, dns.Truncated, dns.Malformed):
        assert issubclass(error, dns.DnsError)


def test_cut_at_every_byte():
    # Short of the question it is nobody's; inside the answers it is malformed; the authority
    # section is not read.
    question_end = 12 + len(QUESTION)
    answers_end = CHAINED.index(b"\x02ns") - 12
    buf = bytearray(CHAINED)
    for length in range(len(CHAINED)):
        if length < question_end:
            assert dns.parse_answer(buf, length, ID, NAME) is None
        elif length < answers_end:
            raises(dns.Malformed, dns.parse_answer, buf, length, ID, NAME)
        else:
            assert dns.parse_answer(buf, length, ID, NAME) == CHAINED_RESULT
        # The same where the buffer itself ends there.
        short = buf[:length]
        if question_end <= length < answers_end:
            raises(dns.Malformed, dns.parse_answer, short, length, ID, NAME)
        else:
            assert dns.parse_answer(short, length, ID, NAME) == (
                CHAINED_RESULT if length >= answers_end else None
            )


def test_what_follows_is_left_alone():
    buf = bytearray(CHAINED + b"\xff" * 40)
    before = bytes(buf)
    assert dns.parse_answer(buf, len(CHAINED), ID, NAME) == CHAINED_RESULT
    assert dns.parse_answer(buf, len(buf), ID, NAME) == CHAINED_RESULT
    assert buf == before
    assert dns.parse_answer(memoryview(buf), len(buf), ID, NAME) == CHAINED_RESULT


def test_evil_names():
    start = 12 + len(QUESTION)
    to_itself = struct.pack(">H", 0xC000 | start)
    to_before = b"\x03www" + struct.pack(
        ">H", 0xC000 | start
    )  # to its own label: a loop that makes progress
    forward = struct.pack(">H", 0xC000 | start + 30)
    for owner in (
        to_itself,
        to_before,
        forward,
        b"\xc0\x00",
        b"\xc0\x0b",
        b"\xff\xff",
        b"\x40a\x00",
        b"\x80\x00",
    ):
        raises(dns.Malformed, parse, message(record(owner, A, b"\x01\x02\x03\x04"), HOST))
    # Two pointers that show to each other: each is in an alias's data, one is before the other.
    first = start + 12
    alias = record(TO_QUESTION, CNAME, struct.pack(">H", 0xC000 | first + 2 + 12))
    raises(
        dns.Malformed,
        parse,
        message(alias, record(struct.pack(">H", 0xC000 | first), A, b"\x01\x02\x03\x04")),
    )


def test_names_at_one_offset_of_two_buffers():
    # "abcdefghijk.x.y" with a pointer to 12, against "abcdefghijk.local", whose "local" is at 12.
    first = b"\x0babcdefghijk"
    buf = bytes(12) + b"\x01x\x01y\0" + first + b"\xc0\x0c"
    for rest, same in ((b"\x05local\0", False), (b"\x01x\x01y\0", True)):
        other = first + rest
        assert dns.same_name(buf, len(buf), 17, other, len(other), 0) is same
    assert not dns.same_name(b"\x01a\0", 3, 0, b"\x01b\0", 3, 0)


def test_name_longer_than_allowed():
    # 300 bytes of labels, twice: only a comparison that has an end notices.
    long_name = (b"\x3b" + b"a" * 59) * 5 + b"\x00"
    alias = record(TO_QUESTION, CNAME, long_name)
    raises(dns.Malformed, parse, message(alias, record(long_name, A, b"\x01\x02\x03\x04")))


def test_names_without_pointers():
    buf = bytes(12) + b"\x01a\xc0\x10" + b"\x01b\0\x01c\xc0\x10\x02de\xc0\x13"
    assert dns.expand_name(buf, len(buf), 16) == b"\x01b\0"
    assert dns.expand_name(buf, len(buf), 23) == b"\x02de\x01c\x01b\0"
    raises(dns.Malformed, dns.expand_name, buf, len(buf), 12)  # leads on, not back
    raises(dns.Malformed, dns.expand_name, buf, len(buf) - 1, 23)
    for last, good in ((61, True), (62, False)):
        name = (b"\x3f" + b"a" * 63) * 3 + bytes((last,)) + b"a" * last + b"\0"
        assert len(name) == (255 if good else 256)
        if good:
            assert dns.expand_name(bytes(12) + name, 12 + len(name), 12) == name
        else:
            raises(dns.Malformed, dns.expand_name, bytes(12) + name, 12 + len(name), 12)


def test_names_that_run_over_the_end():
    # The question's label has the bytes of the answer's last record, whose owner points to a byte
    # before it that counts them: read as a label, the record reaches the end of the message. At
    # 15 bytes the last byte is half a pointer, at 17 one byte of the label is missing.
    for size in (15, 16, 17):
        start = 12 + (1 + size + 1 + 4) + 1 + 10 + 8
        last = record(struct.pack(">H", 0xC000 | start), A, b"\x01\x02\x03\xc0")
        label = (last + b"\x00")[:size]
        answer = header(answers=2) + bytes((size,)) + label + b"\x00\x00\x01\x00\x01"
        answer += record(b"\x00", AAAA, bytes(8) + bytes((size,))) + last
        assert len(answer) == start + 1 + 16 and answer[start] == size
        raises(dns.Malformed, parse, answer, label)
        buf = bytearray(answer + b"\x00\x00\x00")
        raises(dns.Malformed, dns.parse_answer, buf, len(answer), ID, label)


def test_wrong_sizes():
    raises(dns.Malformed, parse, message(record(TO_QUESTION, A, b"\x01\x02\x03")))
    raises(dns.Malformed, parse, message(record(TO_QUESTION, A, bytes(16))))
    raises(dns.Malformed, parse, message(record(TO_QUESTION, CNAME, b"\x01a\x00\x00")))
    raises(dns.Malformed, parse, message(record(TO_QUESTION, CNAME, b"")))
    more = bytearray(message(HOST))
    more[7] = 2  # one more answer than there is
    raises(dns.Malformed, parse, more)
