# What POST /command carries (spec 9.2): a JSON object, which is read in place.
import binascii

from . import const
from .http_head import CLASSES, VALUE, RemoteError, span

# What is base64: the bits of `flags`. The one between is of the response (rest.py).
_COMMAND = const(1)
_DATA = const(4)
_ALL = const(7)

_QUOTE = const(0x22)
_COMMA = const(0x2C)
_COLON = const(0x3A)
_OPEN = const(0x7B)
_CLOSE = const(0x7D)
_DEL = const(0x7F)
_SCALARS = b"+-.0123456789Eaeflnrstu"  # of numbers, true, false and null
_ESCAPED = b'"\\/bfnrt'
_MEANING = b'"\\/\b\f\n\r\t'
_HEX = b"0123456789abcdefABCDEF"
_STEP = const(64)  # characters of base64 at a time


def parse(body):
    """(flags, command, start, end) of a request's body (bytearray), whose [start:end] are then the
    command's data. Raises RemoteError.
    """
    try:
        return _parse(body)
    except (IndexError, ValueError):
        raise RemoteError(400, b"bad JSON")


def _parse(body):
    flags = command = data = None
    at = _blanks(body, _expect(body, _blanks(body, 0), _OPEN))
    more = body[at] != _CLOSE
    while more:
        start, end, at = _string(body, at)
        name = bytes(body[start:end])
        at = _blanks(body, _expect(body, _blanks(body, at), _COLON))
        text = body[at] == _QUOTE
        if text:
            start, end, at = _string(body, at)
        else:
            start, at = at, _scalar(body, at)
            end = at
        if name == b"flags" and flags is None and not text:
            flags = bytes(body[start:end])
        elif name == b"command" and command is None and text:
            command = start, end
        elif name == b"data" and data is None and (text or body[start] == 0x6E):  # null
            data = (start, end) if text else (0, 0)
        elif name in (b"flags", b"command", b"data"):
            raise ValueError
        at = _blanks(body, at)
        more = body[at] == _COMMA
        if more:
            at = _blanks(body, at + 1)
    at = _expect(body, at, _CLOSE)
    if _blanks(body, at) != len(body):
        raise ValueError
    flags = flags or b"0"
    if not flags.isdigit() or len(flags) > 1 or int(flags) > _ALL:
        raise RemoteError(400, b"unknown flags")
    flags = int(flags)
    if command is None:
        raise RemoteError(400, b"no command")
    start, end = command
    if flags & _COMMAND:
        end = _decode(body, start, end)
    line = bytes(body[start:end]).rstrip(b"\r\n")
    if b"\n" in line or b"\r" in line:
        raise RemoteError(400, b"more than one line")
    start, end = data or (0, 0)
    if flags & _DATA:
        end = _decode(body, start, end)
    return flags, line, start, end


def _blanks(body, at):
    while at < len(body) and body[at] in b" \t\r\n":
        at += 1
    return at


def _expect(body, at, what):
    if body[at] != what:
        raise ValueError
    return at + 1


def _scalar(body, at):
    start = at
    while body[at] in _SCALARS:
        at += 1
    if at == start:  # an object or a list: nothing of ours has one
        raise ValueError
    return at


def _string(body, at):
    # (start, end, what follows) of the string at `at`, whose escapes are resolved in place.
    at = start = out = _expect(body, at, _QUOTE)
    while True:
        quote = body.find(b'"', at)
        mark = body.find(b"\\", at, max(quote, 0))
        end = quote if mark < 0 else mark
        if end < 0:
            raise ValueError
        good = span(body, at, end, CLASSES, VALUE)
        while good != end:
            if body[good] != _DEL:  # a control character, but not one of JSON's
                raise ValueError
            good = span(body, good + 1, end, CLASSES, VALUE)
        if out != at:
            body[out : out + end - at] = body[at:end]
        out += end - at
        if mark < 0:
            return start, out, quote + 1
        at, out = _unescape(body, mark + 1, out)


def _unescape(body, at, out):
    # Writes what the escape at `at` means to `out`; returns what follows both.
    c = body[at]
    if c != 0x75:
        i = _ESCAPED.find(bytes((c,)))
        if i < 0:
            raise ValueError
        body[out] = _MEANING[i]
        return at + 1, out + 1
    code = _unit(body, at + 1)
    at += 5
    if 0xD800 <= code < 0xE000:  # UTF-16: half a character
        low = _unit(body, at + 2)
        if code >= 0xDC00 or body[at : at + 2] != b"\\u" or not 0xDC00 <= low < 0xE000:
            raise ValueError
        code = 0x10000 + ((code & 0x3FF) << 10 | low & 0x3FF)
        at += 6
    for c in chr(code).encode():
        body[out] = c
        out += 1
    return at, out


def _unit(body, at):
    text = bytes(body[at : at + 4])
    if len(text) != 4:
        raise IndexError
    for c in text:
        if c not in _HEX:  # int() takes signs and blanks
            raise ValueError
    return int(text, 16)


def _decode(body, start, end):
    # Base64 in place; returns the new end. The decoders pass over what is not of the alphabet:
    # such a piece is short for its length.
    if end - start & 3:
        raise RemoteError(400, b"bad base64")
    out = start
    for at in range(start, end, _STEP):
        stop = min(at + _STEP, end)
        size = (stop - at) // 4 * 3
        if stop == end:
            size -= bytes(body[stop - 2 : stop]).count(b"=")
        try:
            piece = binascii.a2b_base64(body[at:stop])
        except ValueError:
            piece = b""
        if len(piece) != size:
            raise RemoteError(400, b"bad base64")
        body[out : out + size] = piece
        out += size
    return out
