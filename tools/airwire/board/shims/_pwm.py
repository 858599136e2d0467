# machine.PWM after ports/esp32/machine_pwm.c: sixteen channels on eight timers of one frequency
# each; a higher frequency has fewer steps of duty.

import _board
from _pin import Pin
from micropython import const

_CHANNELS = const(16)
_TIMERS = const(8)
_DEFAULT_FREQ = const(5000)
_DEFAULT_DUTY = const(32768)
_FULL = const(65536)
_BUS_CLOCK = const(80_000_000)
_REFERENCE_CLOCK = const(1_000_000)  # of frequencies below 10 Hz
_SLOW = const(10)

_channels = {}  # GPIO -> PWM


def _check_freq(freq):
    if not 0 < freq <= _BUS_CLOCK // 2:
        raise ValueError("frequency must be from 1Hz to %dMHz" % (_BUS_CLOCK // 2 // 1000000))


class PWM:
    def __init__(self, pin, *args, **kw):
        self._gpio = Pin(pin, Pin.OUT)._gpio
        self._freq = -1
        self._duty = _DEFAULT_DUTY
        self.init(*args, **kw)

    def __repr__(self):
        if self._freq < 0:
            return "PWM(Pin(%d))" % self._gpio
        return "PWM(Pin(%d), freq=%d, duty_u16=%d)" % (self._gpio, self._freq, self.duty_u16())

    def init(self, freq=-1, *, duty=-1, duty_u16=-1, duty_ns=-1, invert=False):
        if freq != -1:
            _check_freq(freq)
        if duty_u16 >= 0:
            self._check(duty_u16, _FULL - 1, "duty_u16 must be from 0 to %d", _FULL)
        elif duty_ns >= 0:
            duty_u16 = (duty_ns * _FULL * max(freq, self._freq) + 500000000) // 1000000000
        elif duty >= 0:
            self._check(duty, 1023, "duty must be from 0 to %d", 1023)
            duty_u16 = 65535 if duty == 1023 else duty << 6
        if self._gpio not in _channels and len(_channels) >= _CHANNELS:
            raise RuntimeError("out of PWM channels:%d" % _CHANNELS)
        if freq == -1:
            old = _channels.get(self._gpio)
            freq = old._freq if old else _DEFAULT_FREQ
        self._timer(freq)
        if duty_u16 >= 0:
            self._duty = duty_u16
        _channels[self._gpio] = self
        self._report()

    def _check(self, value, most, text, named):
        if not 0 <= value <= most:
            raise ValueError(text % named)

    def _timer(self, freq):
        others = {p._freq for gpio, p in _channels.items() if gpio != self._gpio}
        if freq not in others and len(others) >= _TIMERS:
            raise RuntimeError("out of PWM timers:%d" % _TIMERS)
        self._freq = freq

    def _active(self):
        if self._freq < 0:
            raise RuntimeError("PWM is inactive")

    def _report(self):
        _board.send(b"pwm %d %d %d\n" % (self._gpio, self._freq, self.duty_u16()))

    def deinit(self):
        if _channels.get(self._gpio) is self:
            del _channels[self._gpio]
            _board.send(b"out %d 0\n" % self._gpio)
        self._freq = -1

    def freq(self, *freq):
        self._active()
        if not freq:
            return self._freq
        _check_freq(freq[0])
        self._timer(freq[0])
        self._report()

    def duty_u16(self, *duty):
        self._active()
        if not duty:
            duty = _FULL if self._duty == _FULL - 1 else self._duty
            clock = _REFERENCE_CLOCK if self._freq < _SLOW else _BUS_CLOCK
            unit = 1  # the smallest step of this frequency
            while unit < _FULL and clock // self._freq < _FULL // unit:
                unit *= 2
            return min(duty // unit * unit, _FULL - 1)
        self._check(duty[0], _FULL - 1, "duty_u16 must be from 0 to %d", _FULL)
        self._duty = duty[0]
        self._report()

    def duty(self, *duty):
        self._active()
        if not duty:
            return self.duty_u16() >> 6
        self.init(self._freq, duty=duty[0])

    def duty_ns(self, *duty):
        self._active()
        if not duty:
            return (self.duty_u16() * 1000000000 + self._freq * 32768) // (self._freq * _FULL)
        self.init(self._freq, duty_ns=duty[0])
