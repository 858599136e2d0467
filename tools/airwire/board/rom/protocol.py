"""The loader's packets: which commands there are, what a request and an answer look like.

A request is direction 0, operation, size of its data, checksum, data; an answer is direction 1,
operation, size, value, data, status. Little-endian; each is a SLIP frame.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

_HEADER = struct.Struct("<BBHI")
_REQUEST, _ANSWER = 0, 1

# What an XOR over the bytes of a block starts with.
_CHECKSUM_SEED = 0xEF


class Op(IntEnum):
    """Commands. Those from ERASE_FLASH on are the flasher stub's."""

    FLASH_BEGIN = 0x02
    FLASH_DATA = 0x03
    FLASH_END = 0x04
    MEM_BEGIN = 0x05
    MEM_END = 0x06
    MEM_DATA = 0x07
    SYNC = 0x08
    WRITE_REG = 0x09
    READ_REG = 0x0A
    SPI_SET_PARAMS = 0x0B
    SPI_ATTACH = 0x0D
    READ_FLASH_SLOW = 0x0E
    CHANGE_BAUDRATE = 0x0F
    FLASH_DEFL_BEGIN = 0x10
    FLASH_DEFL_DATA = 0x11
    FLASH_DEFL_END = 0x12
    SPI_FLASH_MD5 = 0x13
    ERASE_FLASH = 0xD0
    ERASE_REGION = 0xD1
    READ_FLASH = 0xD2
    RUN_USER_CODE = 0xD3


class Refused(Exception):
    """A command fails with this status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"status {code:#04x}")
        self.code = code


# Reasons of the ROM.
INVALID, FAILED, BAD_CHECKSUM, FLASH_WRITE, FLASH_READ, BAD_READ_LENGTH, DEFLATE = range(5, 12)


@dataclass(frozen=True)
class Request:
    """A command. `checksum` counts only for blocks of data."""

    op: int
    data: bytes
    checksum: int = 0

    def words(self, count: int) -> tuple[int, ...]:
        """The first `count` words of its data. Raises Refused when it has less."""
        if len(self.data) < 4 * count:
            raise Refused(INVALID)
        return struct.unpack_from(f"<{count}I", self.data)

    def block(self) -> tuple[int, bytes]:
        """Number and bytes of a block of data. Raises Refused."""
        size, number, _, _ = self.words(4)
        block = self.data[16:]
        if len(block) != size:
            raise Refused(INVALID)
        if checksum(block) != self.checksum:
            raise Refused(BAD_CHECKSUM)
        return number, block


def parse(frame: bytes) -> Request | None:
    """The request in a frame; None when there is none."""
    if len(frame) < _HEADER.size:
        return None
    direction, op, size, value = _HEADER.unpack_from(frame)
    data = frame[_HEADER.size :]
    if direction != _REQUEST or size != len(data):
        return None
    return Request(op, data, value)


def answer(op: int, status: bytes, value: int = 0, data: bytes = b"") -> bytes:
    """The frame that answers a request."""
    body = data + status
    return _HEADER.pack(_ANSWER, op, len(body), value) + body


def checksum(data: bytes) -> int:
    """Of a block of data: one byte."""
    value = _CHECKSUM_SEED
    for byte in data:
        value ^= byte
    return value
