# HTTP/1.1 as a server speaks it (RFC 9110, 9112): heads of requests in, heads of responses out.
# How a head is read is in http_head.py, bodies are in http_body.py, files in http_file.py; answers
# that are not the usual one, in http_status.py.
#
# One Request serves a connection, or several whose heads come one at a time: begin(), read() until
# it gives the body's offset, then the body, reply(); the next request begins where the body ended
# (pipelining: what is there of it stays in the buffer, untouched).

from . import const
from .http_head import (
    CHUNKED,
    CLASSES,
    HOST,
    TARGET,
    TOKEN,
    UNTIL_CLOSE,
    Head,
    RemoteError,
    find,
    one,
    span,
)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# What a resource may allow. CONNECT and TRACE are for proxies: 501 as anything unknown.
METHODS = (b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH")
_MAX_METHOD = const(16)

_CR = const(13)
_LF = const(10)
_SPACE = const(0x20)
_DELETE = const(0x7F)
_VERSION = const(10)  # bytes: HTTP/1.1 CR LF


class Request(Head):
    """Besides what all heads have: `method` (one of METHODS) and `expects`, whether the client
    waits for CONTINUE before it sends the body.
    """

    _host = b"", b""  # what the client called us last: as it wrote it, and host() of that

    def begun(self, end):
        """Whether buf[:end] has anything of this request: who lets us wait then gets a 408."""
        return end > self._begin

    def _first_line(self, buf, end):
        at = self._begin
        if buf.startswith(b"GET /", at):  # what is asked most, by the shortest way
            at += 4
            stop = span(buf, at, end, CLASSES, TARGET)
            if stop + 1 + _VERSION <= end and buf.startswith(b" HTTP/1.1\r\n", stop):
                self.method = b"GET"
                self.minor = 1
                self._authority = 0
                self._path = at
                self._target_end = stop
                mark = buf.find(b"?", at, stop)
                self._query = stop if mark < 0 else mark
                return stop + 1 + _VERSION
            at -= 4
        # RFC 9112 2.2: there are clients that end a body with a CR LF that is not counted.
        while at < end and buf[at] == _CR:
            if at + 1 == end:
                return 0
            if buf[at + 1] != _LF:
                raise RemoteError(400, b"bad request line")
            at += 2
        stop = span(buf, at, end, CLASSES, TOKEN)
        if stop - at > _MAX_METHOD:
            raise RemoteError(501, b"unknown method")
        if stop == end:
            return 0
        if stop == at or buf[stop] != _SPACE:
            raise RemoteError(400, b"bad request line")
        self.method = bytes(buf[at:stop])
        at = stop + 1
        stop = span(buf, at, end, CLASSES, TARGET)
        if stop == end:
            return 0
        if stop == at or buf[stop] != _SPACE:
            raise RemoteError(400, b"bad target")
        self._path = at
        self._target_end = stop
        stop += 1 + _VERSION
        at = buf.find(b"\n", stop - _VERSION, min(stop, end))
        if at < 0 and end < stop:
            return 0
        if at != stop - 1 or buf[at - 1] != _CR:
            raise RemoteError(400, b"bad request line")
        self._version(stop - _VERSION)
        if self.method not in METHODS:
            raise RemoteError(501, b"unknown method")
        self._authority = 0  # where it begins in an absolute target, which outdoes Host
        self._split(buf, self._path, self._target_end)
        return stop

    def _split(self, buf, at, end):
        # The forms of RFC 9112 3.2: /path?query, http://host/path?query, *.
        if buf[at] != 0x2F and not (
            buf[at] == 0x2A and end == at + 1 and self.method == b"OPTIONS"
        ):
            self._absolute(buf, at, end)
        mark = buf.find(b"?", at, end)
        self._query = end if mark < 0 else mark

    def _absolute(self, buf, at, end):
        if not buf.startswith(b"http://", at) and not buf.startswith(b"https://", at):
            raise RemoteError(400, b"bad target")
        self._authority = at = buf.find(b"//", at, end) + 2
        while at < end and buf[at] not in b"/?":
            at += 1
        if at == self._authority:
            raise RemoteError(400, b"bad target")
        self._path = at

    def _unsaid(self):
        return 0  # RFC 9112 6.3: a request without either has no body

    def _too_long(self, line):
        if line:
            return RemoteError(431, b"header too long")
        return RemoteError(414, b"request line too long")

    def _complete(self):
        buf = self._buf
        lines = self._lines
        host = find(buf, lines, 0, b"host")
        if host < 0:
            if self.minor:
                raise RemoteError(400, b"no host")
        elif find(buf, lines, host + 1, b"host") >= 0:
            raise RemoteError(400, b"repeated host")
        self.expects = False
        # RFC 9110 10.1.1: HTTP/1.0 has no such thing.
        if find(buf, lines, 0, b"expect") >= 0 and self.minor:
            if not self.is_value(self.single(b"expect"), b"100-continue"):
                raise RemoteError(417, b"unknown expectation")
            self.expects = self.length != 0

    # What is asked for

    def path(self):
        """The target up to the query, decoded; b"" for `*`, and for an absolute one without path.
        RemoteError where it cannot be decoded, or to what is no text.
        """
        return decoded(self._buf, self._path, self._query)

    def query(self):
        """What follows the question mark, as it was sent; b"" also where there is none."""
        return bytes(self._buf[self._query + 1 : self._target_end])

    def authority(self):
        """The host that the client means, with the port if it says one, in lower case; b"" where
        it says none.
        """
        if self._authority:
            text = bytes(self._buf[self._authority : self._path])
        else:
            text = self.value(b"host") or b""
        if span(text, 0, len(text), CLASSES, HOST) != len(text):
            raise RemoteError(400, b"bad host")
        return text.lower()

    def host(self):
        """The same without port."""
        if self._authority:
            return self._alone(self.authority())
        written, found = self._host
        buf = self._buf
        place = one(buf, self._lines, CLASSES, b"host")
        at = place >> 16
        if (place & 0xFFFF) - at != len(written) or not buf.startswith(written, at):
            found = self._alone(self.authority())
            self._host = self.value(b"host") or b"", found
        return found

    def _alone(self, text):
        # An IPv6 address has colons of its own, in brackets.
        colon = text.find(b":", text.find(b"]") + 1)
        if colon < 0:
            return text
        if colon + 1 < len(text) and not text[colon + 1 :].isdigit():
            raise RemoteError(400, b"bad host")
        return text[:colon]

    def allow(self, methods):
        """RemoteError 405 unless the method is one of these."""
        if self.method not in methods:
            raise RemoteError(405, b"method not allowed", methods)

    def accept(self, most, needed=False):
        """RemoteError where the body is longer than `most` bytes, or, if one is `needed`, where
        nothing is said of its length. The length of a chunked one is Body's to see.
        """
        if self.length > most:
            raise RemoteError(413, b"body too long")
        if needed and not self.length and self.find(b"content-length") < 0:
            raise RemoteError(411, b"no length")

    # What is answered

    def reply(self, status, fields=b"", length=0, close=False):
        """The head of the answer. `fields` are lines of http_head.field(); `length` is the body's,
        or CHUNKED, which becomes UNTIL_CLOSE for a client of HTTP/1.0.

        Then `keep_alive` tells whether the connection goes on, `chunks` whether the body is to be
        chunked, and `sends` whether it is to be sent at all.
        """
        if close:
            self.keep_alive = False
        if status == 200 and length >= 0 and self.minor and fields.endswith(b"\r\n"):
            self.chunks = False  # what is answered most, by the shortest way
            self.sends = self.method != b"HEAD"
            end = b"\r\n" if self.keep_alive else b"Connection: close\r\n\r\n"
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s%s" % (length, fields, end)
        from . import http_status

        self.chunks = length == CHUNKED and self.minor == 1
        if length == UNTIL_CLOSE or length == CHUNKED and not self.minor:
            self.keep_alive = False
        self.sends = self.method != b"HEAD" and http_status.has_body(status)
        return http_status.head(status, fields, length, self.keep_alive, self.minor)


def refusal(error, fields=b"", sends=True):
    """The whole answer to a request that RemoteError has ended: its reason as a line of text, of
    which `fields` say so. None is sent to who asked with HEAD. Then the connection is closed.
    """
    from . import http_status

    line = error.reason + b"\r\n"
    if error.allowed:
        fields = fields + b"Allow: %s\r\n" % b", ".join(error.allowed)
    head = http_status.head(error.status, fields, len(line), False, 1)
    return head + line if sends else head


def decoded(buf, at, end):
    """buf[at:end] without percent-encoding, once. RemoteError where that is wrong, or stands for a
    control character: no name and no command has one.
    """
    mark = buf.find(b"%", at, end)
    if mark < 0:
        return bytes(buf[at:end])
    found = bytearray()
    while mark >= 0:
        found.extend(buf[at:mark])
        at = mark + 3
        if at > end:
            raise RemoteError(400, b"bad percent-encoding")
        c = _hex(buf[mark + 1]) << 4 | _hex(buf[mark + 2])
        if c < _SPACE or c == _DELETE:
            raise RemoteError(400, b"control character")
        found.append(c)
        mark = buf.find(b"%", at, end)
    found.extend(buf[at:end])
    return bytes(found)


def _hex(c):
    if 0x30 <= c <= 0x39:
        return c - 0x30
    c |= 0x20
    if 0x61 <= c <= 0x66:
        return c - 0x57
    raise RemoteError(400, b"bad percent-encoding")
