# The firmware's button on the shims alone, where a test decides what keeps the loop from looking.

from airwire.project import ROOT

SOURCE = (ROOT / "firmware/services/button.py").read_bytes()
START = """\
import asyncio
import time
from button import Button
from machine import Pin

said = []

async def watch(keep_the_loop):
    asyncio.create_task(Button(0, lambda: said.append("press")).run())
    await asyncio.sleep_ms(50)
    print("busy")
    keep_the_loop(Pin(0))
    await asyncio.sleep_ms(100)
    print(said)

def pressed(pin):  # interrupts are served meanwhile, tasks are not
    while pin():
        time.sleep_ms(1)
    time.sleep_ms(30)
    print("closed")

def pressed_and_released(pin):
    pressed(pin)
    while not pin():
        time.sleep_ms(1)

"""


def test_a_press_while_the_loop_is_busy_counts(start):
    board = start(START, "asyncio.run(watch(pressed_and_released))", files={"button.py": SOURCE})
    board.expect("busy")
    board.control("pin 0 0")
    board.expect("closed")
    board.control("pin 0 z")
    board.expect("['press']")


def test_a_press_that_lasts_longer_than_that_counts_once(start):
    board = start(
        START,
        """
        async def main():
            await watch(pressed)
            while not Pin(0)():
                await asyncio.sleep_ms(1)
            await asyncio.sleep_ms(100)
            print("released", said)

        asyncio.run(main())
        """,
        files={"button.py": SOURCE},
    )
    board.expect("busy")
    board.control("pin 0 0")
    board.expect("['press']")
    board.control("pin 0 z")
    board.expect("released ['press']")


def test_a_short_pause_between_presses_while_the_loop_is_busy(start):
    """The release and the next press are one run of edges to whoever looks only afterwards."""
    board = start(
        START,
        """
        def pressed_again(pin):
            time.sleep_ms(30)  # released that long
            print("open")
            pressed(pin)

        async def main():
            await watch(pressed)
            print("held")
            while not Pin(0)():
                time.sleep_ms(1)
            pressed_again(Pin(0))
            await asyncio.sleep_ms(100)
            print("again", said)

        asyncio.run(main())
        """,
        files={"button.py": SOURCE},
    )
    board.expect("busy")
    board.control("pin 0 0")
    board.expect("held")
    board.control("pin 0 z")
    board.expect("open")
    board.control("pin 0 0")
    board.expect("again ['press', 'press']")
