# The button that is held for the factory settings, by the clock: run by test_device.py, on each
# interpreter.
import asyncio

import chip
from chip import clock

from firmware import board
from firmware.services import reset_button

# When what a hold leads to is due, counted from the look that found the button down: by then it
# was down already, for half of the time between two looks.
UNSEEN = 250
SLOW = 3000 - UNSEEN
FAST = 8000 - UNSEEN
RESET = 10_000 - UNSEEN
STEP = 100  # between two looks at the level while it is held

# What holds the loop up: when it begins, and for how long. A scan is three seconds at most.
FREE = ()
SCANS = ((500, 2000), (3000, 3000), (6200, 2500))
# A little, again and again: each look but a few comes late.
STUTTER = tuple([(at, 190) for at in range(50, RESET, 300)])


class Device:
    """Notes when the factory settings came back."""

    def __init__(self):
        self.reset = None

    def factory_reset(self):
        self.reset = clock.elapsed


async def hold_up(pauses, begun):
    for at, milliseconds in pauses:
        await asyncio.sleep_ms(begun + at - clock.elapsed)
        chip.busy(milliseconds)


def hold(pauses, released=60_000):
    """Hold the button until `released` while `pauses` hold the loop up. Gives when the factory
    settings came back, or None; when the service ended; and the LED's edges.
    """
    chip.edges.clear()
    device = Device()
    begun = clock.elapsed
    # A finger does not wait for the loop.
    chip.levels[board.BUTTON_0] = lambda: int(clock.elapsed - begun >= released)
    chip.levels[board.LED] = 0

    async def main():
        task = asyncio.create_task(hold_up(pauses, begun))
        await reset_button.hold(device)
        task.cancel()

    asyncio.new_event_loop()
    asyncio.run(main())
    assert board.owner(board.LED) is None, "the LED is given back"
    reset = None if device.reset is None else device.reset - begun
    edges = [at - begun for at, _ in chip.edges.get(board.LED, ())]
    return reset, clock.elapsed - begun, edges


def count(edges, begin, end):
    return len([at for at in edges if begin <= at < end])


def test_a_free_loop():
    reset, _, edges = hold(FREE)
    assert RESET <= reset <= RESET + STEP, reset
    assert count(edges, 0, SLOW) == 0, edges
    assert 9 <= count(edges, SLOW, FAST) <= 11, edges
    assert 18 <= count(edges, FAST, RESET) <= 21, edges


def test_a_loop_that_is_held_up():
    """The looks that did not come are not missing from the ten seconds: with seven and a half of
    them gone the reset is as punctual, and the LED's phases are as well.
    """
    reset, _, edges = hold(SCANS)
    assert RESET <= reset <= RESET + STEP, reset
    assert count(edges, 0, SLOW) == 0, edges
    assert 9 <= count(edges, 8700, RESET) <= 12, edges


def test_a_loop_that_is_held_up_again_and_again():
    reset, _, edges = hold(STUTTER)
    assert RESET <= reset <= RESET + 3 * STEP, reset
    assert count(edges, 0, SLOW) == 0 and count(edges, SLOW, FAST) >= 3, edges
    assert count(edges, FAST, RESET) >= 8, edges


def test_a_loop_that_is_held_up_at_the_end():
    """The reset comes with the first look after that."""
    reset, _, _ = hold(((9000, 3000),))
    assert reset == 12_000, reset


def test_a_release_before_the_end():
    """It ends with the next look, and nothing is reset, however few looks there were."""
    for pauses in (FREE, SCANS, STUTTER):
        for released in (STEP, SLOW - STEP, SLOW + STEP, FAST + STEP, RESET - 4 * STEP):
            reset, ended, _ = hold(pauses, released)
            assert reset is None, (pauses, released)
            over = [at + n for at, n in pauses if at <= released < at + n] or [released]
            assert released <= ended <= over[0] + 3 * STEP, (pauses, released, ended)


def test_a_release_that_is_seen_after_the_end():
    """The loop was held up from before the release until the ten seconds were over."""
    for released in (8000, 9000, RESET - STEP):
        reset, ended, _ = hold(((7500, 3000),), released)
        assert (reset, ended) == (None, 10_500), (released, reset, ended)
