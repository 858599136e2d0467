# Splits one command line into its arguments. What a command or an argument means is the console's
# business: here is only where one argument ends and the next begins. They are separated by ASCII
# white space; quotes and escapes are quoting.py's, which a line without them does not need.

# The longest command, file_create with its options given one by one, has 9. The rest is room; the
# bound keeps a line of single letters from becoming a list of hundreds of objects.
MAX_ARGS = 16


class ParseError(ValueError):
    """The line cannot be split: `reason`, found at the offset `position`."""

    def __init__(self, position, reason):
        super().__init__(reason)
        self.position = position
        self.reason = reason


class TooManyArguments(ParseError):
    """More than MAX_ARGS arguments; the first surplus one begins at `position`."""

    def __init__(self, position):
        super().__init__(position, "too many arguments")


def split(line, length=None):
    """Return the arguments of `line`, or of its first `length` bytes, as a list of bytes.

    `line` is bytes or bytearray, without its terminator. Raises ParseError, of which
    TooManyArguments is one.
    """
    line = bytes(line if length is None else line[:length])
    if b'"' in line or b"\\" in line:
        from . import quoting

        return quoting.split(line)
    # Nearly every line comes this way: one call into C instead of a loop over the bytes.
    arguments = line.split(None, MAX_ARGS)
    if len(arguments) > MAX_ARGS:
        raise TooManyArguments(len(line) - len(arguments[MAX_ARGS]))
    return arguments
