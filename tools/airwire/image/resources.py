"""Files of the user that the image brings along, read-only for the command language: certificates
above all. They lie in /resources/ on the device.
"""

from collections.abc import Iterable
from pathlib import Path

from airwire.errors import UserError

FOLDER = "resources"
_MAX_NAME = 64  # bytes, as of the files that are made on the device


def load(paths: Iterable[Path]) -> dict[str, bytes]:
    """Path on the device (no leading slash) -> content. Raises UserError."""
    found: dict[str, bytes] = {}
    for path in paths:
        name = f"{FOLDER}/{path.name}"
        size = len(path.name.encode())
        if not 0 < size <= _MAX_NAME or not path.name.isprintable():
            raise UserError(f"{path}: a name of 1 to {_MAX_NAME} printable characters is needed")
        if name in found:
            raise UserError(f"{path}: there are two resources of this name")
        try:
            found[name] = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from None
    return found
