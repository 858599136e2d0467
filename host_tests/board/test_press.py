"""A press of button 0, by whatever presses it, is one write to a WWEP server. What LED and timing
do meanwhile is in test_button.py.
"""

import time

import pytest

from airwire.wire import wwep as codec
from host_tests.board.console import PATIENCE
from host_tests.board.test_button import device, enable

pytestmark = pytest.mark.needs("press", "wifi")

# Exercise 03: the register that the button flips.
REGISTER = 5


# Seconds for which a finger is off the button: 20 ms are taken for a contact that bounces.
APART = 0.1

# Who has GPIO 0 once a press is seen.
ARMED = "#  0 wwep.button_gpio"


def until(condition, problem):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, problem


def test_a_press_is_a_write(board, wwep):
    console = board.machine(print_level=2)
    enable(board, console, wwep.port)
    number = device(console)
    until(lambda: ARMED in console.ok("get gpio.usage").split("\r\n"), "nobody watches the button")
    for value in (1, 0, 1):
        until(lambda: console.ok("get wwep.state").endswith("button:0"), "it stays pressed")
        time.sleep(APART)
        board.press()
        message = codec.write_request(number, REGISTER, value)
        transaction = wwep.next()
        assert (transaction.message, transaction.reply) == (message, b"A" + message[1:])
        assert console.log("WWEP") == f"WWEP: {message.decode()} accepted"
        assert wwep.registers() == [(number, REGISTER, value)]
    assert wwep.transactions.empty(), "each press is one write"
