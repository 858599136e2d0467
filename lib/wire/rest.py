# The answers of the REST API (spec 9.2): a JSON object for each command. What POST /command
# carries is in rest_request.py.
#
# Responses are bytes and JSON is text: what is no UTF-8 stands in an answer as the characters
# U+0080 to U+00FF of the same numbers, unless the client asks for base64.
import binascii

from . import const
from .http_head import ASCII, CLASSES, PLAIN, span

RESPONSE = const(2)  # the bit of `flags` that asks for base64

TAIL = b'"}'


def head(number, code, flags):
    """The beginning of an answer; the response follows, escaped or encoded, and TAIL."""
    return b'{"id":%d,"code":%d,"flags":%d,"response":"' % (number, code, flags & RESPONSE)


def encoded(text):
    """Bytes as base64, without a line end."""
    return binascii.b2a_base64(text)[:-1]


def escaped(text):
    """Bytes as they stand in a JSON string."""
    if span(text, 0, len(text), CLASSES, PLAIN) == len(text):
        return text
    text = bytes(text).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    text = text.replace(b"\r", b"\\r").replace(b"\n", b"\\n").replace(b"\t", b"\\t")
    at = 0
    out = None
    while True:
        end = span(text, at, len(text), CLASSES, ASCII)
        if end == len(text) and out is None:
            return text
        if out is None:
            out = bytearray()
        out.extend(text[at:end])
        if end == len(text):
            return bytes(out)
        size = _character(text, end)
        if size:
            out.extend(text[end : end + size])
        else:
            out.extend(b"\\u%04x" % text[end])
            size = 1
        at = end + size


def unfinished(text):
    """How many bytes at the end may be part of a character whose rest is in the next piece."""
    for size in range(1, min(3, len(text)) + 1):
        c = text[-size]
        if c >= 0xC0:
            return size if _length(c) > size else 0
        if c < 0x80:
            return 0
    return 0


def _length(c):
    return 2 if c < 0xE0 else 3 if c < 0xF0 else 4


def _character(text, at):
    # The size of the UTF-8 character at `at` beyond ASCII, 0 where there is none.
    c = text[at]
    if c < 0xC2:
        return 0
    from .utf8 import is_utf8  # most text is ASCII

    size = _length(c)
    return size if at + size <= len(text) and is_utf8(text[at : at + size]) else 0
