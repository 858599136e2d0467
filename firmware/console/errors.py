# The result codes of the command language (spec 1.5) and the one exception that carries them.
from micropython import const

OK = const(0)
FAILED = const(1)
PARSE = const(2)
UNKNOWN_COMMAND = const(3)
TOO_FEW = const(4)
TOO_MANY = const(5)
UNKNOWN_OPTION = const(6)
BAD_ARGUMENT = const(7)
OVERFLOW = const(8)
BOUNDS = const(9)

TEXTS = (
    b"Success",
    b"Command failed",
    b"Parse error",
    b"Unknown command",
    b"Too few arguments",
    b"Too many arguments",
    b"Unknown option",
    b"Invalid argument",
    b"Overflow error",
    b"Bounds error",
)


class CommandError(Exception):
    """Ends a command with a result code (1-9); `text` (bytes) replaces the code's own words."""

    def __init__(self, code, text=None):
        super().__init__(code)
        self.code = code
        self.text = text or TEXTS[code]
