"""The port of UART0: its ring holds 22 ms, so one wake takes all that is there."""

import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize(("waiting", "taken"), [(1, 1), (250, 250), (260, 260), (300, 260)])
def test_uart0_is_drained_whole_at_each_wake(interpreter, shipped, waiting, taken):
    script = Path(__file__).with_name("usb_driver.py")
    with subprocess.Popen(
        [interpreter, script, shipped, "260"],
        env={"MICROPYPATH": ".frozen"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write(b"x" * waiting)
        process.stdin.flush()  # and it stays open: an end would be read again and again
        assert process.stdout.read() == b"%d\n" % taken
