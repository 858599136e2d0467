# The GPIO that tells a host whether a command is being carried out (system.cmd.gpio): high from
# the end of its line until the reply has been written. Imported when a GPIO is set.
from machine import Pin

from firmware import board

from . import errors, session

_OWNER = b"system.cmd.gpio"


class Busy:
    def __init__(self, number):
        """Raises board.GpioInUse."""
        board.claim(number, _OWNER)
        self.number = number
        self._pin = Pin(number, Pin.OUT, value=0)
        self._commands = 0  # each session may carry one out

    def begin(self):
        self._commands += 1
        self._pin(1)

    def end(self):
        self._commands -= 1
        if not self._commands:
            self._pin(0)

    def release(self):
        """Give the GPIO back."""
        self._pin = _nothing  # for the commands that still run
        board.free(self.number)


def _nothing(level):
    pass


def show(number):
    """Have GPIO `number` (-1: none) show it from now on. Raises CommandError when another part has
    that GPIO, and nothing changes.
    """
    old = session.busy
    if old and old.number == number:
        return
    try:
        new = Busy(number) if number >= 0 else None
    except board.GpioInUse as e:
        raise errors.CommandError(errors.BAD_ARGUMENT, b"GPIO %d is used by %s" % tuple(e.args))
    session.busy = new
    if old:
        old.release()
