# How clock.py sets the clock. Forgotten after each use.
import time

from machine import RTC


def move(ns, device, uptime):
    """Set the chip's clock to nanoseconds since 2000, at this uptime in milliseconds."""
    seconds = ns // 1_000_000_000
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds)
    us = (ns - seconds * 1_000_000_000) // 1000
    before = time.time_ns()
    RTC().datetime((year, month, day, weekday, hour, minute, second, us))
    device.clock_moved(uptime)
    device.station.since += time.time_ns() - before
