# Emails as they go over the wire: addresses, headers, encodings, and no line that is too long.
import binascii

from checks import raises

from wire import mail

SENDER = (b"", b"a@example.com")
TO = [(b"", b"b@example.org")]


def wire(body, subject=b"Hello", sender=SENDER, to=TO, block=512, moment=None):
    blocks = [bytearray(body[i : i + block]) for i in range(0, len(body), block)]
    message = mail.Message(sender, to, subject, blocks, b"1.2", moment)
    pieces = [bytes(piece) for piece in message.pieces()]
    whole = b"".join(pieces)
    assert b"".join([bytes(piece) for piece in message.pieces()]) == whole
    for line in whole.split(b"\r\n"):
        assert len(line) <= 998 and b"\r" not in line and b"\n" not in line
    return whole


def text(body, **options):
    # What is behind the headers, without the dot.
    whole = wire(body, **options)
    assert whole.endswith(b"\r\n.\r\n")
    return whole[whole.find(b"\r\n\r\n") + 4 : -3]


def test_a_message_byte_for_byte():
    moment = (2026, 11, 21, 8, 5, 9, 5)
    assert wire(b"One line.\n.\n..two\n", moment=moment) == (
        b"From: a@example.com\r\n"
        b"To: b@example.org\r\n"
        b"Subject: Hello\r\n"
        b"Date: Sat, 21 Nov 2026 08:05:09 +0000\r\n"
        b"Message-ID: <1.2@example.com>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=us-ascii\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"One line.\r\n..\r\n...two\r\n.\r\n"
    )


def test_without_a_clock_there_is_no_date():
    assert b"Date:" not in wire(b"")
    assert wire(b"").endswith(b"7bit\r\n\r\n.\r\n")


def test_line_ends():
    for body, sent in (
        (b"a", b"a\r\n"),
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\r\nb\rc\n\nd", b"a\r\nb\r\nc\r\n\r\nd\r\n"),
        (b"a\r", b"a\r\n"),
        (b"\r\n\r\n", b"\r\n\r\n"),
        (b"a\n\r", b"a\r\n\r\n"),
        (b".", b"..\r\n"),
        (b"\n.\r.", b"\r\n..\r\n..\r\n"),
        (b"a\r\n\n\nb\r\r\nc", b"a\r\n\r\n\r\nb\r\n\r\nc\r\n"),
    ):
        for block in (1, 2, 3, 512):
            assert text(body, block=block) == sent, (body, block)
            # Quoted-printable goes by the same lines.
            assert text(b"\xc3\xbc\n" + body, block=block) == b"=C3=BC\r\n" + sent, (body, block)


def test_quoted_printable():
    for block in (1, 2, 512):
        assert text(b"\nx\xff", block=block) == b"\r\nx=FF\r\n"
        assert text(b"\xff\r\n\n\r\r\nz", block=block) == b"=FF\r\n" + b"\r\n" * 3 + b"z\r\n"
    assert text(b"a=b \xff\t\n") == b"a=3Db =FF=09\r\n"
    assert text(b"\x7f\t~\x80") == b"=7F\t~=80\r\n"
    assert text("Gr\u00fc\u00dfe, \n.x\n".encode()) == b"Gr=C3=BC=C3=9Fe,=20\r\n..x\r\n"
    assert text(b"\0") == b"=00\r\n"
    long = text(b"x" * 1000)
    assert long.replace(b"=\r\n", b"") == b"x" * 1000 + b"\r\n"
    for body in (b"x" * 2000, b" " * 2000, b"\xfc" * 500, b"=" * 500, b". " * 600):
        for line in text(body + b"\xe4").split(b"\r\n"):
            assert len(line) <= 76, line
            assert line[-1:] not in (b" ", b"\t"), line


def test_which_encoding():
    for body, charset, way in (
        (b"x" * 998, b"us-ascii", b"7bit"),
        (b"x" * 999, b"utf-8", b"quoted-printable"),
        ((b"x" * 998 + b"\n") * 3, b"us-ascii", b"7bit"),
        ("\u00fc".encode() * 600, b"utf-8", b"quoted-printable"),
        ("\u00fc".encode()[:1], b"iso-8859-1", b"quoted-printable"),
        (b"\xfc", b"iso-8859-1", b"quoted-printable"),
        (b"\xfc and more", b"iso-8859-1", b"quoted-printable"),
        (b"~\x7f\t", b"us-ascii", b"7bit"),
        ("\U0001f4f6".encode() * 200, b"utf-8", b"quoted-printable"),
        ("\u4e2d".encode() * 200 + b"\xe4\xb8", b"iso-8859-1", b"quoted-printable"),
    ):
        for block in (1, 5, 512):
            head = wire(body, block=block)
            assert b"charset=" + charset + b"\r\n" in head, (body[:9], block)
            assert b"Encoding: " + way + b"\r\n" in head, (body[:9], block)


