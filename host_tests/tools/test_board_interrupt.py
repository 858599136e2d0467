"""Ctrl-C on UART0 with the real interpreter: it interrupts, or is data while kbd_intr(-1) is in
force.

MicroPython runs a script of its own here instead of the shims, so that only the supervisor's part
is tested.
"""

import pytest

from airwire.board.client import Board

SCRIPT = """
import micropython, sys, utime
control = open(4, "r+b")
control.write(b"ready\\n")
count = 0
print("up")
while True:
    try:
        line = sys.stdin.readline().strip().strip("\\x03")
        if line == "data":
            micropython.kbd_intr(-1)
            print("now")
            print("data", len(sys.stdin.buffer.read(256)))
            micropython.kbd_intr(3)
        elif line == "spin":
            print("spinning")
            while True:
                pass
        elif line == "toggle":
            print("toggling")
            while True:
                micropython.kbd_intr(-1)
                micropython.kbd_intr(3)
        elif line == "sleep":
            print("sleeping")
            utime.sleep(100)
        elif line == "twice":
            print("twice")
            try:
                while True:
                    pass
            except KeyboardInterrupt:
                print("once")
                while True:
                    pass
        else:
            print("line", line)
    except KeyboardInterrupt:
        count += 1
        print("interrupt", count)
"""


@pytest.fixture
def console(home, flash, interpreter, tmp_path, port):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    config = {"board": {"command": [str(interpreter), str(script)]}}
    with Board.up("ctrl", flash=flash, config=config) as board:
        console = port(board.uart0)
        console.board = board
        console.until("up")
        yield console
        assert board.status()["panics"] == 0


@pytest.mark.parametrize("state", ["spin", "sleep"])
def test_interrupts(console, state):
    for count in range(1, 21):
        assert console.line(state).startswith(state)
        console.send(b"\x03")
        assert console.line() == f"interrupt {count}"


def test_waiting_for_input_is_interrupted(console):
    console.line("hello")
    console.send(b"\x03")
    assert console.line() == "interrupt 1"


def test_order_on_the_line(console):
    console.line("spin")
    console.send(b"\x03line behind\n")
    assert console.line() == "interrupt 1"
    assert console.line() == "line line behind"


def test_two_at_once_end_nothing(console):
    """As mpremote sends them; MicroPython would end at a second signal before it saw the first."""
    for _ in range(10):
        console.line("twice")
        console.send(b"\x03\x03")
        assert console.line() == "once"
        assert console.line().startswith("interrupt ")


def test_the_moment_of_the_switch_is_safe(console):
    """Half of them meet kbd_intr(-1) and are data; none may end the process."""
    for _ in range(20):
        said = console.line("toggle")
        while said != "toggling":
            # The one before came so late that it hit the reading of our line.
            said = console.line("\ntoggle" if said.startswith("interrupt") else "")
        while console.silent(0.01):
            console.send(b"\x03")
        console.until("interrupt ")


def test_data_passes(console):
    every = bytes(range(256))
    assert console.line("data") == "now"
    console.send(every)
    assert console.line() == "data 256"
    assert console.line("line after") == "line line after"
