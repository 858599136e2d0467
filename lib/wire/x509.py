# As much of X.509 (RFC 5280) and of private keys (RFC 5208, 5915, 8017) as it takes to list
# certificates and to tell whether a key is of one. Nothing is verified here: TLS does that.
#
# DER is walked by offsets in the bytes that are given, without recursion; what is returned is
# small. Everything that is not as it should be is an X509Error.
from . import const

_SEQUENCE = const(0x30)
_SET = const(0x31)
_INTEGER = const(0x02)
_BITS = const(0x03)
_OCTETS = const(0x04)
_OID = const(0x06)
_BMP = const(0x1E)
_UTC_TIME = const(0x17)
_TIME = const(0x18)
_VERSION = const(0xA0)
_EXTENSIONS = const(0xA3)
_PUBLIC = const(0xA1)  # in a SEC1 key
_BOOLEAN = const(0x01)
_DNS = const(0x82)  # of a subjectAltName
_IP = const(0x87)

_COMMON_NAME = b"\x55\x04\x03"
_ALT_NAME = b"\x55\x1d\x11"
_CONSTRAINTS = b"\x55\x1d\x13"  # basicConstraints: whether it is an authority
_USAGE = b"\x55\x1d\x0f"  # keyUsage
_CERT_SIGN = const(0x04)  # in its first byte
_EC = b"\x2a\x86\x48\xce\x3d\x02\x01"
_RSA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"

_LONGEST = const(64)  # bytes of a name that are shown: what X.520 allows
_UNCOMPRESSED = const(4)  # first byte of a point of both coordinates
_DAYS_TO_1970 = const(719_468)  # from March 1st of year 0


class X509Error(Exception):
    """No certificate or key; args[0] says what it was to be, as bytes."""


def _item(data, at, end, tag=None):
    # (tag, start, end) of the contents of the item at an offset; `end`: where what it is in ends.
    if end - at < 2:
        raise X509Error(b"cut off")
    found = data[at]
    size = data[at + 1]
    at += 2
    if size >= 0x80:
        count = size & 0x7F
        if not 0 < count <= 3 or end - at < count:  # 3: nothing here has 16 MB
            raise X509Error(b"bad length")
        size = 0
        for i in range(at, at + count):
            size = size << 8 | data[i]
        at += count
    if size > end - at:
        raise X509Error(b"cut off")
    if tag is not None and found != tag:
        raise X509Error(b"not as expected")
    return found, at, at + size


def pieces(data):
    """Yield (offset, end) of each of the DER certificates that follow one another in `data`."""
    at = 0
    while at < len(data):
        end = _item(data, at, len(data), _SEQUENCE)[2]
        yield at, end
        at = end


class Certificate:
    """What one DER certificate says.

    subject: its common name or else its first alternative name, printable, b"" without either;
    name, issuer: the whole names of subject and issuer, DER to be compared; not_before, not_after:
    seconds since 1970; key: (b"EC", b"RSA" or b"other", bits, public point or modulus); authority:
    whether it may sign others. Raises X509Error.
    """

    def __init__(self, data):
        _, at, end = _item(data, 0, len(data), _SEQUENCE)
        if end != len(data):
            raise X509Error(b"something behind it")
        _, at, end = _item(data, at, end, _SEQUENCE)
        tag, start, stop = _item(data, at, end)
        first = tag != _VERSION  # version 1, which had no way to tell
        if not first:
            _, start, stop = _item(data, stop, end, _INTEGER)  # serial number
        issuer = _item(data, stop, end, _SEQUENCE)[2]  # behind the algorithm
        _, issued, validity = _item(data, issuer, end, _SEQUENCE)
        _, start, subject = _item(data, validity, end, _SEQUENCE)
        tag, at, stop = _item(data, start, subject)
        self.not_before = _seconds(tag, data[at:stop])
        tag, at, stop = _item(data, stop, subject)
        self.not_after = _seconds(tag, data[at:stop])
        _, start, key = _item(data, subject, end, _SEQUENCE)
        self.issuer = data[issued:validity]
        self.name = data[start:key]
        name = _common_name(data, start, key)
        _, at, stop = _item(data, key, end, _SEQUENCE)
        self.key = _public_key(data, at, stop)
        self.subject = _printable(_alt_name(data, stop, end) if name is None else name)
        self.authority = first or _authority(data, stop, end)


