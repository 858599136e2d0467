"""GPIO commands where no more is seen of the pins than that two of them are joined: what one is,
the other reads. What the virtual board shows of its pads is in test_gpio.py.
"""

import pytest

pytestmark = pytest.mark.needs("jumper")


@pytest.fixture
def joined(board):
    """A port for a program, and the two GPIOs."""
    return board.machine(), *board.jumper()


def test_an_output_is_read(joined):
    console, *pair = joined
    for output, reader in (pair, pair[::-1]):
        console.ok(f"gpio_dir {reader} in")
        console.ok(f"gpio_dir {output} out")
        for level in "0110100":
            console.ok(f"gpio_set {output} {level}")
            assert console.ok(f"gpio_get {reader}") == level
            assert console.ok("gpios_get")[reader] == level
        console.ok(f"gpio_dir {output} out 1")
        assert console.ok(f"gpio_get {reader}") == "1"
        console.ok(f"gpio_dir {output} none")


def test_pulls(joined):
    """They hold what nobody drives, and give way to an output."""
    console, *pair = joined
    for pulled, other in (pair, pair[::-1]):
        for pull, level in (("ipu", "1"), ("ipd", "0")):
            console.ok(f"gpio_dir {other} in")
            console.ok(f"gpio_dir {pulled} {pull}")
            assert console.ok(f"gpio_get {pulled}") == level
            assert console.ok(f"gpio_get {other}") == level
            against = str(1 - int(level))
            console.ok(f"gpio_dir {other} out {against}")
            assert console.ok(f"gpio_get {pulled}") == against
        console.ok(f"gpio_dir {other} none")


def test_an_open_drain_lets_go(joined):
    console, drain, pulled = joined
    console.ok(f"gpio_dir {pulled} ipu")
    console.ok(f"gpio_dir {drain} ood 1")
    for level in "101":
        console.ok(f"gpio_set {drain} {level}")
        assert console.ok(f"gpio_get {pulled}") == level
