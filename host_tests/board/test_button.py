"""The button's way: press, LED and WWEP server agree, each press is one write, and what comes
faster than it can be written waits in a short queue.
"""

import threading
import time

import pytest

from airwire.board.pins import LED
from airwire.wire import wwep as codec
from host_tests.board import peers

pytestmark = pytest.mark.needs("press", "led", "wifi")

# Edges of one contact's bounce; how long a quick finger holds, and for how long it is lifted.
BOUNCE = 6
HOLD = 0.06
LIFT = 0.06

# Presses that may wait while one is being written (spec of the service).
QUEUE = 8


# How long the client waits for a reply where that wait is not what is tested: a machine may stall.
PATIENCE_MS = 5000


def enable(board, console, port, **more):
    """Join, and start the client towards a server of this machine."""
    board.join(console)
    host = board.peer(console)
    more = {"wwep_timeout": PATIENCE_MS, **more}
    board.configure(console, wwep_host=host, wwep_port=port, **more, wwep_enabled=1)


def device(console):
    """The device ID by the convention of the class: the sum of the octets of the MAC address."""
    return sum(bytes.fromhex(console.ok("get wlan.mac").replace(":", ""))) & 0xFFFF


def tap(board, button=0, bounce=BOUNCE):
    """Press and release a button as a finger does."""
    board.board.press(button, hold=HOLD, bounce=bounce)
    time.sleep(LIFT)


def press(board, led):
    """Press button 0 once, and wait for the LED."""
    tap(board)
    board.board.wait_pin(LED, led)


def test_press_led_and_server_agree(board, wwep, counts):
    console = board.machine(print_level=2)
    enable(board, console, wwep.port)
    number = device(console)
    board.board.wait_pin(LED, 0)
    for i in range(counts(20, 200)):
        lit = (i + 1) % 2
        press(board, lit)
        transaction = wwep.next()
        message = codec.write_request(number, 5, lit)
        assert transaction.message == message
        assert transaction.reply == b"A" + message[1:]
        assert console.log("WWEP") == f"WWEP: {message.decode()} accepted"
        assert wwep.registers() == [(number, 5, lit)]
        assert board.board.led() == lit
    assert wwep.server.count == counts(20, 200), "each press is one write"
    assert wwep.transactions.empty()


def test_noise_on_the_wire_is_no_press(board, wwep):
    """A dip that is shorter than any finger: no edge of the LED, no write; the next press counts
    once.
    """
    console = board.machine(print_level=2)
    enable(board, console, wwep.port)
    for _ in range(5):
        board.board.press(0, hold=0.002)
    press(board, 1)
    assert console.log("WWEP").endswith("050001 accepted")
    assert wwep.server.count == 1


def test_a_long_hold_is_one_press(board, wwep):
    console = board.machine(print_level=2)
    enable(board, console, wwep.port)
    board.board.press(0, hold=1.0, bounce=BOUNCE)
    time.sleep(LIFT)
    assert console.log("WWEP").endswith("050001 accepted")
    press(board, 0)
    assert console.log("WWEP").endswith("050000 accepted")
    assert wwep.server.count == 2


def test_other_register_button_and_led(board, wwep):
    """The variables are followed while the client runs; a pin that it has given up is free."""
    console = board.machine(print_level=2)
    enable(board, console, wwep.port)
    press(board, 1)
    wwep.next()
    console.log("accepted")
    board.configure(console, wwep_register=255, wwep_button__gpio=4, wwep_led__gpio=5)
    tap(board, 1)
    board.board.wait_pin(5, 1)
    assert wwep.next().message[5:] == b"FF0001"
    console.log("accepted")
    tap(board, 0)
    tap(board, 1)
    assert wwep.next().message[5:] == b"FF0000"
    console.log("accepted")
    assert wwep.server.count == 3
    board.configure(console, wwep_enabled=0)
    tap(board, 1)
    board.configure(console, wwep_led__gpio=2, wwep_button__gpio=0, wwep_enabled=1)
    press(board, 1)
    wwep.next()
    assert wwep.server.count == 4


def test_presses_queue_while_a_write_is_in_flight(board, peer):
    """Eight wait, in order; what comes on top is logged, and the LED does not flip for it."""
    opened = threading.Event()
    peer.serve = peers.gate(opened)
    console = board.machine(print_level=2)
    enable(board, console, peer.port, wwep_timeout=60000)
    press(board, 1)
    assert peer.next().endswith(b"050001")  # in flight, and the server is silent
    for i in range(QUEUE):
        press(board, i % 2)
    lit = board.board.led()
    edges = board.board.status()["pins"][str(LED)]["edges"]
    for _ in range(3):
        tap(board)
        assert console.log("WWEP") == f"WWEP: press ignored, {QUEUE} writes are waiting"
    assert board.board.led() == lit
    assert board.board.status()["pins"][str(LED)]["edges"] == edges
    opened.set()
    values = [peer.next()[-4:] for _ in range(QUEUE)]
    assert values == [b"0000", b"0001"] * (QUEUE // 2)
    for _ in range(QUEUE + 1):
        assert console.log("WWEP").endswith(" accepted")
    press(board, 1 - lit)
    assert peer.next().endswith(b"%04d" % (1 - lit))
    assert console.log("WWEP").endswith(" accepted")
