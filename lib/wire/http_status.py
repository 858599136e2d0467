# The first line and the rest of the head of an HTTP answer, whatever it is. What is answered most
# needs none of this: see http.Request.reply(), whose part it is.

from .http_head import CHUNKED, LocalError

# One string: a dict of them would take 800 bytes more.
_STATUS_LINES = (
    b"\n200 OK\n"
    b"101 Switching Protocols\n"
    b"201 Created\n"
    b"204 No Content\n"
    b"206 Partial Content\n"
    b"302 Found\n"
    b"304 Not Modified\n"
    b"400 Bad Request\n"
    b"401 Unauthorized\n"
    b"403 Forbidden\n"
    b"404 Not Found\n"
    b"405 Method Not Allowed\n"
    b"408 Request Timeout\n"
    b"411 Length Required\n"
    b"412 Precondition Failed\n"
    b"413 Content Too Large\n"
    b"414 URI Too Long\n"
    b"415 Unsupported Media Type\n"
    b"416 Range Not Satisfiable\n"
    b"417 Expectation Failed\n"
    b"421 Misdirected Request\n"
    b"426 Upgrade Required\n"
    b"429 Too Many Requests\n"
    b"431 Request Header Fields Too Large\n"
    b"500 Internal Server Error\n"
    b"501 Not Implemented\n"
    b"503 Service Unavailable\n"
    b"505 HTTP Version Not Supported\n"
)


def has_body(status):
    """Whether an answer with this status has a body."""
    return status >= 200 and status not in (204, 304)


def head(status, fields, length, keep_alive, minor):
    """The head of an answer: see http.Request.reply()."""
    if fields and fields[-2:] != b"\r\n":
        raise LocalError("header without its end")
    at = _STATUS_LINES.find(b"\n%d " % status) + 1
    if not at:
        raise LocalError("unknown status")
    return b"HTTP/1.1 %s\r\n%s%s%s\r\n" % (
        _STATUS_LINES[at : _STATUS_LINES.find(b"\n", at)],
        _length(status, length, minor),
        fields,
        _connection(status, keep_alive, minor),
    )


def _length(status, length, minor):
    if not has_body(status):
        return b""
    if length >= 0:
        return b"Content-Length: %d\r\n" % length
    return b"Transfer-Encoding: chunked\r\n" if length == CHUNKED and minor else b""


def _connection(status, keep_alive, minor):
    if status == 101:
        return b""  # `Connection: Upgrade` is among the caller's fields
    if not keep_alive:
        return b"Connection: close\r\n"
    return b"" if minor else b"Connection: keep-alive\r\n"
