# X.509 and private keys: what the device takes from them, on certificates made here by hand, and
# each of them damaged at each place. test_x509_peers.py has those of a real library.
from checks import raises

from wire import x509

POINT = b"\x04" + bytes(range(1, 65))
MODULUS = b"\xc1" + bytes(range(127)) + bytes(128)
EC_OID = b"\x2a\x86\x48\xce\x3d\x02\x01"
P256 = b"\x2a\x86\x48\xce\x3d\x03\x01\x07"
RSA_OID = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
NOW = 1_795_251_600  # 2026-11-21 09:00:00


def der(tag, *contents):
    data = b"".join(contents)
    size = len(data)
    if size < 0x80:
        return bytes((tag, size)) + data
    if size < 0x100:
        return bytes((tag, 0x81, size)) + data
    return bytes((tag, 0x82, size >> 8, size & 0xFF)) + data


def seq(*contents):
    return der(0x30, *contents)


def integer(data):
    return der(2, data)


def name(*pairs):
    made = [der(0x31, seq(der(6, oid), der(tag, value))) for oid, tag, value in pairs]
    return seq(*made)


def common(value, tag=0x0C):
    return name((b"\x55\x04\x0a", 0x0C, b"Maker"), (b"\x55\x04\x03", tag, value))


EC_KEY = seq(seq(der(6, EC_OID), der(6, P256)), der(3, b"\0", POINT))
RSA_KEY = seq(
    seq(der(6, RSA_OID), der(5)),
    der(3, b"\0", seq(integer(b"\0" + MODULUS), integer(b"\1\0\1"))),
)


ME = common(b"me")
CA = common(b"CA")
BEGIN = der(0x17, b"260101000000Z")
END = der(0x17, b"361231235959Z")


def alt_names(*names, critical=False):
    oid = der(6, b"\x55\x1d\x11")
    flag = der(1, b"\xff") if critical else b""
    return der(0xA3, seq(seq(oid, flag, der(4, seq(*names)))))


def certificate(
    subject=ME, issuer=CA, begin=BEGIN, end=END, key=EC_KEY, extensions=b"",
    version=b"\xa0\x03\x02\x01\x02",
):  # fmt: skip
    algorithm = seq(der(6, b"\x2a\x86\x48\xce\x3d\x04\x03\x02"))
    tbs = seq(
        version, integer(b"\x05"), algorithm, issuer, seq(begin, end), subject, key, extensions
    )
    return seq(tbs, algorithm, der(3, b"\0", bytes(70)))


def extension(oid, *contents, critical=False):
    return seq(der(6, oid), der(1, b"\xff") if critical else b"", der(4, *contents))


def test_authorities():
    constraints, usage = b"\x55\x1d\x13", b"\x55\x1d\x0f"
    ca = extension(constraints, seq(der(1, b"\xff"), integer(b"\0")), critical=True)
    signs = extension(usage, der(3, b"\x01\x06"), critical=True)
    for extensions, good in (
        ((ca,), True),
        ((ca, signs), True),
        ((signs, ca), True),
        ((), False),
        ((signs,), False),
        ((extension(constraints, seq()),), False),
        ((extension(constraints, seq(der(1, b"\0"))),), False),
        ((ca, extension(usage, der(3, b"\x07\x80"))), False),
        ((ca, extension(usage, der(3, b"\0"))), False),
    ):
        made = certificate(extensions=der(0xA3, seq(*extensions)))
        assert x509.Certificate(made).authority == good, extensions
    assert x509.Certificate(certificate(version=b"")).authority
    assert not x509.Certificate(certificate()).authority


