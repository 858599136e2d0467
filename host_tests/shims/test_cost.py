# What the shims cost of the heap. On a chip they are C and cost nothing; here it is measured
# and subtracted from the firmware's budgets; this keeps it from growing unseen.

import pytest

MEASURE = """
import gc
gc.collect()
print("heap", gc.mem_alloc())
"""
EVERYTHING = """
import errno, esp32, network, os, select, socket, ssl, time
from machine import RTC, Timer, UART, WDT, Pin
socket.getaddrinfo("", 1)
"""
# Bytes after gc.collect(), with a margin of a tenth over what was measured when this was written.
BUDGETS = {"i386": (18_000, 53_000), "amd64": (31_000, 98_000)}


@pytest.mark.parametrize("which", [0, 1], ids=["empty main.py", "every shim"])
def test_heap(start, arch, which, record_property):
    board = start(EVERYTHING if which else "", MEASURE)
    used = int(board.expect("MicroPython v").split("heap ")[1].split()[0])
    record_property("bytes", used)
    print(f"{arch}: {used} bytes")
    assert used <= BUDGETS[arch][which]
