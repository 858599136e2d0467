# machine.Timer and machine.WDT. The four hardware timers ring through the schedule queue, whenever
# the board is served; the watchdog is the supervisor's, which kills a process that does not feed
# it.

import _board
from micropython import const
from utime import ticks_add, ticks_diff, ticks_ms

_TIMERS = const(4)
_FOREVER = const(0x3FFFFFFF)  # the default period of the port, as far as a small int goes
# Alarms kept for a callback that came late: as many as the schedule queue holds.
_MISSED = const(8)
_QUIET_MS = const(20)  # feeding more often than this is not worth a message

_all = {}


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __new__(cls, number, **kw):
        if not 0 <= number < _TIMERS:
            raise ValueError("invalid Timer number")
        self = _all.get(number)
        if self is None:
            self = object.__new__(cls)
            self._number = number
            self._started = None
            self._callback = None
            self._repeat = 1
            self._period = 0
            _all[number] = self
        return self

    def __init__(self, number, **kw):
        if kw:
            self.init(**kw)

    def __repr__(self):
        mode = "PERIODIC" if self._repeat else "ONE_SHOT"
        return "Timer(%d, mode=%s, period=%d)" % (self._number, mode, self._period)

    def init(self, *, mode=PERIODIC, callback=None, period=_FOREVER, tick_hz=1000, freq=None):
        self._stop()
        self._period = int(1000 / freq) if freq is not None else period * 1000 // tick_hz
        self._repeat = mode
        self._callback = callback
        self._started = ticks_ms()
        self.due = ticks_add(self._started, max(1, min(self._period, _FOREVER // 4)))
        _board.timers.append(self)

    def _stop(self):
        if self in _board.timers:
            _board.timers.remove(self)

    def deinit(self):
        self._stop()
        self._started = None

    def value(self):
        if self._started is None:
            raise ValueError("timer not set")
        return ticks_diff(ticks_ms(), self._started) % max(1, self._period)

    def ring(self, now):
        """Called by the board when the timer has run out."""
        step = max(1, self._period)
        for _ in range(_MISSED):
            _board.fire(self._callback, self)
            if not self._repeat:
                self._stop()
                return
            self.due = ticks_add(self.due, step)
            if ticks_diff(now, self.due) < 0:
                return
        self.due = ticks_add(now, step)


class WDT:
    _line = None  # one watchdog: the last time-out holds for all
    _fed = 0

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        WDT._line = b"wdt %d\n" % timeout
        WDT._fed = ticks_ms()
        _board.send(WDT._line)

    def feed(self):
        now = ticks_ms()
        if ticks_diff(now, WDT._fed) >= _QUIET_MS:
            WDT._fed = now
            _board.send(WDT._line)
