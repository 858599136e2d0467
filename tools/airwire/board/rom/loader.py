"""The commands of the loaders. `Loader` has what ROM and flasher stub share, `Rom` is the ROM's.

A loader gets bytes and gives bytes. What it cannot do itself is left in `baud` (the line's new
speed) and `leaves` (how it was left), for who carries the bytes.
"""

import hashlib
import zlib
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from airwire.board.rom import slip
from airwire.board.rom.protocol import (
    BAD_READ_LENGTH,
    DEFLATE,
    FAILED,
    FLASH_WRITE,
    INVALID,
    Op,
    Refused,
    Request,
    answer,
    parse,
)
from airwire.board.rom.registers import Registers

# A SYNC is this; it is answered so often.
_SYNC = b"\x07\x07\x12\x20" + b"\x55" * 32
_SYNC_ANSWERS = 8

SECTOR = 4096

Handler = Callable[[Request], tuple[int, bytes]]


class Flash(Protocol):
    """What a loader works on. Addresses and lengths have been checked."""

    size: int

    def read(self, address: int, length: int) -> bytes: ...
    def program(self, address: int, data: bytes) -> None: ...
    def erase(self, address: int, length: int) -> None: ...


class Leave(Enum):
    """What follows a loader: the firmware, a program that was loaded into RAM, or, after a reset
    of the processor alone, the ROM again: GPIO0 is not looked at anew.
    """

    FIRMWARE = 1
    RAM = 2
    ROM = 3


