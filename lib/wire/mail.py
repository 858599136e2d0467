# An email as a server takes it (RFC 5322, 2045, 2047): addresses, headers, the body of one text,
# in lines that are not too long, with the dots doubled that SMTP would take for the end.
#
# Text that any server passes on unchanged is sent as it is, all other as quoted-printable. What is
# no UTF-8 is called Latin-1: so no byte is lost.
import binascii

from . import const
from .utf8 import is_utf8

_MAX_LINE = const(998)  # RFC 5322 2.1.1, without the CR LF
# A quoted-printable line: 76 with the `=` at its end (RFC 2045 6.7), and room for a space there
# that must be written in three characters.
_QUOTED_LINE = const(73)
# Bytes of text in an encoded word: with the longest charset, in base64, behind `Subject: `, the
# line has 76 characters at most (RFC 2047 2).
_WORD = const(36)
_MAX_SHORT = const(67)  # `Subject: ` and as much are a line of 76
_MAX_LOCAL = const(64)  # RFC 5321 4.5.3.1
_MAX_DOMAIN = const(253)
_PIECE = const(256)  # bytes of one piece, about

_SPECIALS = b'()<>[]:;@\\,"'
_DAYS = b"MonTueWedThuFriSatSun"
_MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"


def address(text):
    """(display name, address) of `local@domain` or `name <local@domain>`. Raises ValueError for
    what no server would take, or would take for two lines.
    """
    text = text.strip()
    name = b""
    if text[-1:] == b">":
        name, bracket, text = text[:-1].rpartition(b"<")
        if not bracket:
            raise ValueError("not an address")
        name = name.strip()
        if len(name) > 1 and name[:1] == b'"' == name[-1:]:
            name = name[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
        _check(name)
    local, at, domain = text.rpartition(b"@")
    if not local or not domain or len(local) > _MAX_LOCAL or len(domain) > _MAX_DOMAIN:
        raise ValueError("not an address")
    if domain[:1] == b"[" and domain[-1:] == b"]":
        domain = domain[1:-1].replace(b":", b".")
    for c in local + domain:
        if not 32 < c < 127 or c in _SPECIALS:
            raise ValueError("not an address")
    return name, text


def addresses(text):
    """The same for a list with commas between."""
    found = []
    start = 0
    quoted = False
    for i in range(len(text)):
        if text[i] == 34:
            quoted = not quoted
        elif text[i] == 44 and not quoted:
            found.append(address(text[start:i]))
            start = i + 1
    found.append(address(text[start:]))
    return found


def _check(text):
    for c in text:
        if c < 32 or c == 127:
            raise ValueError("a control character in a header")


def date(moment):
    """The text of a moment: (year, month, day, hour, minute, second, weekday), UTC, Monday 0."""
    year, month, day, hour, minute, second, weekday = moment[:7]
    return b"%s, %d %s %d %02d:%02d:%02d +0000" % (
        _DAYS[3 * weekday : 3 * weekday + 3],
        day,
        _MONTHS[3 * month - 3 : 3 * month],
        year,
        hour,
        minute,
        second,
    )


def header(text):
    """Unstructured text of a header. Raises ValueError."""
    _check(text)
    if len(text) <= _MAX_SHORT and _ascii(text) and b"=?" not in text and text.strip() == text:
        return text
    return _encoded(text)


def _encoded(text):
    # Encoded words, each on a line of its own and of whole characters.
    charset = b"utf-8" if is_utf8(text) else b"iso-8859-1"
    words = []
    start = 0
    while start < len(text):
        end = start + _WORD
        while charset == b"utf-8" and end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        words.append(b"=?%s?B?%s?=" % (charset, binascii.b2a_base64(text[start:end])[:-1]))
        start = end
    return b"\r\n ".join(words)


def mailbox(name, at):
    """Display name and address as a header has them. Raises ValueError."""
    if not name:
        return at
    _check(name)
    if not _ascii(name) or b"=?" in name or len(name) > _MAX_SHORT:
        return b"%s\r\n <%s>" % (_encoded(name), at)
    if [c for c in name if c in _SPECIALS or c == 46]:
        name = b'"%s"' % name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b"%s\r\n <%s>" % (name, at)


def _ascii(data):
    return not data or max(data) < 128


class Message:
    """A message of one text. `body` is a list of blocks (bytes, bytearray, memoryview), which stay
    the caller's; `number` makes it unlike any other of the sender; `moment` see date(), or None.
    """

    def __init__(self, sender, recipients, subject, body, number, moment=None):
        """`sender` and the items of `recipients` as address() gives them. Raises ValueError."""
        self._body = body
        self._plain = _is_plain(body)
        charset = b"us-ascii"
        if not self._plain:
            charset = b"utf-8" if _is_utf8(body) else b"iso-8859-1"
        lines = [
            b"From: " + mailbox(*sender),
            b"To: " + b",\r\n ".join([mailbox(*to) for to in recipients]),
            b"Subject: " + header(subject),
        ]
        if moment:
            lines.append(b"Date: " + date(moment))
        lines.append(b"Message-ID: <%s@%s>" % (number, sender[1].rpartition(b"@")[2]))
        lines.append(b"MIME-Version: 1.0")
        lines.append(b"Content-Type: text/plain; charset=" + charset)
        way = b"7bit" if self._plain else b"quoted-printable"
        lines.append(b"Content-Transfer-Encoding: %s\r\n\r\n" % way)
        self._head = b"\r\n".join(lines)

    def pieces(self):
        """Yield all of it, as it goes over the wire behind DATA, with the dot at its end: each
        time the same, in pieces that are made one by one.
        """
        yield self._head
        piece = bytearray()
        for line in _lines(self._body) if self._plain else _quoted_lines(self._body):
            if line[:1] == b".":
                piece.append(46)
            piece.extend(line)
            piece.extend(b"\r\n")
            if len(piece) >= _PIECE:
                yield piece
                piece = bytearray()
        piece.extend(b".\r\n")
        yield piece


def _is_utf8(body):
    rest = b""
    for block in body:
        data = rest + bytes(block)
        # A character that goes on in the next block is looked at with that.
        end = len(data)
        for back in range(1, min(4, end + 1)):
            if data[-back] >= 0xC0:
                end -= back
                break
        rest = data[end:]
        try:
            str(data[:end], "utf-8")
        except UnicodeError:
            return False
    return not rest or is_utf8(rest)


def _is_plain(body):
    # Lines of ASCII, none too long.
    run = 0
    for block in body:
        data = bytes(block)
        if not _ascii(data) or b"\0" in data:
            return False
        parts = data.replace(b"\r", b"\n").split(b"\n")
        parts[0] = parts[0] + bytes(run) if run else parts[0]
        if max([len(part) for part in parts]) > _MAX_LINE:
            return False
        run = len(parts[-1])
    return True


def _lines(body):
    # Lines without their ends: CR LF, CR or LF.
    rest = b""
    for block in body:
        data = rest + bytes(block)
        half = data[-1:] == b"\r"  # its LF may come with the next block
        if half:
            data = data[:-1]
        parts = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        rest = parts.pop()
        if half:
            rest += b"\r"
        for part in parts:
            yield part
    if rest:
        yield rest.rstrip(b"\r")


def _quoted_lines(body):
    line = bytearray()
    after_cr = False
    for block in body:
        for c in block:
            if c == 10 and after_cr:
                after_cr = False
                continue
            after_cr = c == 13
            if c == 10 or c == 13:
                yield _end_quoted(line)
                line = bytearray()
                continue
            literal = 32 <= c < 127 and c != 61 or c == 9
            if len(line) + (1 if literal else 3) > _QUOTED_LINE:
                line.append(61)
                yield line
                line = bytearray()
            if literal:
                line.append(c)
            else:
                line.extend(b"=%02X" % c)
    if line:
        yield _end_quoted(line)


def _end_quoted(line):
    # A space at the end of a line would be lost on the way.
    if line[-1:] in (b" ", b"\t"):
        return line[:-1] + b"=%02X" % line[-1]
    return line
