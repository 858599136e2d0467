# PEM, the text form of certificates and keys (RFC 7468): from the lines of a file to DER, a block
# at a time, and back. Lines end with LF or CR LF; text before, between and behind the blocks does
# not count, nor do blocks of other kinds (parameters, requests).
import binascii

from . import const

CERTIFICATE = b"CERTIFICATE"
# Whose DER tells by itself which of the three it is.
KEYS = (b"PRIVATE KEY", b"EC PRIVATE KEY", b"RSA PRIVATE KEY")

_BEGIN = b"-----BEGIN "
_END = b"-----END "
_DASHES = b"-----"
_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_IN_LINE = const(48)  # bytes in a line of 64 digits


class PemError(Exception):
    """Text that is no PEM; args[0] says what is wrong, as bytes."""


def blocks(lines):
    """Yield (kind, DER, offset, end) of each certificate and each key.

    lines: an iterable of lines (bytes) with their ends, as an open binary file is one; offset and
    end tell where the block is in it. Raises PemError.
    """
    kind = None
    offset = at = 0
    for line in lines:
        start = at
        at += len(line)
        line = line.strip()
        if line[:11] == _BEGIN and line[-5:] == _DASHES:
            if kind is not None:
                raise PemError(b"END is missing")
            kind = line[11:-5]
            offset = start
            if kind == b"ENCRYPTED PRIVATE KEY":
                raise PemError(b"the key is encrypted")
            wanted = kind == CERTIFICATE or kind in KEYS
            der = bytearray()
            rest = b""  # digits that are not four yet
            padding = 0  # digits "="
        elif kind is None:
            pass
        elif line[:9] == _END:
            if line[9:] != kind + _DASHES:
                raise PemError(b"END is of another kind")
            if wanted:
                if rest or not der:
                    raise PemError(b"bad base64")
                yield kind, bytes(der), offset, at
            kind = der = None
        elif line[:10] == b"Proc-Type:" and line[-9:] == b"ENCRYPTED":
            raise PemError(b"the key is encrypted")
        elif wanted and line:
            digits = line.rstrip(b"=")
            if digits.strip(_DIGITS) or (digits and padding):
                raise PemError(b"bad base64")
            padding += len(line) - len(digits)
            if padding > 2:
                raise PemError(b"bad base64")
            rest += line
            whole = len(rest) & ~3
            if whole:
                der.extend(binascii.a2b_base64(rest[:whole]))
                rest = rest[whole:]
    if kind is not None:
        raise PemError(b"END is missing")


def encode(kind, der):
    """The block of a DER, with lines that end with LF."""
    lines = [b"-----BEGIN %s-----\n" % kind]
    for i in range(0, len(der), _IN_LINE):
        lines.append(binascii.b2a_base64(der[i : i + _IN_LINE]))
    lines.append(b"-----END %s-----\n" % kind)
    return b"".join(lines)
