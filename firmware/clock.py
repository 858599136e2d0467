# The module's clock: set by hand (live/time.py) or from the network (services/ntp.py). Imported by
# whoever sets or reads it.
import time

from micropython import const

from firmware import forget

# The chip counts seconds from 2000, the command language from 1970.
_EPOCH = const(946_684_800)

set_at = None  # uptime in milliseconds when the clock was set


def now():
    """Nanoseconds since 1970."""
    return time.time_ns() + _EPOCH * 1_000_000_000


def put(ns, device):
    """Set the clock: nanoseconds since 1970."""
    global set_at
    uptime = device.uptime_ms()
    from firmware import clock_hands

    forget("firmware.clock_hands")
    clock_hands.move(ns - _EPOCH * 1_000_000_000, device, uptime)
    set_at = uptime
