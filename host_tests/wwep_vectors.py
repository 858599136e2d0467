"""Messages to a WWEP server and the replies that it owes, written out by hand from the protocol's
description; and how a client puts them on a connection.

Every server has to pass them: the computer's and the board's, on the open and on the secure port.
They are one conversation with a server that starts empty: VECTORS first, then those of its kind.
"""

import socket
import time
from collections.abc import Callable
from typing import NamedTuple

PATIENCE = 30  # seconds: what has not come by then will not come, on the slowest machine

# Attempts for a message that the server may have refused because the machine stalled for longer
# than its tenth of a second.
ATTEMPTS = 5

SHORT = 0.02  # seconds between two pieces that belong together: more than the server's "at once"
LONG = 0.4  # seconds, longer than it waits for a message


class Vector(NamedTuple):
    """`pieces` are sent one after the other; a number is a pause in seconds. `bare` is the reply,
    `reason` that of a server that says why.
    """

    name: str
    pieces: tuple[bytes | float, ...]
    bare: bytes
    reason: bytes


def _one(name: str, message: bytes, bare: bytes, reason: bytes) -> Vector:
    return Vector(name, (message,), bare, reason)


LENGTH = b"X illegal message length"
COMMAND = b"X illegal command"
CHARACTER = b"X illegal character"

VECTORS = [
    # The protocol's own examples, in their order.
    _one("read before any write", b"R0FAC0B", b"X", b"X Not Found"),
    _one("write", b"W0FAC0B1234", b"A0FAC0B1234", b"A0FAC0B1234"),
    _one("read", b"R0FAC0B", b"A0FAC0B1234", b"A0FAC0B1234"),
    _one("read of another device", b"R0BAC0B", b"X", b"X Not Found"),
    _one("write cut short", b"W01234", b"X", LENGTH),
    _one("no hex digit", b"W0FAC0B12G4", b"X", CHARACTER),
    _one("command in lower case", b"w0FAC0B1234", b"X", COMMAND),
    _one("digits in lower case", b"W0fac0babcd", b"A0FAC0BABCD", b"A0FAC0BABCD"),
    _one("read with LF", b"R0FAC0B\n", b"A0FAC0BABCD", b"A0FAC0BABCD"),
    _one("write with LF", b"W0FAC0B1234\n", b"A0FAC0B1234", b"A0FAC0B1234"),
    _one("13 bytes", b"W0FAC0B123456", b"X", LENGTH),
    # Lengths.
    _one("12 bytes without LF", b"W0FAC0B12345", b"X", LENGTH),
    _one("write without its last digit", b"W0FAC0B123", b"X", LENGTH),
    _one("write as long as a read", b"W0FAC0B", b"X", LENGTH),
    _one("read as long as a write", b"R0FAC0B1234", b"X", LENGTH),
    _one("read without its last digit", b"R0FAC0", b"X", LENGTH),
    _one("command alone", b"R", b"X", LENGTH),
    _one("nothing but LF", b"\n", b"X", LENGTH),
    _one("nothing at all", b"", b"X", LENGTH),
    _one("two LF", b"R0FAC0B\n\n", b"X", LENGTH),
    _one("CR LF", b"W0FAC0B1234\r\n", b"X", LENGTH),
    _one("LF in front", b"\nR0FAC0B", b"X", LENGTH),
    _one("another protocol", b"GET / HTTP/1.1\r\nHost: board\r\n\r\n", b"X", LENGTH),
    _one("44 KB", b"W0FAC0B1234" * 4000, b"X", LENGTH),
    # Commands.
    _one("read in lower case", b"r0FAC0B", b"X", COMMAND),
    _one("a reply", b"A0FAC0B1234", b"X", COMMAND),
    _one("a refusal", b"X0FAC0B", b"X", COMMAND),
    _one("a blank", b" 0FAC0B", b"X", COMMAND),
    # Characters that a lenient reader of numbers takes.
    _one("plus sign", b"W+FAC0B1234", b"X", CHARACTER),
    _one("minus sign", b"W-FAC0B1234", b"X", CHARACTER),
    _one("underscore", b"W0_AC0B1234", b"X", CHARACTER),
    _one("blank in a number", b"W 0FA0B1234", b"X", CHARACTER),
    _one("0x", b"W0x1F0B1234", b"X", CHARACTER),
    _one("trailing blank", b"R0FAC0 ", b"X", CHARACTER),
    _one("byte of 255", b"W0FAC0B12\xff4", b"X", CHARACTER),
    _one("refused writes have changed nothing", b"R0FAC0B", b"A0FAC0B1234", b"A0FAC0B1234"),
    # Ends of the ranges.
    _one("lowest write", b"W0000000000", b"A0000000000", b"A0000000000"),
    _one("lowest read", b"R000000", b"A0000000000", b"A0000000000"),
    _one("highest write", b"WFFFFFFFFFF", b"AFFFFFFFFFF", b"AFFFFFFFFFF"),
    _one("highest read, lower case", b"Rffffff", b"AFFFFFFFFFF", b"AFFFFFFFFFF"),
    _one("register beside", b"RFFFFFE", b"X", b"X Not Found"),
    _one("device beside", b"RFFFEFF", b"X", b"X Not Found"),
    # On and off, as the button writes them.
    _one("LED on", b"W02EC050001", b"A02EC050001", b"A02EC050001"),
    _one("LED off", b"W02EC050000", b"A02EC050000", b"A02EC050000"),
    _one("what the LED is", b"R02EC05", b"A02EC050000", b"A02EC050000"),
    # In pieces.
    Vector("write in two segments", (b"W02EC0", b"50001"), b"A02EC050001", b"A02EC050001"),
    Vector("slow write", (b"W02EC0", SHORT, b"50002"), b"A02EC050002", b"A02EC050002"),
    Vector("slow read", (b"R02", SHORT, b"EC", SHORT, b"05"), b"A02EC050002", b"A02EC050002"),
    Vector("LF in a segment of its own", (b"R02EC05", b"\n"), b"A02EC050002", b"A02EC050002"),
    Vector("too slow", (b"W02EC0", LONG, b"50003"), b"X", LENGTH),
    Vector("too long in two segments", (b"W02EC050003", b"\n\n"), b"X", LENGTH),
    _one("neither was stored", b"R02EC05", b"A02EC050002", b"A02EC050002"),
]
STRICT = [
    _one("NUL only", b"\0\0\0\0\0\0\0", b"X", COMMAND),
    _one("NUL behind a read", b"R02EC05\0", b"X", LENGTH),
    _one("AWEP's write", b"W02ec050001\0fillerfi", b"X", LENGTH),
    _one("AWEP's read", b"R02EC05\0\0\0\0\0\0\0\0\0\0\0\0\0", b"X", LENGTH),
]
TOLERANT = [
    _one("AWEP's write", b"W02ec050001\0fillerfi", b"A02EC050001", b"A02EC050001"),
    _one("AWEP's read", b"R02ec05\0\0\0\0\0\0\0\0\0\0\0\0\0", b"A02EC050001", b"A02EC050001"),
    _one("NUL behind a read", b"R02EC05\0", b"A02EC050001", b"A02EC050001"),
    _one("LF and NUL", b"R02EC05\n\0filler", b"A02EC050001", b"A02EC050001"),
    Vector(
        "AWEP's write in two segments",
        (b"W02ec05", b"0004\0fillerfi"),
        b"A02EC050004",
        b"A02EC050004",
    ),
    _one("21 bytes", b"R02EC05\0fillerfillerf", b"X", LENGTH),
    _one("lower case and NUL", b"w02ec050001\0fillerfi", b"X", COMMAND),
    _one("12 bytes without NUL", b"W02EC0500012", b"X", LENGTH),
    _one("NUL in front", b"\0W02EC050001", b"X", LENGTH),
]

