# time as on the chip: whole seconds since 2000-01-01 on the board's own clock, sleeps that serve
# the board. The ticks are the interpreter's: they wrap at 2^30 as on the chip on i386, at 2^62 on
# amd64 (a wrapper would tax every turn of asyncio).

import _board
import utime
from micropython import const
from utime import ticks_add, ticks_cpu, ticks_diff, ticks_ms, ticks_us  # noqa: F401

_EPOCH = const(946684800)  # 2000-01-01 in seconds since 1970
_LONG_US = const(2000)  # from here on a sleep of microseconds serves the board
_BEFORE = (
    0,
    31,
    59,
    90,
    120,
    151,
    181,
    212,
    243,
    273,
    304,
    334,
)  # days of the year before each month


def time():
    return int(utime.time() - _board.born)


def time_ns():
    return int((utime.time() - _board.born) * 1000000) * 1000


def gmtime(secs=None):
    return utime.gmtime((time() if secs is None else int(secs)) + _EPOCH)[:8]


localtime = gmtime


def mktime(when):
    if not 8 <= len(when) <= 9:
        raise TypeError("mktime needs a tuple of length 8 or 9")
    year, month, day, hour, minute, second = when[:6]
    month -= 1
    year += month // 12 - 2000
    month %= 12
    leaps = year + (1 if month > 1 else 0)  # the leap day of this year counts from March on
    days = year * 365 + (leaps + 3) // 4 - (leaps + 99) // 100 + (leaps + 399) // 400
    days += _BEFORE[month] + day - 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


def sleep_ms(ms):
    if ms >= 0:
        _board.wait(ms)


def sleep_us(us):
    start = ticks_us()
    if us >= _LONG_US:
        _board.wait(us // 1000 - 1)
    else:
        _board.serve()
    us -= ticks_diff(ticks_us(), start)
    if us > 0:
        utime.sleep_us(us)