def test_a_certificate():
    found = x509.Certificate(certificate())
    assert found.subject == b"me"
    assert der(0x30, found.name) == ME and der(0x30, found.issuer) == CA
    assert x509.iso(found.not_before) == b"2026-01-01T00:00:00Z"
    assert x509.iso(found.not_after) == b"2036-12-31T23:59:59Z"
    assert found.key == (b"EC", 256, POINT)
    assert x509.Certificate(certificate(version=b"")).subject == b"me"
    assert x509.Certificate(certificate(key=RSA_KEY)).key == (b"RSA", 2048, MODULUS)
    ed25519 = seq(seq(der(6, b"\x2b\x65\x70")), der(3, b"\0", bytes(32)))
    assert x509.Certificate(certificate(key=ed25519)).key == (b"other", 0, b"")


def test_the_sizes_of_keys():
    for size, bits in ((32, 256), (48, 384), (66, 521)):
        for point in (b"\x04" + bytes(2 * size), b"\x03" + bytes(size)):
            key = seq(seq(der(6, EC_OID), der(6, P256)), der(3, b"\0", point))
            assert x509.Certificate(certificate(key=key)).key == (b"EC", bits, point)
    for first, bits in ((0xFF, 1024), (0x80, 1024), (0x7F, 1023), (1, 1017)):
        modulus = bytes((first,)) + bytes(127)
        key = seq(
            seq(der(6, RSA_OID), der(5)), der(3, b"\0", seq(integer(modulus), integer(b"\3")))
        )
        assert x509.Certificate(certificate(key=key)).key == (b"RSA", bits, modulus)


def subject(**changes):
    return x509.Certificate(certificate(**changes)).subject


def test_names():
    assert subject(subject=common("Bücher".encode())) == "Bücher".encode()
    assert subject(subject=common(b"\0m\0e", 0x1E)) == b"me"
    assert subject(subject=common(b"a\r\nb\0\x7f")) == b"a??b??"
    assert subject(subject=common(b"caf\xe9")) == b"caf?"
    assert subject(subject=common(b"x" * 300)) == b"x" * 64
    two = name((b"\x55\x04\x03", 0x13, b"first"), (b"\x55\x04\x03", 0x13, b"last"))
    assert subject(subject=two) == b"last"
    alone = name((b"\x55\x04\x0a", 0x0C, b"Maker"))
    assert subject(subject=alone) == subject(subject=name()) == b""
    dns = der(0x82, b"www.example.com")
    mail = der(0x81, b"me@example.com")
    address = der(0x87, b"\x0a\0\0\1")
    for critical in (False, True):
        names = alt_names(mail, dns, address, critical=critical)
        assert subject(subject=name(), extensions=names) == b"www.example.com"
    assert subject(subject=name(), extensions=alt_names(address)) == b"10.0.0.1"
    assert subject(subject=name(), extensions=alt_names(mail)) == b""
    assert subject(extensions=alt_names(dns)) == b"me"


def until(tag, text):
    return x509.Certificate(certificate(end=der(tag, text))).not_after


def test_times():
    for text, seconds in (
        (b"19700101000000Z", 0),
        (b"20000229120000Z", 951_825_600),
        (b"20261121090000Z", NOW),
        (b"20380119031408Z", 1 << 31),
        (b"21000301000000Z", 4_107_542_400),
        (b"99991231235959Z", 253_402_300_799),
    ):
        assert until(0x18, text) == seconds
        iso = b"%s-%s-%sT%s:%s:%sZ" % (
            text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:14],
        )  # fmt: skip
        assert x509.iso(seconds) == iso
    assert x509.iso(until(0x17, b"491231235959Z")) == b"2049-12-31T23:59:59Z"
    assert x509.iso(until(0x17, b"500101000000Z")) == b"1950-01-01T00:00:00Z"
    for tag, text in (
        (0x17, b"2611210900Z"),
        (0x17, b"261121090000+0100"),
        (0x17, b"261321090000Z"),
        (0x17, b"261100090000Z"),
        (0x17, b"261121240000Z"),
        (0x17, b"2611210900 0Z"),
        (0x17, b""),
        (0x18, b"261121090000Z"),
        (0x04, b"261121090000Z"),
    ):
        assert raises(x509.X509Error, until, tag, text).args[0] == b"bad time"


