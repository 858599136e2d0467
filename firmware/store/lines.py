# The lines of the UARTs as their variables have them, and the buffers that go with them (design.md
# 4).
from micropython import const

from firmware import board
from firmware.store import variables

# Up to this rate the receive buffer holds half a second, which is what a peer may stall (a delayed
# TCP acknowledgement). Above it the host must be stopped by RTS.
_WITHOUT_FLOW = const(230400)
_RX_ABOVE = const(16384)
_RX_LEAST = const(1024)
# A twentieth of a second keeps the line busy while the loop serves others.
_TX_LEAST = const(1024)

_MEANING = {b"even": 0, b"odd": 1, b"on": True}


class Settings(board.Line):
    """The line of UART `index` as its variables have it. `refusal` says why its rate cannot be
    used, or is None; then the rest is for 115200 baud.
    """

    refusal = None

    def __init__(self, index):
        for leaf in ("baud", "data", "parity", "stop", "flow"):
            value = variables.values.get(b"uart.%s %d" % (leaf, index))
            if value is not None:
                setattr(self, leaf, _MEANING.get(value, value))
        if index == board.UART_HOST and self.baud > _WITHOUT_FLOW and not self.flow:
            self.refusal = b"Above %d baud uart.flow %d must be on" % (_WITHOUT_FLOW, index)
            self.baud = 115200
        self.rate = self.baud // (1 + self.data + (self.parity is not None) + self.stop)
        half = self.baud // 20 if self.baud <= _WITHOUT_FLOW else _RX_ABOVE
        self.rxbuf = max(variables.get(b"bus.command.rx_bufsize"), half, _RX_LEAST)
        self.txbuf = max(variables.get(b"bus.command.tx_bufsize"), self.baud // 200, _TX_LEAST)


def claim(line):
    """Take or give back the GPIOs of flow control. Raises board.GpioInUse."""
    for gpio, owner in ((board.UART_RTS, b"UART1 RTS"), (board.UART_CTS, b"UART1 CTS")):
        if line.flow:
            board.claim(gpio, owner)
        else:
            board.release(owner)