def _common_name(data, at, end):
    # The most specific one: the last.
    found = None
    while at < end:
        _, inner, at = _item(data, at, end, _SET)
        while inner < at:
            _, start, inner = _item(data, inner, at, _SEQUENCE)
            _, a, b = _item(data, start, inner, _OID)
            if data[a:b] == _COMMON_NAME:
                tag, a, b = _item(data, b, inner)
                found = data[a:b]
                if tag == _BMP:  # two bytes a character: all of Latin-1 is enough
                    found = bytes([found[i] for i in range(1, len(found), 2)])
    return found


def _extension(data, at, end, oid):
    # (start, end) of what an extension contains, of those behind the key; None where it is not.
    while at < end:
        tag, start, at = _item(data, at, end)
        if tag != _EXTENSIONS:
            continue
        _, start, stop = _item(data, start, at, _SEQUENCE)
        while start < stop:
            _, inner, start = _item(data, start, stop, _SEQUENCE)
            _, a, b = _item(data, inner, start, _OID)
            if data[a:b] != oid:
                continue
            tag, a, b = _item(data, b, start)
            if tag == _BOOLEAN:
                tag, a, b = _item(data, b, start)
            return a, b
    return None


def _alt_name(data, at, end):
    # The first alternative name of those that a server has.
    found = _extension(data, at, end, _ALT_NAME)
    if found:
        _, at, end = _item(data, found[0], found[1], _SEQUENCE)
        while at < end:
            tag, start, at = _item(data, at, end)
            if tag == _DNS:
                return data[start:at]
            if tag == _IP and at - start == 4:
                return b"%d.%d.%d.%d" % tuple(data[start:at])
    return b""


def _authority(data, at, end):
    # A CA by its basicConstraints, whose keyUsage, if any, has keyCertSign.
    found = _extension(data, at, end, _CONSTRAINTS)
    if not found:
        return False
    _, start, stop = _item(data, found[0], found[1], _SEQUENCE)
    if start == stop:
        return False
    tag, start, stop = _item(data, start, stop)
    if tag != _BOOLEAN or start == stop or not data[start]:
        return False
    found = _extension(data, at, end, _USAGE)
    if not found:
        return True
    _, start, stop = _item(data, found[0], found[1], _BITS)
    return stop - start > 1 and bool(data[start + 1] & _CERT_SIGN)


def _printable(name):
    # What can be shown in a line: a certificate's maker may have put anything into it.
    name = bytes([c if 32 <= c != 127 else 63 for c in name[:_LONGEST]])
    try:
        name.decode()
    except ValueError:
        name = bytes([c if c < 128 else 63 for c in name])
    return name


def _public_key(data, at, end):
    # Of a SubjectPublicKeyInfo.
    _, start, stop = _item(data, at, end, _SEQUENCE)
    _, a, b = _item(data, start, stop, _OID)
    algorithm = data[a:b]
    _, at, end = _item(data, stop, end, _BITS)
    if at == end:
        raise X509Error(b"no key")
    at += 1  # the number of bits that do not count: none
    if algorithm == _EC:
        return _point(data, at, end)
    if algorithm == _RSA:
        return _modulus(data, _item(data, at, end, _SEQUENCE)[1], end)
    return b"other", 0, b""


def _point(data, at, end):
    if at == end:
        raise X509Error(b"no key")
    size = end - at - 1
    if data[at] == _UNCOMPRESSED:
        size //= 2
    return b"EC", _curve(size), data[at:end]


