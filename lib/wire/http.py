# HTTP/1.1 as a server speaks it (RFC 9110, 9112): heads of requests in, heads of responses out.
# How a head is read is in http_head.py, bodies are in http_body.py, files in http_file.py.
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
    VALUE,
    Head,
    LocalError,
    RemoteError,
    span,
)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# What a resource may allow. CONNECT and TRACE are for proxies: 501 as anything unknown.
METHODS = (b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH")
_MAX_METHOD = const(16)

_PHRASES = {
    101: b"Switching Protocols",
    200: b"OK",
    201: b"Created",
    204: b"No Content",
    206: b"Partial Content",
    302: b"Found",
    304: b"Not Modified",
    400: b"Bad Request",
    401: b"Unauthorized",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    411: b"Length Required",
    412: b"Precondition Failed",
    413: b"Content Too Large",
    414: b"URI Too Long",
    415: b"Unsupported Media Type",
    416: b"Range Not Satisfiable",
    417: b"Expectation Failed",
    421: b"Misdirected Request",
    426: b"Upgrade Required",
    429: b"Too Many Requests",
    431: b"Request Header Fields Too Large",
    500: b"Internal Server Error",
    501: b"Not Implemented",
    503: b"Service Unavailable",
    505: b"HTTP Version Not Supported",
}

_CR = const(13)
_LF = const(10)
_SPACE = const(0x20)
_DELETE = const(0x7F)
_VERSION = const(10)  # bytes: HTTP/1.1 CR LF


class Request(Head):
    """After read(): `method` (one of METHODS) and `expects`, whether the client waits for CONTINUE
    before it sends the body. `method` is None until the first line is whole.
    """

    def begin(self, buf, at):
        super().begin(buf, at)
        self.method = None
        self.expects = False
        self._path = self._query = self._target_end = at
        self._authority = 0  # where it begins in an absolute target, which outdoes Host

    def begun(self, end):
        """Whether buf[:end] has anything of this request: who lets us wait then gets a 408."""
        return end > self._begin

    def _first_line(self, buf, end):
        at = self._begin
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
        method = self._known(buf, at, stop - at)
        at = stop + 1
        stop = span(buf, at, end, CLASSES, TARGET)
        if stop == end:
            return 0
        if stop == at or buf[stop] != _SPACE:
            raise RemoteError(400, b"bad target")
        version = stop + 1
        line = version + _VERSION
        lf = buf.find(b"\n", version, min(line, end))
        if lf < 0 and end < line:
            return 0
        if lf != line - 1 or buf[lf - 1] != _CR:
            raise RemoteError(400, b"bad request line")
        self._version(version)
        if not method:
            raise RemoteError(501, b"unknown method")
        self._split(buf, at, stop, method)
        self.method = method
        return line

    def _known(self, buf, at, size):
        for method in METHODS:
            if len(method) == size and buf.startswith(method, at):
                return method
        return None

    def _split(self, buf, at, end, method):
        # The forms of RFC 9112 3.2: /path?query, http://host/path?query, *.
        if buf[at] != 0x2F:
            if buf[at] == 0x2A and end == at + 1 and method == b"OPTIONS":
                pass
            elif buf.startswith(b"http://", at) or buf.startswith(b"https://", at):
                self._authority = at = buf.find(b"//", at, end) + 2
                slash = buf.find(b"/", at, end)
                mark = buf.find(b"?", at, end)
                at = min(end if slash < 0 else slash, end if mark < 0 else mark)
                if at == self._authority:
                    raise RemoteError(400, b"bad target")
            else:
                raise RemoteError(400, b"bad target")
        self._path = at
        mark = buf.find(b"?", at, end)
        self._query = end if mark < 0 else mark
        self._target_end = end

    def _unsaid(self):
        return 0  # RFC 9112 6.3: a request without either has no body

    def _too_long(self, line):
        if line:
            return RemoteError(431, b"header too long")
        return RemoteError(414, b"request line too long")

    def _framing(self):
        host = self.find(b"host")
        if host < 0:
            if self.minor:
                raise RemoteError(400, b"no host")
        elif self.find(b"host", host) >= 0:
            raise RemoteError(400, b"repeated host")
        super()._framing()
        expect = self.single(b"expect") if self.minor else -1  # RFC 9110 10.1.1
        if expect >= 0:
            if not self.is_value(expect, b"100-continue"):
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

    def host(self):
        """The host that the client means, without port, in lower case; b"" where it says none."""
        buf = self._buf
        if self._authority:
            at, end = self._authority, self._path
        else:
            number = self.find(b"host")
            if number < 0:
                return b""
            at, end = self.bounds(number)
        if span(buf, at, end, CLASSES, HOST) != end:
            raise RemoteError(400, b"bad host")
        # An IPv6 address has colons of its own, in brackets.
        bracket = buf.find(b"]", at, end)
        colon = buf.find(b":", at if bracket < 0 else bracket, end)
        if colon >= 0:
            for i in range(colon + 1, end):
                if not 0x30 <= buf[i] <= 0x39:
                    raise RemoteError(400, b"bad host")
            end = colon
        return bytes(buf[at:end]).lower()

    def allow(self, methods):
        """RemoteError 405 unless the method is one of these."""
        if self.method not in methods:
            raise RemoteError(405, b"method not allowed")

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
        self.chunks = length == CHUNKED and self.minor == 1
        if close or length == UNTIL_CLOSE or length == CHUNKED and not self.minor:
            self.keep_alive = False
        self.sends = self.method != b"HEAD" and _has_body(status)
        return _head(status, fields, length, self.keep_alive, self.minor)


def refusal(error, fields=b""):
    """The whole answer to a request that RemoteError has ended; then the connection is closed."""
    return _head(error.status, fields, 0, False, 1)


def _has_body(status):
    return status >= 200 and status not in (204, 304)


def _head(status, fields, length, keep_alive, minor):
    if fields and fields[-2:] != b"\r\n":
        raise LocalError("header without its end")
    phrase = _PHRASES.get(status)
    if not phrase:
        raise LocalError("unknown status")
    if not _has_body(status):
        framing = b""
    elif length >= 0:
        framing = b"Content-Length: %d\r\n" % length
    else:
        framing = b"Transfer-Encoding: chunked\r\n" if length == CHUNKED and minor else b""
    if status == 101:
        connection = b""  # the caller's `Connection: Upgrade` is among the fields
    elif not keep_alive:
        connection = b"Connection: close\r\n"
    else:
        connection = b"" if minor else b"Connection: keep-alive\r\n"
    return b"HTTP/1.1 %d %s\r\n%s%s%s\r\n" % (status, phrase, framing, fields, connection)


def decoded(buf, at, end, plus=False):
    """buf[at:end] without percent-encoding, once; `plus`: a plus stands for a space, as in a form.
    RemoteError where it is wrong, and for control characters: no name and no command has them.
    """
    found = bytearray()
    while True:
        mark = buf.find(b"%", at, end)
        stop = end if mark < 0 else mark
        plain = bytes(buf[at:stop])
        found.extend(plain.replace(b"+", b" ") if plus else plain)
        if mark < 0:
            break
        if mark + 2 >= end:
            raise RemoteError(400, b"bad percent-encoding")
        c = _hex(buf[mark + 1]) << 4 | _hex(buf[mark + 2])
        if c < _SPACE or c == _DELETE:
            raise RemoteError(400, b"control character")
        found.append(c)
        at = mark + 3
    if span(found, 0, len(found), CLASSES, VALUE) != len(found):
        raise RemoteError(400, b"control character")
    return bytes(found)


def _hex(c):
    if 0x30 <= c <= 0x39:
        return c - 0x30
    c |= 0x20
    if 0x61 <= c <= 0x66:
        return c - 0x57
    raise RemoteError(400, b"bad percent-encoding")


def form(text):
    """Yield the (name, value) of a query or a form, decoded."""
    at = 0
    while at < len(text):
        end = text.find(b"&", at)
        if end < 0:
            end = len(text)
        if end > at:
            sign = text.find(b"=", at, end)
            stop = end if sign < 0 else sign
            value = decoded(text, min(stop + 1, end), end, True)
            yield decoded(text, at, stop, True), value
        at = end + 1
