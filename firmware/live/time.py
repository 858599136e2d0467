# time.*: the clock and the time since the start.
import time

from firmware import clock
from firmware.store import variables


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
        ms = clock.now() // 1_000_000
    else:
        ms = session.device.uptime_ms()
        if leaf == b"last_set":
            if clock.set_at is None:
                return -1
            ms -= clock.set_at
    return ms if form == b"ms" else ms // 1000


def _zone():
    # time.zone in minutes.
    hours, _, minutes = variables.get(b"time.zone").lstrip(b"-").partition(b":")
    offset = int(hours) * 60 + int(minutes or b"0")
    return -offset if variables.get(b"time.zone")[:1] == b"-" else offset


def put(leaf, value, session):
    clock.put(value * 1_000_000_000, session.device)
    from firmware.console import log
    from firmware.store import expiry

    expiry.look(log, variables)
