"""The board's flash chip as the supervisor changes it while no firmware runs: programming only
clears bits, an erase sets whole sectors, and both are counted in the file of counters.

The firmware's side of the same files is shims/_flash.py, which also tells their format.
"""

import struct
from pathlib import Path

SECTOR = 4096
_HEAD = struct.Struct("<QQ")  # erases, programs; then the erases of each sector


class Nor:
    """A flash chip of a file's size. Closed by `close`."""

    def __init__(self, image: Path, counters: Path) -> None:
        self._file = image.open("r+b", buffering=0)
        self.size = self._file.seek(0, 2)
        self._counters = counters
        sectors = self.size // SECTOR
        data = counters.read_bytes() if counters.exists() else b""
        data = data.ljust(_HEAD.size + 4 * sectors, b"\0")
        self._erases, self._programs = _HEAD.unpack_from(data)
        self._worn = list(struct.unpack_from(f"<{sectors}I", data, _HEAD.size))

    def close(self) -> None:
        """Nothing follows."""
        self._file.close()

    def read(self, address: int, length: int) -> bytes:
        """What is there."""
        self._file.seek(address)
        return self._file.read(length)

    def program(self, address: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`."""
        there = int.from_bytes(self.read(address, len(data)), "little")
        both = there & int.from_bytes(data, "little")
        self._file.seek(address)
        self._file.write(both.to_bytes(len(data), "little"))
        self._programs += 1
        self._count()

    def erase(self, address: int, length: int) -> None:
        """Set all bits of whole sectors."""
        self._file.seek(address)
        self._file.write(b"\xff" * length)
        for sector in range(address // SECTOR, (address + length) // SECTOR):
            self._erases += 1
            self._worn[sector] += 1
        self._count()

    def _count(self) -> None:
        head = _HEAD.pack(self._erases, self._programs)
        self._counters.write_bytes(head + struct.pack(f"<{len(self._worn)}I", *self._worn))


def counters(path: Path) -> dict[str, int]:
    """What a file of counters tells: erases and programs since the flash was made, and the erases
    of its most worn sector.
    """
    try:
        data = path.read_bytes()
        erased, programmed = _HEAD.unpack_from(data)
        worn = struct.unpack_from(f"<{(len(data) - _HEAD.size) // 4}I", data, _HEAD.size)
    except (OSError, struct.error):
        return {"erased": 0, "programmed": 0, "most_worn": 0}
    return {"erased": erased, "programmed": programmed, "most_worn": max(worn, default=0)}
