"""The driver in C and airwire.client drive a module through the same commands, with the same
results: each is a witness for the other.
"""

from random import Random

from airwire.client import Module
from host_tests.c.driver import CDriver
from host_tests.client.conformance import Run, echo_server
from host_tests.client.drivers import PythonDriver

PORT = "board:client/uart1"

HEAP = "240K"  # as in host_tests/client/test_traffic.py


def test_both_drivers_give_the_same_results(board, conform, rng, counts, figure):
    seed, count = rng.random(), counts(300, 10_000)
    with echo_server() as port:
        with CDriver(conform, str(board.uart1)) as driver:
            in_c = Run(driver, Random(seed), port).run(count)
        with Module(PORT) as module:
            in_python = Run(PythonDriver(module), Random(seed), port).run(count)
    assert len(in_c) == len(in_python) == count
    for number, (ours, theirs) in enumerate(zip(in_c, in_python, strict=True)):
        assert ours == theirs, number
    figure(f"{count} operations with each driver")
