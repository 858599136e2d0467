# The GPIO that tells a host whether a command is being carried out (system.cmd.gpio): high from
# the end of its line until the reply has been written. Imported when a GPIO is set.
from machine import Pin

from firmware import board

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
        if self._commands <= 0:
            self._commands = 0  # the command that chose this GPIO began before it
            self._pin(0)

    def release(self):
        self._pin(0)
        Pin(self.number, Pin.IN)
        board.release(_OWNER)
