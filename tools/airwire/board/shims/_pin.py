# machine.Pin after ports/esp32/machine_pin.c. The level of a pad is what drives it from outside,
# else its own output, else what drives the one that a jumper joins it to, else its pull, else 0.
# Edges call the handler through the schedule queue, as the port's soft interrupts do.

import _board
from micropython import const
from umachine import PinBase

_GPIOS = const(40)
_FIRST_INPUT_ONLY = const(34)
_BOOT = const(0)  # a resistor of the dev board pulls it up
_INPUT = const(1)  # bits of the modes
_OUTPUT = const(2)
_OD = const(4)
_Z = const(0x7A)  # b"z": nothing drives it from outside

_MISSING = (24, 28, 29, 30, 31)  # no such GPIO on the chip
_PULLS = (b"none", b"down", b"up", b"up")

_modes = bytearray(_GPIOS)
_pulls = bytearray(_GPIOS)
_outs = bytearray(_GPIOS)  # output registers
_seen = bytearray(_GPIOS)  # levels, to tell edges
_irqs = {}  # GPIO -> [pin, handler, trigger]
_short = bytearray(b"out 0 0\n")  # sent at each change: no allocation
_long = bytearray(b"out 00 0\n")


def _level(gpio, joined=True):
    # Without `joined` only what drives this pad itself, or None.
    mode = _modes[gpio]
    outside = _board.levels[gpio]
    if outside != _Z:
        return outside & 1
    if mode & _OUTPUT and not (mode & _OD and _outs[gpio]):
        return _outs[gpio]
    if not joined:
        return None
    other = _board.joined.get(gpio)
    if other is not None:
        level = _level(other, False)
        if level is not None:
            return level
        if _pulls[other] & 2 or other == _BOOT:
            return 1
    return 1 if _pulls[gpio] & 2 or gpio == _BOOT else 0


def _update(gpio):
    # After anything that may have changed the level: tells edges.
    level = _level(gpio)
    if level == _seen[gpio]:
        return
    _seen[gpio] = level
    if gpio in _irqs:
        pin, handler, trigger = _irqs[gpio]
        if trigger & (1 if level else 2):
            _board.fire(handler, pin)
    if gpio in _board.joined:
        _update(_board.joined[gpio])


def _report(gpio):
    if _modes[gpio] & _OD and _outs[gpio]:  # an open drain lets go of the pad
        _board.send(b"in %d %s\n" % (gpio, _PULLS[_pulls[gpio]]))
        return
    line = _short if gpio < 10 else _long
    if gpio > 9:
        line[-5] = 48 + gpio // 10
    line[-4] = 48 + gpio % 10
    line[-2] = 48 + _outs[gpio]
    _board.send(line)


class Pin(PinBase):
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3

    def __init__(self, pin, *args, **kw):
        gpio = pin._gpio if isinstance(pin, Pin) else pin
        if type(gpio) is not int or not 0 <= gpio < _GPIOS or gpio in _MISSING:
            raise ValueError("invalid pin")
        self._gpio = gpio
        if args or kw:
            self.init(*args, **kw)

    def __repr__(self):
        return "Pin(%d)" % self._gpio

    def __eq__(self, other):  # a chip has one object per pin
        return isinstance(other, Pin) and self._gpio == other._gpio

    def __hash__(self):
        return self._gpio

    def init(self, mode=None, pull=-1, *, value=None, drive=None, hold=None):
        gpio = self._gpio
        if value is not None:
            _outs[gpio] = 1 if value else 0
        if mode is not None:
            if gpio >= _FIRST_INPUT_ONLY and mode & _OUTPUT:
                raise ValueError("pin can only be input")
            _modes[gpio] = mode
            if gpio in _board.signals:
                _board.signals[gpio](mode)
            _board.moved[gpio] = _update
        if pull != -1:
            _pulls[gpio] = pull or 0
            if pull and gpio >= _FIRST_INPUT_ONLY:
                _pulls[gpio] = 0  # the pads 34-39 have none
        mode = _modes[gpio]
        if mode & _OUTPUT:
            _report(gpio)
        elif mode & _INPUT:
            _board.send(b"in %d %s\n" % (gpio, _PULLS[_pulls[gpio]]))
        elif gpio in _board.moved:
            del _board.moved[gpio]
            _board.send(b"free %d\n" % gpio)
        if hold is not None and gpio < _FIRST_INPUT_ONLY:
            # A hold is taken away first, so that the new configuration is what is held.
            _board.send(b"hold %d 0\n" % gpio)
            if hold:
                _board.send(b"hold %d 1\n" % gpio)
        _update(gpio)

    def value(self, *value):
        gpio = self._gpio
        if not value:
            if not (_board.held or _board.digesting):
                _board.serve()  # a loop that reads a pin sees it change
            return _level(gpio) if _modes[gpio] & _INPUT else 0
        level = 1 if value[0] else 0
        if level != _outs[gpio]:
            _outs[gpio] = level
            if _modes[gpio] & _OUTPUT:
                _report(gpio)
                _update(gpio)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(1 - _outs[self._gpio])

    def irq(self, handler=None, trigger=3, wake=None):
        gpio = self._gpio
        if handler is None:
            _irqs.pop(gpio, None)
        else:
            _irqs[gpio] = [self, handler, trigger]
            _board.moved[gpio] = _update
            _seen[gpio] = _level(gpio)
        return IRQ(self)


class IRQ:
    def __init__(self, pin):
        self._pin = pin

    def __call__(self):
        irq = _irqs.get(self._pin._gpio)
        if irq:
            _board.fire(irq[1], self._pin)

    def trigger(self, trigger=None):
        irq = _irqs.get(self._pin._gpio)
        old = irq[2] if irq else 0
        if irq and trigger is not None:
            irq[2] = trigger
        return old