# What is stored at the end, by device and register, of a strict and of a tolerant server.
STRICT_REGISTERS = [(0x0000, 0, 0), (0x02EC, 5, 2), (0x0FAC, 0x0B, 0x1234), (0xFFFF, 0xFF, 0xFFFF)]
TOLERANT_REGISTERS = [
    (0x0000, 0, 0),
    (0x02EC, 5, 4),
    (0x0FAC, 0x0B, 0x1234),
    (0xFFFF, 0xFF, 0xFFFF),
]


def of(tolerant: bool) -> list[Vector]:
    """The conversation with a server of that kind."""
    return VECTORS + (TOLERANT if tolerant else STRICT)


def send(connection: socket.socket, pieces: tuple[bytes | float, ...]) -> bytes:
    """Send a message as its vector says; all that the server answers until it closes."""
    connection.settimeout(PATIENCE)
    for piece in pieces:
        if isinstance(piece, float):
            time.sleep(piece)
        elif piece:
            try:
                connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break  # it has decided already
    data = b""
    while piece := connection.recv(4096):
        data += piece
    return data


def converse(
    connect: Callable[[], socket.socket], tolerant: bool, reasons: bool
) -> list[tuple[str, int, bytes]]:
    """Go through the conversation, each message on a connection of its own; what the server's
    console has to say: (address, port, reply) of every transaction.
    """
    said = []
    for vector in of(tolerant):
        expected = vector.reason if reasons else vector.bare
        for attempt in range(ATTEMPTS):
            with connect() as connection:
                address, port = connection.getsockname()
                reply = send(connection, vector.pieces)
            said.append((address, port, reply))
            if reply == expected or attempt == ATTEMPTS - 1 or reply[:1] == expected[:1]:
                break
        assert reply == expected, (vector.name, reply)
    return said
