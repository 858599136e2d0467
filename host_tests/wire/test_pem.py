# PEM: what is found in a text, as whatever program has written it, and what is refused.
import binascii

from checks import raises

from wire import pem

DER = bytes(range(100))
OTHER = b"\x30\x01\x02"


def text(kind=b"CERTIFICATE", der=DER, width=64, end=b"\n"):
    digits = binascii.b2a_base64(der).strip()
    lines = [digits[i : i + width] for i in range(0, len(digits), width)]
    return end.join([b"-----BEGIN %s-----" % kind] + lines + [b"-----END %s-----" % kind, b""])


def blocks(data, end=b"\n"):
    lines = [line + end for line in data.split(end)]
    lines[-1] = lines[-1][: -len(end)]
    return [row[:2] for row in pem.blocks(lines)]


def refused(data):
    return raises(pem.PemError, blocks, data).args[0]


def test_a_block():
    assert blocks(text()) == [(b"CERTIFICATE", DER)]
    for kind in pem.KEYS:
        assert blocks(text(kind)) == [(kind, DER)]
    for size in range(1, 200):
        der = bytes([n & 0xFF for n in range(size)])
        assert blocks(text(der=der)) == [(b"CERTIFICATE", der)]


def test_line_ends_and_widths():
    for end in (b"\n", b"\r\n"):
        for width in (1, 3, 4, 63, 64, 65, 76, 1000):
            assert blocks(text(width=width, end=end), b"\n") == [(b"CERTIFICATE", DER)]
    assert blocks(text().rstrip()) == [(b"CERTIFICATE", DER)]  # no end behind the last line
    assert blocks(text().replace(b"\n", b" \t\n")) == [(b"CERTIFICATE", DER)]
    assert blocks(text().replace(b"\n", b"\n\n")) == [(b"CERTIFICATE", DER)]


def test_text_around_blocks():
    around = b"subject=CN = me\n%s\n 2 s:issuer -----\n%sbye" % (text(), text(der=OTHER))
    assert blocks(around) == [(b"CERTIFICATE", DER), (b"CERTIFICATE", OTHER)]
    assert blocks(b"") == blocks(b"no certificate\n") == []
    assert blocks(b"-----END CERTIFICATE-----\n") == []


def test_kinds_that_do_not_count():
    for kind in (b"EC PARAMETERS", b"CERTIFICATE REQUEST", b"PUBLIC KEY", b"X509 CRL"):
        assert blocks(text(kind) + text(der=OTHER)) == [(b"CERTIFICATE", OTHER)]
        assert blocks(text(kind).replace(b"A", b"!")) == []
    assert refused(text(b"EC PARAMETERS").replace(b"-----END", b"")) == b"END is missing"


def test_where_blocks_are():
    data = b"one\r\n" + text(end=b"\r\n") + b"two\n" + text(b"PRIVATE KEY", OTHER) + b"three"
    lines = [line + b"\n" for line in data.split(b"\n")]
    found = list(pem.blocks(lines))
    first, second = [data[start:end] for _, _, start, end in found]
    assert first == text(end=b"\r\n") and second == text(b"PRIVATE KEY", OTHER)


def test_bad_base64():
    wrongs = b"QUJD! QUJ Q QUI=QUJD QUI=\nQUJD Q=== ==== QU= -"
    for wrong in wrongs.split(b" "):
        data = b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % wrong
        assert refused(data) == b"bad base64", wrong
    assert refused(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n") == b"bad base64"
    assert refused(text().replace(b"\n", b"\nComment: x\n", 1)) == b"bad base64"


def test_a_block_that_does_not_end():
    assert refused(text().replace(b"-----END CERTIFICATE-----\n", b"")) == b"END is missing"
    assert refused(text()[:-30]) == b"END is missing"
    assert refused(text()[:60] + b"\n" + text()) == b"END is missing"
    assert refused(text().replace(b"END CERT", b"END SERT")) == b"END is of another kind"


def test_encrypted_keys():
    words = b"the key is encrypted"
    assert refused(text(b"ENCRYPTED PRIVATE KEY")) == words
    header = b"\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011\n\n"
    assert refused(text(b"RSA PRIVATE KEY").replace(b"\n", header, 1)) == words


def test_what_is_written():
    for size in (1, 47, 48, 49, 96, 500):
        der = bytes([n & 0xFF for n in range(size)])
        written = pem.encode(b"CERTIFICATE", der)
        assert written == text(der=der)
        assert blocks(written) == [(b"CERTIFICATE", der)]
