"""The DCT as a piece of a flash image: taken from a file, and what is in it. Its format is
wire/dct.py; who makes and changes one is airwire.dct.
"""

from dataclasses import dataclass
from pathlib import Path

from airwire.errors import UserError
from airwire.image import layout
from airwire.wire import dct

ERASED = b"\xff" * dct.SIZE

_SECTIONS = {
    dct.MANUFACTURING: "manufacturing",
    dct.VARIABLES: "variables",
    dct.IDENTITY: "identity",
}
_KINDS = {dct.TEXT: "text", dct.CERTIFICATE: "certificate", dct.KEY: "key", dct.ROOTS: "roots"}


@dataclass(frozen=True)
class Entry:
    """What a report says of an entry. Never its content: keys and passwords are in there."""

    section: str
    name: str
    kind: str
    size: int


def load(path: Path) -> bytes:
    """A partition from a file, as `airwire dct` writes it. Raises UserError for one that a module
    would not read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    if len(data) != layout.DCT.size:
        raise UserError(f"{path}: {len(data)} bytes; a DCT has {layout.DCT.size}")
    try:
        dct.current(data)
    except dct.DctError as error:
        raise UserError(f"{path}: {told(error)}") from None
    return data


def entries(partition: bytes) -> list[Entry]:
    """What the table in force holds. Raises dct.DctError."""
    return [
        Entry(_SECTIONS[section], name.decode(), _KINDS[kind], len(data))
        for section, name, kind, data in dct.current(partition)[2]
    ]


def told(error: dct.DctError) -> str:
    """Why a partition is not read."""
    return f"not a DCT: {error.args[0].decode()}"
