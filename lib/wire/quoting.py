# Quotes and escapes of the command line, both ways.
#
#   "..."  groups; it may stand anywhere in an argument, and "" is the empty argument
#   \      inside and outside quotes: \\ \" \n \r \t \0 \, \xHH and backslash-space
#
# Any other escape is an error. All other bytes, UTF-8 or not, are taken as they are.

from . import const
from .cmdline import MAX_ARGS, ParseError, TooManyArguments

_SPACES = b" \t\n\r\x0b\x0c"
_QUOTE = const(0x22)
_BACKSLASH = const(0x5C)
_SPACE = const(0x20)
_DELETE = const(0x7F)
_LETTER_X = const(0x78)

# The byte after a backslash, and at the same index what the two stand for.
_ESCAPED = b'\\"nrt0, '
_MEANING = b'\\"\n\r\t\0, '
_HEX_DIGITS = b"0123456789abcdef"


def quote(value):
    """Return the bytes that split() turns back into the one argument `value`.

    Quotes and escapes are added only at need. Control characters are escaped even where split()
    would take them as they are, so that the result can be typed or pasted into a terminal.
    """
    out = bytearray()
    spaced = False
    for byte in value:
        if byte < _SPACE or byte in (_QUOTE, _BACKSLASH, _DELETE):
            index = _MEANING.find(bytes((byte,)))
            out.extend(b"\\%c" % _ESCAPED[index] if index >= 0 else b"\\x%02x" % byte)
        else:
            spaced = spaced or byte == _SPACE
            out.append(byte)
    if spaced or not value:
        return b'"' + bytes(out) + b'"'
    return bytes(out)


def split(line):
    """The arguments of `line` (bytes) as cmdline.split() gives them. Raises ParseError."""
    # Runs of plain bytes are copied whole; the loop only looks for the bytes that are not plain.
    arguments = []
    position = 0
    end = len(line)
    while True:
        while position < end and line[position] in _SPACES:
            position += 1
        if position == end:
            return arguments
        if len(arguments) == MAX_ARGS:
            raise TooManyArguments(position)
        argument = b""
        run = position  # where the plain bytes begin that are not yet in `argument`
        opened = -1  # where the quote that is open began; -1: none is
        while position < end:
            byte = line[position]
            if byte > _QUOTE and byte != _BACKSLASH:
                position += 1
            elif byte == _QUOTE:
                argument += line[run:position]
                opened = position if opened < 0 else -1
                position += 1
                run = position
            elif byte == _BACKSLASH:
                argument += line[run:position] + _unescape(line, position)
                position += 4 if line[position + 1] == _LETTER_X else 2
                run = position
            elif opened < 0 and byte in _SPACES:
                break
            else:
                position += 1
        if opened >= 0:
            raise ParseError(opened, "quote not closed")
        arguments.append(argument + line[run:position])


def _unescape(line, position):
    # The byte, as bytes, that the escape at `position` stands for.
    letter = line[position + 1 : position + 2]
    if not letter:
        raise ParseError(position, "nothing after the backslash")
    if letter == b"x":
        digits = line[position + 2 : position + 4].lower()
        high = _HEX_DIGITS.find(digits[:1])
        low = _HEX_DIGITS.find(digits[1:])
        if len(digits) < 2 or high < 0 or low < 0:
            raise ParseError(position, "\\x without two hexadecimal digits")
        return bytes((high << 4 | low,))
    index = _ESCAPED.find(letter)
    if index < 0:
        raise ParseError(position, "unknown escape")
    return _MEANING[index : index + 1]
