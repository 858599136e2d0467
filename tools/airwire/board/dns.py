"""The name server of an access point: A records from a table, NXDOMAIN for other names, silence
when told so.

An answerer of its own, on purpose not built on lib/wire/dns.py: the firmware's resolver is tested
against it.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping

PORT = 53

# A name that the board can always ask for: the host that the virtual board runs on.
HOST_NAME, HOST_ADDRESS = "host.airwire", "127.0.0.1"

_HEADER = struct.Struct(">6H")
_RESPONSE, _AUTHORITATIVE, _RECURSION_DESIRED, _RECURSION_AVAILABLE = (
    0x8000,
    0x0400,
    0x0100,
    0x0080,
)
_OPCODE = 0x7800
_FORMAT_ERROR, _NAME_ERROR, _NOT_IMPLEMENTED = 1, 3, 4
_A, _ANY, _IN = 1, 255, 1
# Short enough that a changed table is soon seen, as with dynamic names.
_TTL = 60


def answer(query: bytes, names: Mapping[str, str]) -> bytes | None:
    """The answer to one datagram, or None where none is due (a response, or less than a
    header).
    """
    if len(query) < _HEADER.size:
        return None
    ident, flags, questions, *_ = _HEADER.unpack_from(query)
    if flags & _RESPONSE:
        return None
    head = (
        _RESPONSE | _AUTHORITATIVE | _RECURSION_AVAILABLE | flags & (_OPCODE | _RECURSION_DESIRED)
    )
    if flags & _OPCODE:
        return _HEADER.pack(ident, head | _NOT_IMPLEMENTED, 0, 0, 0, 0)
    parsed = _question(query) if questions == 1 else None
    if parsed is None:
        return _HEADER.pack(ident, head | _FORMAT_ERROR, 0, 0, 0, 0)
    name, kind, end = parsed
    question = query[_HEADER.size : end]
    address = HOST_ADDRESS if name == HOST_NAME else names.get(name)
    if address is None:
        return _HEADER.pack(ident, head | _NAME_ERROR, 1, 0, 0, 0) + question
    if kind not in (_A, _ANY):
        return _HEADER.pack(ident, head, 1, 0, 0, 0) + question
    record = struct.pack(">3HLH", 0xC000 | _HEADER.size, _A, _IN, _TTL, 4) + socket.inet_aton(
        address
    )
    return _HEADER.pack(ident, head, 1, 1, 0, 0) + question + record


def _question(query: bytes) -> tuple[str, int, int] | None:
    """Name (lower case), type and end of the first question; None if it is not well formed."""
    labels = []
    at = _HEADER.size
    while at < len(query) and query[at]:
        length = query[at]
        if length > 63:  # a pointer: a question has nothing to point back to
            return None
        labels.append(query[at + 1 : at + 1 + length])
        at += 1 + length
    if at + 5 > len(query):
        return None
    kind, _ = struct.unpack_from(">2H", query, at + 1)
    return b".".join(labels).decode("latin-1").lower(), kind, at + 5


class NameServer(asyncio.DatagramProtocol):
    """Serves the table that `table()` returns at that moment; None keeps it silent."""

    def __init__(self, table: Callable[[], Mapping[str, str] | None]) -> None:
        self._table = table
        self.queries = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        self.queries += 1
        names = self._table()
        reply = None if names is None else answer(data, names)
        if reply is not None:
            self._transport.sendto(reply, sender)
