# What of a file an HTTP request asks for (RFC 9110 13 and 14): all, one range, or nothing because
# the client has it.
#
# An `etag` here is a strong one in its quotes, which tells one content from every other. Dates are
# no condition: a module's clock may have been wrong. Several ranges in one request are answered
# with the whole file, as RFC 9110 14.2 allows.

from . import const

_MAX_DIGITS = const(9)
_BEYOND = const(999999999)  # more than any file has


def wanted(request, etag, size):
    """(status, start, end): 200 or 206 and which bytes of the file's `size` to send, or 304 or 416
    and none. RemoteError where a condition comes twice.
    """
    known = request.values(b"if-none-match")
    if known is not None and (known == b"*" or known.find(etag) >= 0):
        return 304, 0, 0
    if request.method == b"GET":
        ranges = request.value(b"range")
        only = request.value(b"if-range") if ranges else None
        if ranges and only in (None, etag):
            return _range(ranges, size)
    return 200, 0, size


def content_range(start, end, size):
    """The line that says which bytes of a file these are; with none of them, for 416, its size."""
    if start == end:
        return b"Content-Range: bytes */%d\r\n" % size
    return b"Content-Range: bytes %d-%d/%d\r\n" % (start, end - 1, size)


def _range(text, size):
    # What is no single range counts for nothing.
    whole = 200, 0, size
    if text[:6].lower() != b"bytes=":
        return whole
    text = text[6:].strip()
    dash = text.find(b"-")
    first = _number(text[: max(dash, 0)])
    last = _number(text[dash + 1 :])
    if dash < 0 or first is None or last is None:
        return whole
    if dash == 0:  # the last so many
        if last < 0 or not size:
            return whole
        return (206, max(size - last, 0), size) if last else (416, 0, 0)
    if 0 <= last < first:
        return whole
    if first >= size:
        return 416, 0, 0
    return 206, first, size if last < 0 else min(last + 1, size)


def _number(digits):
    # -1: nothing is there; None: no number.
    if not digits:
        return -1
    if not digits.isdigit():
        return None
    return int(digits) if len(digits) <= _MAX_DIGITS else _BEYOND
