# machine.ADC and machine.DAC after ports/esp32/machine_adc.c and machine_dac.c. What is on a pad
# comes from the supervisor in millivolts; readings are those of a chip with the nominal reference.

import errno

import _board
from _pin import Pin
from micropython import const

_FIRST_UNIT = (36, 37, 38, 39, 32, 33, 34, 35)
_SECOND_UNIT = (4, 0, 2, 15, 13, 12, 14, 27, 25, 26)
_MAX_RAW = const(4095)
_INVALID_STATE = const(0x103)
# For each attenuation: microvolts a step, times 65.536, and millivolts at 0 (line fitting, with
# the nominal 1100 mV).
_SLOPES = (15423, 20473, 28327, 52798)
_OFFSETS = (75, 78, 107, 142)

_attens = {}  # GPIO -> attenuation
_dacs = []  # GPIOs


class ADC:
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12

    def __init__(self, pin, *, atten=-1):
        self._gpio = Pin(pin)._gpio
        if self._gpio not in _FIRST_UNIT and self._gpio not in _SECOND_UNIT:
            raise ValueError("invalid pin")
        self._width = 12
        self.init(atten=atten)

    def init(self, *, atten=-1):
        self.atten(3 if atten == -1 else atten)

    def __repr__(self):
        return "ADC(Pin(%d), atten=%d)" % (self._gpio, _attens[self._gpio])

    def atten(self, atten):
        if not 0 <= atten <= 3:
            raise ValueError("invalid attenuation")
        _attens[self._gpio] = atten

    def width(self, width):
        if not 9 <= width <= 12:
            raise ValueError("invalid bit-width")
        self._width = width

    def _raw(self):
        _board.serve()
        if self._gpio in _SECOND_UNIT:
            from network import WLAN

            if WLAN(0).active() or WLAN(1).active():  # the radio has this unit
                raise OSError(errno.ETIMEDOUT, "ESP_ERR_TIMEOUT")
        atten = _attens[self._gpio]
        mv = _board.analog.get(self._gpio, 0)
        raw = ((mv - _OFFSETS[atten]) * 65536 + _SLOPES[atten] // 2) // _SLOPES[atten]
        return min(max(raw, 0), _MAX_RAW)

    def read(self):
        return self._raw() >> (12 - self._width)

    def read_u16(self):
        bits = self._width
        raw = self.read()
        return raw << (16 - bits) | raw >> (2 * bits - 16)

    def read_uv(self):
        atten = _attens[self._gpio]
        raw = self.read() << (12 - self._width)
        return ((raw * _SLOPES[atten] + 32768) // 65536 + _OFFSETS[atten]) * 1000


class DAC:
    def __init__(self, pin):
        self._gpio = Pin(pin)._gpio
        if self._gpio not in (25, 26):
            raise ValueError("invalid Pin for DAC")
        if self._gpio in _dacs:
            raise OSError(-_INVALID_STATE, "ESP_ERR_INVALID_STATE")
        _dacs.append(self._gpio)
        self.write(0)

    def __repr__(self):
        return "DAC(Pin(%d))" % self._gpio

    def write(self, value):
        if not 0 <= value <= 255:
            raise ValueError("value out of range")
        _board.send(b"dac %d %d\n" % (self._gpio, value))