class Loader:
    """The commands that both have."""

    # What FLASH_END does that does not reset.
    _stays: Leave | None = None
    # What a status is followed by.
    _padding = b""
    # In the answer to SYNC: esptool tells a stub that runs already by 0.
    _sync_value = 0

    def __init__(self, flash: Flash, registers: Registers) -> None:
        self._flash, self._registers = flash, registers
        self._decoder = slip.Decoder()
        self._next = self._end = (
            0  # where the coming block goes, and the end of what was announced
        )
        self._number = 0  # of the coming block
        self._block_size = 0
        self._inflater: zlib._Decompress | None = None
        self.baud: int | None = None
        self.leaves: Leave | None = None
        self._handlers: dict[int, Handler] = {
            Op.SYNC: self._sync,
            Op.READ_REG: self._read_register,
            Op.WRITE_REG: self._write_register,
            Op.SPI_ATTACH: self._accept,
            Op.SPI_SET_PARAMS: self._accept,
            Op.FLASH_BEGIN: self._begin,
            Op.FLASH_DATA: self._data,
            Op.FLASH_END: self._finish,
            Op.FLASH_DEFL_BEGIN: self._begin_deflated,
            Op.FLASH_DEFL_DATA: self._data_deflated,
            Op.FLASH_DEFL_END: self._finish,
            Op.CHANGE_BAUDRATE: self._change_baud,
            Op.SPI_FLASH_MD5: self._md5,
        }

    def receive(self, data: bytes) -> bytes:
        """What answers these bytes, as it goes over the wire."""
        frames: list[bytes] = []
        for frame in self._decoder.feed(data):
            if self.leaves is None:  # what comes behind is for who follows
                frames += self._frame(frame)
        return b"".join(slip.pack(frame) for frame in frames)

    def _frame(self, frame: bytes) -> list[bytes]:
        request = parse(frame)
        if request is None:  # noise, or the half of a request whose sender was killed
            return []
        value, data, status = 0, b"", b"\0\0"
        try:
            handler = self._handlers.get(request.op)
            if handler is None:
                raise Refused(INVALID)
            value, data = handler(request)
        except Refused as refused:
            status = bytes((1, refused.code))
        times = _SYNC_ANSWERS if request.op == Op.SYNC else 1
        return [answer(request.op, status + self._padding, value, data)] * times

    # Flash

    def _area(self, address: int, length: int) -> None:
        """Raises Refused for what is not on the chip."""
        if address + length > self._flash.size:
            raise Refused(FAILED)

    def _erase(self, address: int, length: int) -> None:
        self._area(address, length)
        if length:
            end = -(-(address + length) // SECTOR) * SECTOR
            start = address // SECTOR * SECTOR
            self._flash.erase(start, end - start)

    def _begin(self, request: Request) -> tuple[int, bytes]:
        length, _, self._block_size, address = request.words(4)
        self._erase(address, length)
        self._next, self._end, self._number = address, address + length, 0
        self._inflater = None
        return 0, b""

    def _begin_deflated(self, request: Request) -> tuple[int, bytes]:
        self._begin(request)
        self._inflater = zlib.decompressobj()
        return 0, b""

    def _data(self, request: Request) -> tuple[int, bytes]:
        number, block = request.block()
        if self._inflater is not None:
            raise Refused(FAILED)
        # One that was answered in vain comes again.
        if number not in (self._number, self._number - 1) or len(block) > self._block_size:
            raise Refused(FAILED)
        if number == self._number:
            self._program(block)
            self._number += 1
        return 0, b""

    def _data_deflated(self, request: Request) -> tuple[int, bytes]:
        number, block = request.block()
        if self._inflater is None or number not in (self._number, self._number - 1):
            raise Refused(FAILED)
        if number == self._number:
            try:
                plain = self._inflater.decompress(block, self._end - self._next + 1)
            except zlib.error:
                raise Refused(DEFLATE) from None
            if self._next + len(plain) > self._end:
                raise Refused(FLASH_WRITE)
            self._program(plain)
            self._number += 1
        return 0, b""

    def _program(self, data: bytes) -> None:
        # The last block is filled up to its size: what goes beyond the end is not part of it.
        data = data[: self._end - self._next]
        if data:
            self._flash.program(self._next, data)
            self._next += len(data)

    def _finish(self, request: Request) -> tuple[int, bytes]:
        stay = request.words(1)[0]
        self.leaves = self._stays if stay else Leave.ROM
        return 0, b""

    def _digest(self, request: Request) -> "hashlib._Hash":
        address, length, _, _ = request.words(4)
        self._area(address, length)
        return hashlib.md5(self._flash.read(address, length))

    def _md5(self, request: Request) -> tuple[int, bytes]:
        return 0, self._digest(request).digest()

    # The rest

    def _accept(self, request: Request) -> tuple[int, bytes]:
        return 0, b""

    def _sync(self, request: Request) -> tuple[int, bytes]:
        if request.data != _SYNC:
            raise Refused(INVALID)
        return self._sync_value, b""

    def _read_register(self, request: Request) -> tuple[int, bytes]:
        return self._registers.read(request.words(1)[0]), b""

    def _write_register(self, request: Request) -> tuple[int, bytes]:
        words = request.words(len(request.data) // 4)
        if not words or len(words) % 4:
            raise Refused(INVALID)
        for at in range(0, len(words), 4):  # address, value, mask, microseconds to wait
            self._registers.write(*words[at : at + 3])
        return 0, b""

    def _change_baud(self, request: Request) -> tuple[int, bytes]:
        baud = request.words(2)[0]
        if not 300 <= baud <= 5_000_000:
            raise Refused(FAILED)
        self._registers.set_baud(baud)
        self.baud = baud
        return 0, b""


class Rom(Loader):
    """What an ESP32 has in its ROM."""

    _stays = Leave.FIRMWARE
    _padding = b"\0\0"
    _sync_value = 0x20120707

    # The most that one READ_FLASH_SLOW gives; it always gives so much.
    _READ = 64

    def __init__(self, flash: Flash, registers: Registers) -> None:
        super().__init__(flash, registers)
        self._loading = 0  # blocks of a RAM segment that have not come yet
        self._handlers |= {
            Op.MEM_BEGIN: self._begin_memory,
            Op.MEM_DATA: self._memory,
            Op.MEM_END: self._end_memory,
            Op.READ_FLASH_SLOW: self._read_slowly,
        }

    def _begin(self, request: Request) -> tuple[int, bytes]:
        if request.words(4)[3] % SECTOR:  # its erase wants whole sectors
            raise Refused(FAILED)
        return super()._begin(request)

    def _md5(self, request: Request) -> tuple[int, bytes]:
        return 0, self._digest(request).hexdigest().encode()

    def _read_slowly(self, request: Request) -> tuple[int, bytes]:
        address, length = request.words(2)
        if length > self._READ:
            raise Refused(BAD_READ_LENGTH)
        self._area(address, length)
        return 0, self._flash.read(address, length).ljust(self._READ, b"\0")

    def _begin_memory(self, request: Request) -> tuple[int, bytes]:
        _, self._loading, self._block_size, _ = request.words(4)
        self._number = 0
        return 0, b""

    def _memory(self, request: Request) -> tuple[int, bytes]:
        number, block = request.block()
        if number != self._number or not self._loading or len(block) > self._block_size:
            raise Refused(FAILED)
        self._number += 1
        self._loading -= 1
        return 0, b""

    def _end_memory(self, request: Request) -> tuple[int, bytes]:
        stay, _ = request.words(2)
        if self._loading:
            raise Refused(FAILED)
        if not stay:
            self.leaves = Leave.RAM
        return 0, b""