def test_subjects():
    for subject, sent in (
        (b"", b""),
        (b"It is 5 o'clock", b"It is 5 o'clock"),
        ("Gr\u00fc\u00dfe".encode(), b"=?utf-8?B?R3LDvMOfZQ==?="),
        (b"caf\xe9", b"=?iso-8859-1?B?Y2Fm6Q==?="),
        (b"=?utf-8?B?eA==?=", b"=?utf-8?B?PT91dGYtOD9CP2VBPT0/PQ==?="),
        (b" x", b"=?utf-8?B?IHg=?="),
        (b"a" * 67, b"a" * 67),
    ):
        assert mail.header(subject) == sent
    assert mail.header(b"a" * 68).startswith(b"=?utf-8?B?")
    # No character in two words: each of them is text by itself.
    for subject in ("\u00fc" * 99, "x" + "\u4e2d" * 66, "xy" + "\U0001f4f6" * 50):
        words = mail.header(subject.encode()).split(b"\r\n ")
        read = [str(binascii.a2b_base64(word[10:-2]), "utf-8") for word in words]
        assert "".join(read) == subject and len(words) < 8
    for subject in (b"a" * 400, "\u00fc".encode() * 200, "\u4e2d".encode() * 130, b"\xff" * 400):
        lines = (b"Subject: " + mail.header(subject)).split(b"\r\n")
        assert len(lines) > 5
        for line in lines:
            assert len(line) <= 76
            assert line[:3] == b" =?" or line[:11] == b"Subject: =?"
    for subject in (b"a\r\nBcc: x@y.z", b"a\0", b"\x1b[2J", b"a\x7f"):
        raises(ValueError, mail.header, subject)


def test_addresses():
    for given, found in (
        (b"a@b.c", (b"", b"a@b.c")),
        (b" <a@b.c> ", (b"", b"a@b.c")),
        (b"Anna Berg <a.b+c@d-e.f>", (b"Anna Berg", b"a.b+c@d-e.f")),
        (b'"Berg, Anna" <a@b.c>', (b"Berg, Anna", b"a@b.c")),
        (b'"a \\"b\\" \\\\c" <a@b.c>', (b'a "b" \\c', b"a@b.c")),
        (b"a@[10.0.0.1]", (b"", b"a@[10.0.0.1]")),
        (b"a@[IPv6:fe80::1]", (b"", b"a@[IPv6:fe80::1]")),
        (b"a" * 64 + b"@" + b"b" * 253, (b"", b"a" * 64 + b"@" + b"b" * 253)),
        (b"!#~@b", (b"", b"!#~@b")),
    ):
        assert mail.address(given) == found
    assert mail.addresses(b'a@b.c, "x, y" <d@e.f>,g@h.i') == [
        (b"", b"a@b.c"),
        (b"x, y", b"d@e.f"),
        (b"", b"g@h.i"),
    ]
    wrong = [
        b"",
        b"a",
        b"@b",
        b"a@",
        b"a b@c",
        b"a@b c",
        b"a@b>",
        b"<a@b",
        b"a@b@c",
        b"a@b,",
        b"<>",
    ]
    wrong += [
        b"a@b\r\nDATA",
        b"a\0@b",
        b"x\ny <a@b>",
        "\u00fc@b".encode(),
        b"a@\xff",
        b"a@[1.2.3.4",
        b"\x7f@b",
    ]
    wrong += [b"a" * 65 + b"@b", b"a@" + b"b" * 254, b'"a"@b', b"a<b@c>d"]
    for given in wrong:
        raises(ValueError, mail.addresses, given)


def test_mailboxes():
    for name, sent in (
        (b"", b"a@b.c"),
        (b"Anna Berg", b"Anna Berg\r\n <a@b.c>"),
        (b"A.B", b'"A.B"\r\n <a@b.c>'),
        (b"n" * 67, b"n" * 67 + b"\r\n <a@b.c>"),
        (b"Berg, Anna", b'"Berg, Anna"\r\n <a@b.c>'),
        (b'A. "B" \\', b'"A. \\"B\\" \\\\"\r\n <a@b.c>'),
        ("J\u00fcrgen".encode(), b"=?utf-8?B?SsO8cmdlbg==?=\r\n <a@b.c>"),
    ):
        assert mail.mailbox(name, b"a@b.c") == sent
    assert mail.mailbox(b"n" * 68, b"a@b.c").startswith(b"=?utf-8?B?")
    raises(ValueError, mail.mailbox, b"a\nb", b"a@b.c")
    raises(ValueError, wire, b"", b"x\ny")


def test_pieces_are_small():
    body = [bytearray(b"line of text\n" * 39)] * 30
    message = mail.Message(SENDER, TO, b"", body, b"1")
    for piece in message.pieces():
        assert len(piece) < 1600


def test_the_caller_keeps_its_blocks():
    block = bytearray(b"a \xff b\n")
    list(mail.Message(SENDER, TO, b"", [block], b"1").pieces())
    assert block == b"a \xff b\n"
