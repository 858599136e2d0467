"""The driver in C and airwire.client drive a module through the same commands, with the same
results: each is a witness for the other.
"""

from random import Random

from airwire.client import Module
from host_tests.c.driver import CDriver
from host_tests.client.conformance import Run, echo_server
from host_tests.client.drivers import LOST, TIMEOUT, PythonDriver

PORT = "board:client/uart1"

HEAP = "240K"  # as in host_tests/client/test_traffic.py


def test_both_drivers_give_the_same_results(board, conform, rng, counts, figure):
    seed, count = rng.random(), counts(120, 10_000)
    with echo_server() as port:
        with CDriver(conform, str(board.uart1)) as driver:
            in_c = Run(driver, Random(seed), port).run(count)
        with Module(PORT) as module:
            in_python = Run(PythonDriver(module), Random(seed), port).run(count)
    assert len(in_c) == len(in_python) == count
    for number, (ours, theirs) in enumerate(zip(in_c, in_python, strict=True)):
        assert ours == theirs, number
    figure(f"{count} operations with each driver")


def test_a_module_that_restarts(board, conform):
    """In human mode it says so; in machine mode it is there again, or found."""
    with CDriver(conform, str(board.uart1)) as driver:
        try:
            # Nothing is saved at first; then machine mode is. A start that is over is told or
            # not, one that is under way hears nothing.
            for results in ({LOST}, {0, TIMEOUT}):
                assert driver.set("wlan.ssid", b"not saved") == 0
                started(board, board.reset)
                assert driver.get("wlan.ssid")[0] in results
                assert driver.get("wlan.ssid") == (0, b"")
                assert driver.command("save")[0] == 0
        finally:
            mac = driver.get("wlan.mac")[1]
            started(board, lambda: driver.command("factory_reset", mac))
            assert driver.ask("sync")[0] == 0


def started(board, restart):
    """Do what restarts the module, and see it start."""
    boots = board.status()["boots"]
    restart()
    board.wait_boot(boots + 1)
