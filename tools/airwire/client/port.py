"""The serial port below a module: what it must offer, and how one is opened.

`board:NAME` and `board:NAME/uart1` are the ports of a virtual board. Everything that keeps a port
from being used is a PortError here, with its cure in the message.
"""

import errno
from typing import Protocol
from urllib.parse import urlsplit

from airwire.client.errors import PortError, Timeout

# How long one read waits for a first byte: what somebody else who wants the port waits, and how
# late a time-out is noticed.
READ_SECONDS = 0.05

# A line that does not take one piece in so long is stuck (CTS, a full pty): at 300 baud a piece
# takes eight seconds.
WRITE_SECONDS = 10.0
_PIECE = 256

_BOARD = "board:"
_UARTS = ("uart0", "uart1")
_BY_NETWORK = ("rfc2217", "socket")  # URLs with host and port


class Transport(Protocol):
    """What a module needs of its port. pyserial's Serial has it; so may a socket's wrapper.

    A read returns what is there, at least one byte and at most `size`; b"" after some fraction of
    a second in which nothing came. A write takes all. Either raises OSError when the port is gone.
    """

    def read(self, size: int, /) -> bytes: ...

    def write(self, data: bytes, /) -> object: ...

    def close(self) -> None: ...

    # Only for Module.uart_update: def configure(self, baud: int, rtscts: bool) -> None


def resolve(name: str) -> str:
    """What pyserial opens for the name of a port. Raises PortError for a board that is down."""
    if not name.startswith(_BOARD):
        return name
    # The virtual board is not needed where a real port is meant.
    from airwire.board.client import Board
    from airwire.errors import UserError

    board_name, _, uart = name.removeprefix(_BOARD).partition("/")
    try:
        board = Board(board_name)
        if not board.is_up():
            raise PortError(
                f"board {board_name} is not up; start it with: airwire board up {board_name}"
            )
    except UserError as error:
        raise PortError(error.message) from None
    if uart not in ("", *_UARTS):
        raise PortError(f"no port {uart!r} on a board; it has {' and '.join(_UARTS)}")
    return str(board.directory / (uart or _UARTS[0]))


def open_serial(name: str, baud: int = 115_200, rtscts: bool = False) -> "SerialPort":
    """Open a serial port or a URL of pyserial's, 8N1, for this program alone. Raises PortError."""
    import serial

    path = resolve(name)
    try:
        port = serial.serial_for_url(
            path, baud, timeout=READ_SECONDS, rtscts=rtscts, do_not_open=True
        )
        if "://" in path:
            check_url(path)
            # By RFC 2217 they come one after the other, and in between would reset a dev board.
            port.dtr = port.rts = False
        else:
            port.write_timeout, port.exclusive = WRITE_SECONDS, True
        port.open()
    except (OSError, ValueError) as error:
        raise PortError(f"{name}: {_cure(error)}") from None
    return SerialPort(name, port)


def check_url(url: str) -> None:
    """Raise ValueError for a URL without its port, over which pyserial stumbles."""
    parts = urlsplit(url)
    if parts.scheme in _BY_NETWORK and not (parts.hostname and parts.port):
        raise ValueError(f"a URL of a port is {parts.scheme}://HOST:PORT")


class SerialPort:
    """An open serial port as a Transport."""

    def __init__(self, name: str, port: object) -> None:
        self.name = name
        self._port = port

    def fileno(self) -> int:
        """For select(). Raises io.UnsupportedOperation where there is none, as for a URL."""
        return self._port.fileno()

    def read(self, size: int) -> bytes:
        # More than what waits would wait for the time-out.
        waiting = self._port.in_waiting
        return self._port.read(min(size, max(1, waiting)))

    def write(self, data: bytes) -> None:
        """Raises Timeout when the line does not take the bytes."""
        import serial

        try:
            for start in range(0, len(data), _PIECE):
                self._port.write(data[start : start + _PIECE])
        except serial.SerialTimeoutException:
            raise Timeout(
                f"{self.name} takes no bytes; with flow control on, check the RTS and CTS wires"
            ) from None

    def configure(self, baud: int, rtscts: bool) -> None:
        """Change the line while it is open."""
        self._port.baudrate = baud
        self._port.rtscts = rtscts

    def close(self) -> None:
        self._port.close()


def _cure(error: Exception) -> str:
    """What to do about a port that does not open."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number == errno.ENOENT:
        return "there is no such port; is the board plugged in?"
    if number == errno.EACCES:
        return "no permission; join the group that owns it (often dialout) and log in again"
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return "in use by another program; close that one"
    if number in (errno.ENOTDIR, errno.EISDIR) or "configure port" in text:
        return "not a serial port"
    if "refused" in text:
        return "nobody answers there; start what offers that port"
    if "does not seem to support" in text:
        return "no answer; another program uses it, or it is no port of RFC 2217"
    return text


def lost(name: str, error: OSError) -> PortError:
    """The port went away while it was open."""
    return PortError(f"{name}: the port is gone ({error}); plug it in and open it again")
