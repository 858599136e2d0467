"""The flasher that esptool loads into RAM and starts, as far as its host can tell.

It is faster than the ROM: longer blocks, flash read in a stream. It erases the whole chip, and it
stays after a write.
"""

import hashlib

from airwire.board.rom import slip
from airwire.board.rom.loader import Flash, Leave, Loader
from airwire.board.rom.protocol import INVALID, Op, Refused, Request
from airwire.board.rom.registers import Registers

_GREETING = b"OHAI"


class Stub(Loader):
    """Follows a Rom that was left for RAM."""

    def __init__(self, flash: Flash, registers: Registers) -> None:
        super().__init__(flash, registers)
        self._read: _Reading | None = None
        self._handlers |= {
            Op.ERASE_FLASH: self._erase_flash,
            Op.ERASE_REGION: self._erase_region,
            Op.READ_FLASH: self._read_flash,
            Op.RUN_USER_CODE: self._run,
        }

    @property
    def greeting(self) -> bytes:
        """What it sends when it starts."""
        return slip.pack(_GREETING)

    def _frame(self, frame: bytes) -> list[bytes]:
        if self._read is not None and len(frame) == 4:
            frames = self._read.acknowledged(int.from_bytes(frame, "little"))
            if self._read.finished:
                self._read = None
            return frames
        self._read = None
        frames = super()._frame(frame)
        return frames + self._read.frames() if self._read else frames

    def _run(self, request: Request) -> tuple[int, bytes]:
        self.leaves = Leave.FIRMWARE
        return 0, b""

    def _erase_flash(self, request: Request) -> tuple[int, bytes]:
        self._flash.erase(0, self._flash.size)
        return 0, b""

    def _erase_region(self, request: Request) -> tuple[int, bytes]:
        self._erase(*request.words(2))
        return 0, b""

    def _read_flash(self, request: Request) -> tuple[int, bytes]:
        address, length, block, ahead = request.words(4)
        if not 0 < block <= slip.MAX_FRAME or not ahead:
            raise Refused(INVALID)
        self._area(address, length)
        self._read = _Reading(self._flash.read(address, length), block, ahead)
        return 0, b""


class _Reading:
    """A stream of flash: blocks, so many ahead of their acknowledgements, and a digest."""

    def __init__(self, data: bytes, block: int, ahead: int) -> None:
        self._data, self._block, self._ahead = data, block, ahead * block
        self._sent = self._taken = 0
        self.finished = False

    def acknowledged(self, taken: int) -> list[bytes]:
        """The frames that follow, now that the host has so many bytes in all."""
        self._taken = max(self._taken, min(taken, self._sent))
        return self.frames()

    def frames(self) -> list[bytes]:
        """The frames that may be sent now."""
        frames = []
        while self._sent < min(len(self._data), self._taken + self._ahead):
            block = self._data[self._sent : self._sent + self._block]
            frames.append(block)
            self._sent += len(block)
        if self._taken == len(self._data):
            frames.append(hashlib.md5(self._data).digest())
            self.finished = True
        return frames