def _curve(size):
    # Bits of the curve whose numbers have so many bytes; of one bit more than bytes there is one.
    return 521 if size == 66 else size * 8


def _modulus(data, at, end):
    _, at, end = _item(data, at, end, _INTEGER)
    while at < end and not data[at]:
        at += 1
    if at == end:
        raise X509Error(b"no key")
    bits = (end - at) * 8
    top = data[at]
    while top < 0x80:
        top <<= 1
        bits -= 1
    return b"RSA", bits, data[at:end]


def private_key(data):
    """Kind, bits and public point or modulus of a DER private key, as Certificate.key has them;
    the point is None where the key does not contain it. Raises X509Error.
    """
    algorithm = None
    at, end = 0, len(data)
    while True:  # a second time in the wrapping of PKCS#8
        _, at, stop = _item(data, at, end, _SEQUENCE)
        if stop != end:
            raise X509Error(b"something behind it")
        tag, start, at = _item(data, at, end)
        if tag == _SEQUENCE:
            raise X509Error(b"the key is encrypted")
        if tag != _INTEGER or at - start != 1:
            raise X509Error(b"no key")
        tag, start, stop = _item(data, at, end)
        if tag != _SEQUENCE or algorithm is not None:
            break
        _, a, b = _item(data, start, stop, _OID)
        algorithm = data[a:b]
        _, at, end = _item(data, stop, end, _OCTETS)
        if algorithm != _EC and algorithm != _RSA:
            return b"other", 0, None
    if tag == _INTEGER and algorithm != _EC:
        return _modulus(data, at, end)
    if tag != _OCTETS or algorithm == _RSA:
        raise X509Error(b"no key")
    bits = _curve(stop - start)
    while stop < end:
        tag, start, stop = _item(data, stop, end)
        if tag == _PUBLIC:
            _, start, stop = _item(data, start, stop, _BITS)
            return _point(data, start + 1, stop)
    return b"EC", bits, None


def matches(certificate, key):
    """False where the key (as private_key() gives it) cannot be of the certificate (as its .key):
    another kind or size, or another public part.
    """
    return certificate[:2] == key[:2] and (key[2] is None or _same(certificate[2], key[2]))


def _same(point, other):
    # One of the two points may be written without its second coordinate.
    if len(point) != len(other):
        size = min(len(point), len(other))
        if point[:1] != other[:1]:
            return point[1:size] == other[1:size]
    return point == other


def _seconds(tag, text):
    # Seconds since 1970 of a time in a certificate.
    if tag == _UTC_TIME:
        text = (b"19" if text[:2] >= b"50" else b"20") + text
    elif tag != _TIME:
        raise X509Error(b"bad time")
    if len(text) != 15 or text[14] != 0x5A or not text[:14].isdigit():
        raise X509Error(b"bad time")
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    hour, minute, second = int(text[8:10]), int(text[10:12]), int(text[12:14])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        raise X509Error(b"bad time")
    if month < 3:
        year -= 1
        month += 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 1
    return ((days - _DAYS_TO_1970) * 24 + hour) * 3600 + minute * 60 + second


def iso(seconds):
    """The time so many seconds after 1970, as `2026-11-21T09:00:00Z`."""
    days = seconds // 86_400 + _DAYS_TO_1970
    seconds %= 86_400
    era = days // 146_097
    days -= era * 146_097
    year = (days - days // 1460 + days // 36_524 - days // 146_096) // 365
    days -= 365 * year + year // 4 - year // 100
    month = (5 * days + 2) // 153
    day = days - (153 * month + 2) // 5 + 1
    year += era * 400
    month += 3
    if month > 12:
        month -= 12
        year += 1
    return b"%04d-%02d-%02dT%02d:%02d:%02dZ" % (
        year,
        month,
        day,
        seconds // 3600,
        seconds // 60 % 60,
        seconds % 60,
    )
