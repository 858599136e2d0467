# The head of an HTTP/1.1 message (RFC 9112), of a request or of a response: what http.py and
# http_client.py share.
#
# It is read in place in the caller's buffer, which must stay as it is until the message has been
# dealt with: a table of 16-bit offsets is all that is kept of the lines, and what is asked for by
# name is looked up there. There is one way to write a head and no leniency, as what two programs
# read differently is a way past the one that guards: no bare CR or LF, no folded line, no space
# before the colon, no control character; a length is said once and in one way.
#
# Two kinds of error and no other, whatever a peer sends: LocalError is our misuse, RemoteError is
# the peer's.

from array import array

from . import const

try:
    from .http_fast import find, has, one, same, scan, span
except (ImportError, SyntaxError):  # CPython; an interpreter without native code
    from .http_plain import find, has, one, same, scan, span

# Bytes that may stand in names, in values, in a request's target, in a host with its port. What
# RFC 9110 5.5 calls obsolete text, above 0x7F, is let through in values: cookies have it.
TOKEN = const(1)  # scan() has these two as numbers
VALUE = const(2)
TARGET = const(4)
HOST = const(8)
_BLANK = const(16)  # one() has it as a number
# In a string of JSON: what stands for itself, and what is ASCII.
PLAIN = const(32)
ASCII = const(64)

# Lines of a head. Browsers send 12 to 25; each takes 2 bytes of the table.
MAX_FIELDS = const(64)

# As `length`: the body ends in itself, or with the connection.
CHUNKED = const(-1)
UNTIL_CLOSE = const(-2)

# Digits of Content-Length: below 1 GB, and a small int on 32 bits.
_MAX_DIGITS = const(9)
_MAX_OFFSET = const(0xFFFF)

_TAB = const(9)
_SPACE = const(0x20)
_CR_LF = const(2)


class LocalError(Exception):
    """What we were asked to send or to do is no HTTP: args[0] says why."""


class RemoteError(Exception):
    """The peer does not keep to the protocol, or asks for too much: the connection is of no use
    any more. `status` is what a server answers, `reason` (bytes) is fit for the log; `allowed` are
    the methods that a 405 names.
    """

    def __init__(self, status, reason, allowed=()):
        super().__init__(status, reason)
        self.allowed = allowed
        self.status = status
        self.reason = reason


def _classes():
    found = bytearray(256)
    for c in range(256):
        if c == _TAB or c >= _SPACE and c != 0x7F:
            found[c] = VALUE
        if 0x20 < c < 0x7F and c != 0x23:  # a fragment stays with the browser
            found[c] |= TARGET
        if 0x20 <= c <= 0x7F:
            found[c] |= ASCII if c in b'"\\' else ASCII | PLAIN
        if 0x30 <= c <= 0x39 or 0x41 <= c <= 0x5A or 0x61 <= c <= 0x7A:
            found[c] |= TOKEN
            found[c] |= HOST
    found[_TAB] |= _BLANK
    found[_SPACE] |= _BLANK
    for c in b"!#$%&'*+-.^_`|~":
        found[c] |= TOKEN
    for c in b"-._~%!$&'()*+;=:[]":
        found[c] |= HOST
    return bytes(found)


CLASSES = _classes()
del _classes