def sec1(point=POINT, size=32):
    public = der(0xA1, der(3, b"\0", point)) if point else b""
    return seq(integer(b"\1"), der(4, bytes(size)), der(0xA0, der(6, P256)), public)


def pkcs8(oid, inner):
    return seq(integer(b"\0"), seq(der(6, oid), der(6, P256)), der(4, inner))


PKCS1 = seq(integer(b"\0"), integer(b"\0" + MODULUS), integer(b"\1\0\1"), integer(bytes(256)))
KEYS = (sec1(), sec1(None), PKCS1, pkcs8(EC_OID, sec1()), pkcs8(RSA_OID, PKCS1))


def test_private_keys():
    ec = (b"EC", 256, POINT)
    rsa = (b"RSA", 2048, MODULUS)
    without = (b"EC", 256, None)
    assert [x509.private_key(key) for key in KEYS] == [ec, without, rsa, ec, rsa]
    assert x509.private_key(sec1(None, 66))[1] == 521
    assert x509.private_key(pkcs8(b"\x2b\x65\x70", der(4, bytes(32)))) == (b"other", 0, None)


def test_what_is_no_private_key():
    encrypted = seq(
        seq(der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"), der(5)), der(4, bytes(40))
    )
    assert raises(x509.X509Error, x509.private_key, encrypted).args[0] == b"the key is encrypted"
    for wrong in (
        b"",
        certificate(),
        PKCS1 + b"\0",
        pkcs8(RSA_OID, sec1()),
        pkcs8(EC_OID, PKCS1),
        pkcs8(EC_OID, pkcs8(EC_OID, sec1())),
        seq(integer(b"\0"), der(5)),
        seq(integer(b"\0"), integer(b"\0"), integer(b"\3")),
    ):
        raises(x509.X509Error, x509.private_key, wrong)


def test_which_key_is_of_which_certificate():
    ec = x509.Certificate(certificate()).key
    rsa = x509.Certificate(certificate(key=RSA_KEY)).key
    for key in KEYS:
        found = x509.private_key(key)
        assert x509.matches(ec, found) is (found[0] == b"EC")
        assert x509.matches(rsa, found) is (found[0] == b"RSA")
    other = b"\x04" + bytes(64)
    assert not x509.matches(ec, x509.private_key(sec1(other)))
    assert not x509.matches(ec, x509.private_key(sec1(None, 48)))
    compressed = (b"EC", 256, b"\x02" + POINT[1:33])
    assert x509.matches(ec, compressed) and x509.matches(compressed, ec)
    assert not x509.matches(ec, (b"EC", 256, b"\x02" + bytes(32)))


def test_several_certificates():
    made = [certificate(), certificate(CA), certificate(key=RSA_KEY)]
    data = b"".join(made)
    assert [data[a:b] for a, b in x509.pieces(data)] == made
    assert list(x509.pieces(b"")) == []
    for wrong in (data[:-1], data + b"\0", data + b"\0\0", b"\xff" + data):
        raises(x509.X509Error, lambda data: list(x509.pieces(data)), wrong)
    raises(x509.X509Error, x509.Certificate, data)


def test_lengths_that_cannot_be():
    for length in (b"\x80", b"\xff", b"\x84\0\0\0\1", b"\x83\xff\xff\xff", b"\x82", b"\x81"):
        raises(x509.X509Error, x509.Certificate, b"\x30" + length + bytes(20))


def test_cut_off_and_damaged_anywhere():
    names = alt_names(der(0x82, b"www.example.com"), der(0x87, b"\x0a\0\0\1"))
    wholes = [(x509.Certificate, certificate(name(), extensions=names))]
    wholes += [(x509.private_key, key) for key in KEYS]
    for read, whole in wholes:
        for n in range(len(whole)):
            raises(x509.X509Error, read, whole[:n])
            for change in (1, 0x80, 0xFF):
                damaged = bytearray(whole)
                damaged[n] ^= change
                try:
                    read(bytes(damaged))
                except x509.X509Error as e:
                    assert isinstance(e.args[0], bytes)
