# HTTP/1.1 as a client speaks it (RFC 9110, 9112): heads of requests out, heads of responses in.
# How a head is read is in http_head.py, bodies are in http_body.py.

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

# Answers before the answer (100, 103); who sends more has no answer.
_MAX_INTERIM = const(8)

_CR = const(13)
_SPACE = const(0x20)
_STATUS = const(12)  # bytes: HTTP/1.1 200


def request(method, target, host, fields=b"", length=None, keep_alive=False):
    """The head of a request. `target` is the path with its query as it goes over the wire, `host`
    has the port where that is not the scheme's own, `fields` are lines of http_head.field();
    `length` is the body's, or CHUNKED, or None for a request without one. LocalError where what is
    to be sent would be something else.
    """
    _check(method, TOKEN, "no method")
    _check(host, HOST, "no host")
    _check(target, TARGET, "no path")
    if target[0] != 0x2F and (target != b"*" or method != b"OPTIONS"):
        raise LocalError("no path")
    if fields and fields[-2:] != b"\r\n":
        raise LocalError("header without its end")
    if length is None:
        framing = b""
    elif length == CHUNKED:
        framing = b"Transfer-Encoding: chunked\r\n"
    elif length >= 0:
        framing = b"Content-Length: %d\r\n" % length
    else:
        raise LocalError("no length of a body")
    connection = b"" if keep_alive else b"Connection: close\r\n"
    return b"%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%s\r\n" % (
        method,
        target,
        host,
        framing,
        fields,
        connection,
    )


def _check(text, kinds, why):
    if not text or span(text, 0, len(text), CLASSES, kinds) != len(text):
        raise LocalError(why)


class Response(Head):
    """Besides what all heads have: `status` (100 to 999), and `interim`, whether the answer proper
    follows: then again() tells where that begins.
    """

    def begin(self, buf, at, method=b"GET"):
        """The answer to a request by `method` begins at buf[at]."""
        super().begin(buf, at)
        self._method = method
        self._heads = 0

    def again(self, at):
        """After an interim head: the next one begins at this offset of the same buffer."""
        heads = self._heads + 1
        if heads > _MAX_INTERIM:
            raise RemoteError(400, b"no end of interim answers")
        self.begin(self._buf, at, self._method)
        self._heads = heads

    def phrase(self):
        """What the server says besides the status, for a person; mostly b"OK"."""
        return bytes(self._buf[self._begin + _STATUS : self._lines[1] - 2]).strip()

    def _first_line(self, buf, end):
        at = self._begin
        line = buf.find(b"\n", at, end) + 1
        # A server that speaks something else is told by its first bytes.
        most = min(end - at, 5)
        if buf[at : at + most] != b"HTTP/"[:most]:
            raise RemoteError(400, b"no HTTP")
        if not line:
            return 0
        stop = line - 2
        if stop < at + _STATUS or buf[stop] != _CR:
            raise RemoteError(400, b"bad status line")
        self._version(at)
        code = bytes(buf[at + 9 : at + _STATUS])
        if not code.isdigit() or code[0] == 0x30 or buf[at + 8] != _SPACE:
            raise RemoteError(400, b"bad status line")
        at += _STATUS
        # Some leave out the blank with the phrase.
        if at < stop and buf[at] != _SPACE or span(buf, at, stop, CLASSES, VALUE) != stop:
            raise RemoteError(400, b"bad status line")
        self.status = int(code)
        self.interim = self.status < 200 and self.status != 101
        return line

    def _unsaid(self):
        return UNTIL_CLOSE

    def _complete(self):
        # RFC 9112 6.3: whatever their heads say.
        if self._method == b"HEAD" or self.status < 200 or self.status in (204, 304):
            self.length = 0
        if self.length == UNTIL_CLOSE:
            self.keep_alive = False

    def _too_long(self, line):
        return RemoteError(400, b"header too long")
