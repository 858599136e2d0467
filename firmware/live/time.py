# time.*: the clock and the time since the start.
import time

from machine import RTC
from micropython import const

from firmware.store import variables

_EPOCH = const(946_684_800)  # the chip counts seconds from 2000, the command language from 1970

_set_at = None  # uptime in milliseconds when the clock was set


def get(leaf, form, session):
    if leaf == b"rtc":
        ns = time.time_ns()
        if form in (b"utc", b"local"):
            us = ns // 1000 % 1_000_000
            seconds = ns // 1_000_000_000
            suffix = b"Z"
            if form == b"local":
                minutes = _zone()
                seconds += minutes * 60
                sign = b"-" if minutes < 0 else b"+"
                suffix = b"%s%02d:%02d" % (sign, abs(minutes) // 60, abs(minutes) % 60)
            return b"%04d-%02d-%02dT%02d:%02d:%02d.%06d%s" % (
                time.gmtime(seconds)[:6] + (us, suffix)
            )
        ms = ns // 1_000_000 + _EPOCH * 1000
    else:
        ms = session.device.uptime_ms()
        if leaf == b"last_set":
            if _set_at is None:
                return -1
            ms -= _set_at
    return ms if form == b"ms" else ms // 1000


def _zone():
    # time.zone in minutes.
    hours, _, minutes = variables.get(b"time.zone").lstrip(b"-").partition(b":")
    offset = int(hours) * 60 + int(minutes or b"0")
    return -offset if variables.get(b"time.zone")[:1] == b"-" else offset


def put(leaf, value, session):
    set_clock(value * 1_000_000_000, session.device)


def set_clock(ns, device):
    """Set the clock: nanoseconds since 1970."""
    global _set_at
    ns -= _EPOCH * 1_000_000_000
    seconds = ns // 1_000_000_000
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds)
    us = (ns - seconds * 1_000_000_000) // 1000
    uptime = device.uptime_ms()
    before = time.time_ns()
    RTC().datetime((year, month, day, weekday, hour, minute, second, us))
    device.clock_moved(uptime)
    device.station.since += time.time_ns() - before
    _set_at = uptime
