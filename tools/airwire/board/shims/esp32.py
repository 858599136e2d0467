# esp32.Partition over the board's flash, after ports/esp32/esp32_partition.c and IDF's
# esp_partition.c and esp_ota_ops.c: same checks, same errors. The table is read once, as IDF does
# at start. NVS, RMT, ULP are not here yet.

import struct

import _board
from micropython import const

_TABLE = const(0x8000)
_TABLE_SIZE = const(0xC00)
_ROW = const(32)
_BLOCK = const(4096)  # NATIVE_BLOCK_SIZE_BYTES
_FACTORY = const(0)
_FAT = const(0x81)
_IMAGE_MAGIC = const(0xE9)
_ANY = const(0xFF)

_ERRORS = {
    0x102: "ESP_ERR_INVALID_ARG",
    0x104: "ESP_ERR_INVALID_SIZE",
    0x105: "ESP_ERR_NOT_FOUND",
    0x1503: "ESP_ERR_OTA_VALIDATE_FAILED",
}
_INVALID_ARG = const(0x102)
_INVALID_SIZE = const(0x104)
_NOT_FOUND = const(0x105)
_VALIDATE_FAILED = const(0x1503)


def _fail(code):
    raise OSError(-code, _ERRORS[code])


def _read_table():
    # Rows as Partition.info() gives them. Without a valid MD5 row there is no partition at all
    # (IDF's default).
    import hashlib

    flash = _board.flash
    row = bytearray(_ROW)
    digest = hashlib.md5()
    rows = []
    for at in range(_TABLE, _TABLE + _TABLE_SIZE, _ROW):
        flash.read(at, row)
        if row[:2] == b"\xeb\xeb":
            if row[16:] != digest.digest():
                return []
            break
        if row[:2] != b"\xaa\x50":
            return []
        digest.update(row)
        _, kind, subtype, offset, size, label, flags = struct.unpack("<HBBII16sI", row)
        label = label.split(b"\0")[0].decode()
        rows.append((kind, subtype, offset, size, label, bool(flags & 1)))
    if not any(
        row[4] in ("vfs", "ffat") for row in rows
    ):  # boardctrl_startup() of the port registers one
        end = max(row[2] + row[3] for row in rows)
        if flash.size > end:
            rows.append((Partition.TYPE_DATA, _FAT, end, flash.size - end, "vfs", False))
    return rows


def _rows():
    global _table
    if _table is None:
        _table = _read_table()
    return _table


_table = None


class Partition:
    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, which, block_size=_BLOCK):
        row = which
        if isinstance(which, int):
            if which not in (Partition.BOOT, Partition.RUNNING):
                raise ValueError
            row = _first(Partition.TYPE_APP)  # a table without OTA: both are the factory partition
        elif isinstance(which, str):
            row = _first(Partition.TYPE_APP, which) or _first(Partition.TYPE_DATA, which)
        if row is None:
            raise OSError(2)
        self._row = row
        self._start = row[2]
        self._size = row[3]
        self._block = block_size & 0xFFFF

    def __repr__(self):
        return (
            "<Partition type=%d, subtype=%d, address=%d, size=%d, label=%s, encrypted=%d>"
            % self._row
        )

    @staticmethod
    def find(type=TYPE_APP, subtype=_ANY, label=None, block_size=_BLOCK):
        return [
            Partition(row, block_size)
            for row in _rows()
            if row[0] == type and subtype in (_ANY, row[1]) and label in (None, row[4])
        ]

    def info(self):
        return self._row

    def _check(self, offset, length):
        if offset < 0 or offset > self._size:
            _fail(_INVALID_ARG)
        if offset + length > self._size:
            _fail(_INVALID_SIZE)
        return self._start + offset

    def readblocks(self, block, buf, offset=0):
        at = self._check(block * self._block + offset, len(buf))
        _board.flash.read(at, buf)

    def writeblocks(self, block, buf, offset=None):
        _board.glance()
        at = block * self._block
        if offset is not None:  # the caller has erased
            at += offset
        elif self._block >= _BLOCK:
            self._erase(at, len(buf))
        else:
            self._make_room(at, len(buf))
        _board.flash.program(self._check(at, len(buf)), buf)

    def _erase(self, offset, length):
        at = self._check(offset, length)
        if offset % _BLOCK:
            _fail(_INVALID_ARG)
        if length % _BLOCK:
            _fail(_INVALID_SIZE)
        for block in range(at, at + length, _BLOCK):
            _board.flash.erase(block)

    def _make_room(self, offset, length):
        # Blocks smaller than what the flash erases: what lies around them is written back.
        flash = _board.flash
        cache = memoryview(bytearray(_BLOCK))
        top = offset + length
        for at in range(offset // _BLOCK * _BLOCK, top, _BLOCK):
            before = max(0, offset - at)
            after = max(0, top - at) if top < at + _BLOCK else _BLOCK
            start = self._check(at, _BLOCK)
            flash.read(start, cache)
            flash.erase(start)
            if before:
                flash.program(start, cache[:before])
            if after < _BLOCK:
                flash.program(start + after, cache[after:])

    def ioctl(self, op, arg):
        if op in (1, 2, 3):  # INIT, DEINIT, SYNC
            return 0
        if op == 4:
            return self._size // self._block
        if op == 5:
            return self._block
        if op == 6:
            _board.glance()
            if self._block != _BLOCK:
                return -22
            self._erase(arg * _BLOCK, _BLOCK)
            return 0

    def set_boot(self):
        magic = bytearray(1)
        self.readblocks(0, magic)
        if self._row[0] != Partition.TYPE_APP or magic[0] != _IMAGE_MAGIC:
            _fail(_VALIDATE_FAILED)
        _fail(_NOT_FOUND)  # no otadata partition to write the choice to

    def get_next_update(self):
        raise OSError(2)  # no OTA partition in the table

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        _fail(_NOT_FOUND)


def _first(kind, label=None):
    for row in _rows():
        if row[0] == kind and label in (None, row[4]):
            return row
    return None


# IDF's heap: what a connected station leaves, less the connections of TLS, as one region.

HEAP_DATA = const(4)
HEAP_EXEC = const(1)


def idf_heap_info(capabilities):
    if not capabilities & HEAP_DATA:
        return []
    import _tls

    free = _tls.free()
    return [(_tls.HEAP, free, free, free)]


# Deep sleep: the pins of the RTC (esp32_rtc.h: the others cannot wake the chip)

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True
_RTC_PINS = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39)
_wake = None  # (GPIO, level) that ends a deep sleep


def wake_on_ext0(pin=None, level=WAKEUP_ANY_HIGH):
    global _wake
    if pin is None:
        _wake = None
        return
    number = pin if isinstance(pin, int) else pin._gpio
    if number not in _RTC_PINS:
        raise ValueError("invalid pin")
    _wake = (number, int(level))


def gpio_deep_sleep_hold(enable):
    """Whether a hold keeps the pads that the RTC does not have through a deep sleep."""
    _board.send(b"sleep-hold %d\n" % bool(enable))
