"""The supervisor with the real interpreter and shims, on a flash image that ends in the REPL."""

import pytest

from airwire.board.client import Board
from airwire.errors import UserError
from airwire.image import build
from host_tests.tools import stock


@pytest.fixture
def console(home, tmp_path, arch, port):
    image = tmp_path / "flash.bin"
    image.write_bytes(build.build_image(stock.sample_tree(tmp_path / "tree")))
    with Board.up("real", flash=image, arch=arch, heap="160K") as board:
        console = port(board.uart0)
        console.board = board
        console.until("MicroPython v1.")
        console.until("help()")
        yield console


def order(console, text):
    """Type a line at the REPL; the line that follows its echo."""
    console.send(text.encode() + b"\r\n")
    console.until(text)
    return console.line()


def test_what_the_outside_sees(console):
    board = console.board
    assert order(console, "import machine, network; machine.reset_cause()") == "1"
    order(console, "led = machine.Pin(2, machine.Pin.OUT); led(1); 0")
    assert board.led() == 1
    order(console, "key = machine.Pin(0, machine.Pin.IN, machine.Pin.PULL_UP); 0")
    board.hold(0)
    assert order(console, "key()") == "0"
    board.release(0)
    assert order(console, "key()") == "1"
    order(console, "sta = network.WLAN(0); sta.active(True)")
    order(console, "sta.connect('airwire-wpa2', 'correct horse'); 0")
    board.wait("wlan", equals=1010)
    assert order(console, "sta.status()") == "1010"
    board.access_point("airwire-wpa2", present=False)
    board.wait("wlan", equals=201)
    console.send(b"machine.reset()\r\n")
    board.wait_boot(2)
    console.until("help()")
    assert order(console, "import machine; machine.reset_cause()") == "2"
    console.send(b"machine.WDT(timeout=50)\r\n")
    board.wait_boot(3)
    console.until("help()")
    assert order(console, "import machine; machine.reset_cause()") == "3"
    console.send(b"\x04")
    board.wait_boot(4)
    console.until("help()")
    assert order(console, "import machine; machine.reset_cause()") == "5"
    assert board.status()["panics"] == 0


def test_power_cut_while_writing(console):
    board = console.board
    put = "f = open('/x', 'w'); f.write('%s' * 600); f.close()"
    assert order(console, put % "a") == "600"
    assert order(console, "'written'") == "'written'"
    before = board.status()["flash"]
    assert before["erased"] + before["programmed"] > 2
    board.power_cut(after=2, torn=True)
    console.send(put.encode() % b"b" + b"\r\n")
    board.wait("cuts", at_least=1)
    board.wait_boot(2)
    console.until("help()")
    assert order(console, "open('/x').read(3)") == "'aaa'"
    assert board.status()["cause_name"] == "power-on"
    after = board.status()["flash"]
    done = sum(after[key] - before[key] for key in ("erased", "programmed"))
    assert done <= 2


def test_too_small_a_heap(home):
    with pytest.raises(UserError, match="board tiny did not start: its heap of 1K is too small"):
        Board.up("tiny", heap="1K")
    assert not home.exists()