class Head:
    """One head after another on a connection; http.Request and http_client.Response.

    `limit`: bytes that a head may have. What is said of a message holds once read() has given an
    offset: `minor` (0 or 1, of HTTP/1.x), `keep_alive`, and `length`: the body's bytes, CHUNKED or
    UNTIL_CLOSE.
    """

    minor = 1
    keep_alive = False
    length = 0

    def __init__(self, limit, fields=MAX_FIELDS):
        self.limit = limit
        self._lines = array("H", bytes(2 * (fields + 2)))
        self.begin(None, 0)

    def begin(self, buf, at):
        """The next head begins at buf[at]; what was known of the last one is gone."""
        if at < 0 or at + self.limit > _MAX_OFFSET:
            raise LocalError("a head beyond 64 KB")
        self._buf = buf
        self._begin = at
        lines = self._lines
        lines[0] = 0
        lines[1] = 0  # the first line is not whole yet

    def read(self, end):
        """Go on as far as buf[:end] is filled. Returns the offset of the body, or 0: there must be
        more. Raises RemoteError.
        """
        lines = self._lines
        limit = self._begin + self.limit
        known = end if end < limit else limit
        if end < self._begin:
            raise LocalError("the buffer ends before the head")
        buf = self._buf
        if not lines[1]:
            lines[1] = self._first_line(buf, known)
        if lines[1]:
            body = scan(buf, known, CLASSES, lines)
            if body > 0:
                self._framing()
                self._complete()
                return body
            if body == -1:
                raise RemoteError(400, b"bad header line")
            if body:
                raise RemoteError(431, b"too many header lines")
        if end >= limit:
            raise self._too_long(lines[1])
        return 0

    def find(self, name, after=-1):
        """The number of the line called `name` (bytes, lower case) behind number `after`; -1 where
        there is none.
        """
        return find(self._buf, self._lines, after + 1, name)

    def lacks(self, names):
        """Whether no line is called by any of these names."""
        buf = self._buf
        lines = self._lines
        for name in names:
            if find(buf, lines, 0, name) >= 0:
                return False
        return True

    def bounds(self, number):
        """Where in the buffer the value of a line begins and ends, blanks around it left out."""
        buf = self._buf
        end = self._lines[2 + number] - _CR_LF
        at = buf.find(b":", self._lines[1 + number], end) + 1
        at = span(buf, at, end, CLASSES, _BLANK)
        while end > at and CLASSES[buf[end - 1]] & _BLANK:
            end -= 1
        return at, end

    def value(self, name):
        """The value of the one line called `name`, as bytes; None where there is none. RemoteError
        where there are two: who means which, nobody can tell.
        """
        place = one(self._buf, self._lines, CLASSES, name)
        if place < 2:
            if place:
                raise RemoteError(400, b"repeated " + name)
            return None
        return bytes(self._buf[place >> 16 : place & 0xFFFF])

    def values(self, name):
        """The value of a header that is a list, which may come in several lines; None if none."""
        found = None
        number = self.find(name)
        while number >= 0:
            at, end = self.bounds(number)
            value = bytes(self._buf[at:end])
            found = value if found is None else found + b", " + value
            number = self.find(name, number)
        return found

    def single(self, name):
        """The number of the line called `name`, or -1; RemoteError where there are two."""
        number = self.find(name)
        if number >= 0 and self.find(name, number) >= 0:
            raise RemoteError(400, b"repeated " + name)
        return number

    def says(self, name, token):
        """Whether the list of tokens called `name` has `token` (lower case) in it."""
        number = self.find(name)
        while number >= 0:
            at = self._lines[1 + number] + len(name) + 1
            if has(self._buf, at, self._lines[2 + number] - _CR_LF, CLASSES, token):
                return True
            number = self.find(name, number)
        return False

    def is_value(self, number, text):
        """Whether the value of a line is `text` (lower case), in either case."""
        at, end = self.bounds(number)
        return end - at == len(text) and same(self._buf, at, text)

    def _version(self, at):
        # `HTTP/1.1` at that offset, which something follows.
        buf = self._buf
        if buf.startswith(b"HTTP/1.1", at):
            self.minor = 1
            return
        if not buf.startswith(b"HTTP/", at):
            raise RemoteError(400, b"no HTTP")
        major = buf[at + 5] - 0x30
        minor = buf[at + 7] - 0x30
        if not 0 <= major <= 9 or buf[at + 6] != 0x2E or not 0 <= minor <= 9:
            raise RemoteError(400, b"no HTTP version")
        if major != 1:
            raise RemoteError(505, b"HTTP version %d.%d" % (major, minor))
        self.minor = min(minor, 1)

    def _framing(self):
        # RFC 9112 6.3, but that in doubt there is no message. Most heads have none of these lines:
        # they are looked for without a method's call.
        buf = self._buf
        lines = self._lines
        coded = find(buf, lines, 0, b"transfer-encoding")
        sized = find(buf, lines, 0, b"content-length")
        if coded >= 0:
            if sized >= 0:
                raise RemoteError(400, b"Content-Length with Transfer-Encoding")
            if not self.minor:
                raise RemoteError(400, b"Transfer-Encoding in HTTP/1.0")
            if not self.is_value(self.single(b"transfer-encoding"), b"chunked"):
                raise RemoteError(501, b"unknown Transfer-Encoding")
            self.length = CHUNKED
        elif sized >= 0:
            self.length = self._number(self.single(b"content-length"))
        else:
            self.length = self._unsaid()
        self.keep_alive = self.minor == 1
        if find(buf, lines, 0, b"connection") >= 0:
            if not self.minor:
                self.keep_alive = self.says(b"connection", b"keep-alive")
            if self.says(b"connection", b"close"):
                self.keep_alive = False

    def _number(self, line):
        at, end = self.bounds(line)
        buf = self._buf
        if at == end:
            raise RemoteError(400, b"bad Content-Length")
        length = 0
        for i in range(at, end):
            digit = buf[i] - 0x30
            if not 0 <= digit <= 9:
                raise RemoteError(400, b"bad Content-Length")
            if i - at >= _MAX_DIGITS:
                raise RemoteError(413, b"Content-Length beyond all bounds")
            length = 10 * length + digit
        return length


def field(name, value):
    """A line of a head, with its end. LocalError where it would not be one line."""
    if not name or not value.strip() == value:
        raise LocalError("header empty or with blanks around its value")
    for text, kinds in ((name, TOKEN), (value, VALUE)):
        if span(text, 0, len(text), CLASSES, kinds) != len(text):
            raise LocalError("header with a character that it cannot have")
    return name + b": " + value + b"\r\n"
