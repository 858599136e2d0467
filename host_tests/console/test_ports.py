"""The port of UART0: its ring holds 22 ms, so one wake takes all that is there."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize(("waiting", "taken"), [(1, 1), (250, 250), (260, 260), (300, 260)])
def test_uart0_is_drained_whole_at_each_wake(interpreter, shipped, waiting, taken):
    script = Path(__file__).with_name("usb_driver.py")
    source, sink = os.pipe()
    try:
        os.write(sink, b"x" * waiting)  # and it stays open: an end would be read again and again
        done = subprocess.run(
            [interpreter, script, shipped, "260"],
            env={"MICROPYPATH": ".frozen"},
            stdin=source,
            capture_output=True,
        )
    finally:
        os.close(source)
        os.close(sink)
    assert done.stdout == b"%d\n" % taken, done.stderr
