# The module's clock: set by hand (live/time.py) or from the network (services/ntp.py). Imported by
# whoever sets or reads it.
import time

from machine import RTC
from micropython import const

# The chip counts seconds from 2000, the command language from 1970.
EPOCH = const(946_684_800)

set_at = None  # uptime in milliseconds when the clock was set


def now():
    """Nanoseconds since 1970."""
    return time.time_ns() + EPOCH * 1_000_000_000


def put(ns, device):
    """Set the clock: nanoseconds since 1970."""
    global set_at
    ns -= EPOCH * 1_000_000_000
    seconds = ns // 1_000_000_000
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds)
    us = (ns - seconds * 1_000_000_000) // 1000
    uptime = device.uptime_ms()
    before = time.time_ns()
    RTC().datetime((year, month, day, weekday, hour, minute, second, us))
    device.clock_moved(uptime)
    device.station.since += time.time_ns() - before
    set_at = uptime
