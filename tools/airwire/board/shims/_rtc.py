# machine.RTC: the board's clock and 2048 bytes, both kept in a file that resets leave alone and a
# loss of power does not. The file: b"AWRT", i64 LE (RTC microseconds since 2000 minus the host's
# since 1970), u16 LE length, the bytes.

import struct
import time

import _board
import utime
from micropython import const

_MOST = const(2048)  # MICROPY_HW_RTC_USER_MEM_MAX
_OFFSET_AT = const(4)
_LENGTH_AT = const(12)


def _open():
    return open(_board.host + _board.config["rtc"], "r+b")


class RTC:
    def datetime(self, when=None):
        if when is None:
            now = utime.time() - _board.born
            year, month, day, hour, minute, second, weekday, _ = time.gmtime(int(now))
            us = int((now - int(now)) * 1000000)
            return (year, month, day, weekday, hour, minute, second, us)
        year, month, day, _, hour, minute, second, us = when
        self._set((year, month, day, hour, minute, second, 0, 0), us)

    def init(self, when):
        year, month, day, hour, minute, second, us, _ = when
        self._set((year, month, day, hour, minute, second, 0, 0), us)

    def _set(self, when, us):
        _board.born = utime.time() - (time.mktime(when) + us / 1000000)
        with _open() as f:
            f.seek(_OFFSET_AT)
            f.write(struct.pack("<q", -int(_board.born * 1000000)))

    def memory(self, data=None):
        with _open() as f:
            f.seek(_LENGTH_AT)
            if data is None:
                return f.read(struct.unpack("<H", f.read(2))[0])
            if len(data) > _MOST:
                raise ValueError("buffer too long")
            f.write(struct.pack("<H", len(data)))
            f.write(data)
