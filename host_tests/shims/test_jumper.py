# Two pads with a jumper between them.

PIN = """\
from machine import Pin
import time
"""


def test_a_jumper(start):
    # Each of two pads has the level that drives the other one, and tells its edges; a pull of
    # either counts where neither is driven.
    board = start(
        PIN,
        """
        a = Pin(4, Pin.IN)
        b = Pin(5, Pin.IN, Pin.PULL_UP)
        said = []
        print(a(), b(), 'on')
        while not a():
            pass
        b.irq(lambda pin: said.append(pin()))
        a.init(Pin.OUT, value=0)
        time.sleep_ms(1)
        a.on()
        time.sleep_ms(1)
        print(b(), said)
        a.init(Pin.IN)
        b.init(Pin.IN, None)
        print('undriven', a(), b())
        while not b():
            pass
        print(a(), b())
        while a():
            pass
        print(a(), b())
    """,
    )
    board.expect("0 1 on")
    board.control("jumper 4 5 1")
    board.expect("1 [0, 1]\r\nundriven 0 0")
    board.control("pin 4 1")
    board.expect("1 1\r\n")
    board.control("jumper 4 5 0", "pin 4 z", "pin 5 1")
    board.expect("0 1\r\n")
