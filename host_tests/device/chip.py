# What stands in for the chip where parts of the firmware run on MicroPython without a board:
# GPIOs, files, and a clock that goes on only while the event loop waits, or while busy() holds it
# up. So ten seconds take none, and come out the same on however slow a machine. Imported before
# the firmware.
import builtins
import os
import sys
import time
from asyncio import core

# GPIO -> what it reads, or a function that tells it; 1 where nothing is said, for the pull-ups.
levels = {}
edges = {}  # GPIO -> (when, level) of each that the firmware wrote
resets = []  # when the chip was reset

_memory = b""  # the RTC's

# The event loop's queue, which is C, enters what is to run at once by the real ticks. The clock is
# ahead of them, so that it is due.
_AHEAD_MS = 1_000_000


class Clock:
    """The module time."""

    def __init__(self):
        begun = time.ticks_add(time.ticks_ms(), _AHEAD_MS)
        self.elapsed = 0  # milliseconds
        # Not methods: those of an object cannot be imported from it.
        self.ticks_ms = lambda: time.ticks_add(begun, self.elapsed)
        self.time_ns = lambda: self.elapsed * 1_000_000

    def __getattr__(self, name):
        return getattr(time, name)


class Pin:
    IN = 1
    OUT = 3
    PULL_UP = 2

    def __init__(self, number, mode=None, pull=None):
        self._number = number

    def init(self, mode, value):
        levels[self._number] = value

    def value(self, level=None):
        if level is None:
            level = levels.get(self._number, 1)
            return level() if callable(level) else level
        edges.setdefault(self._number, []).append((clock.elapsed, level))
        levels[self._number] = level


class RTC:
    def memory(self, data=None):
        global _memory
        if data is None:
            return _memory
        _memory = data


class Nothing:
    """A part of the chip that is there and does nothing."""

    IF_STA = 0

    def __init__(self, *args, **more):
        pass


class Machine:
    Pin = Pin
    RTC = RTC
    WDT = Timer = UART = Nothing

    def reset():
        resets.append(clock.elapsed)


class Network:
    WLAN = Nothing


class Partition:
    TYPE_DATA = 1

    def find(kind, label):
        return []


class Esp32:
    Partition = Partition


class Files:
    """The module os: `/` is the current folder."""

    def __init__(self):
        self.rename = lambda old, new: os.rename("." + old, "." + new)
        self.remove = lambda path: os.remove("." + path)

    def __getattr__(self, name):
        return getattr(os, name)


def busy(milliseconds):
    """Hold the event loop up, as a scan does."""
    clock.elapsed += milliseconds


clock = Clock()
sys.modules.update({"esp32": Esp32, "machine": Machine, "network": Network})
sys.modules.update({"os": Files(), "time": clock})
core.ticks = clock.ticks_ms
core.IOQueue.wait_io_event = lambda self, milliseconds: busy(milliseconds)

host_open = open
builtins.open = lambda path, mode: host_open("." + path, mode)
