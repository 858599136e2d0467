"""Random bytes on the UARTs: nothing is taken for more than it is, nothing is left behind in
memory, and the next command is answered.
"""

import pytest

from host_tests.board import live
from host_tests.board.console import HEADER

# One burst fits into UART0's receive ring of 260 bytes, which holds 22 ms of line rate.
BURST = 250


def noise(rng, count, without=b""):
    """Random bytes in which every value occurs, but for those left out."""
    values = bytes(value for value in range(256) if value not in without)
    data = bytearray(rng.choices(values, k=count))
    for at, value in zip(rng.sample(range(count), len(values)), values, strict=True):
        data[at] = value
    assert set(data) == set(values)
    return bytes(data)


@pytest.mark.needs("uart1")
def test_random_bytes_on_uart1(board, rng, counts):
    count = counts(4000, 100_000)
    console = board.machine()
    console.run(b"\xff\x00")  # the path of an unknown command
    console.run(b'"')
    console.run(b"x" * 600)

    def send():
        console.send(noise(rng, count // live.ROUNDS) + b"\r\n")
        if "counters" in board.can:
            board.drained(1)
        answers = console.quiet()
        while answers:  # nothing but frames
            match = HEADER.match(answers)
            assert match, answers[:100]
            end = match.end() + int(match[2])
            answers = answers[end:]
        console.sync()

    left, used = live.left_by_use(lambda: live.memory(console), send)
    assert left <= live.SLACK, used
    assert console.ok("faults_print") == "! 0 faults"
    assert console.ok("get wlan.join.retries") == "3"
    if "counters" in board.can:
        status = board.uart_status(1)
        assert status["received"] > count // live.ROUNDS * live.ROUNDS
        assert status["overflow"] == 0


def test_random_bytes_on_uart0(board, rng, counts):
    """All values but Ctrl-C, in bursts, to a person's session: echo and prompt come back."""
    count = counts(4000, 100_000)
    console = board.uart0
    console.sync()
    # What a person's session loads when it is needed, and a full history.
    console.send(b"\t\x1b[A\x1b[B\r\n")
    console.sync()
    for _ in range(20):
        console.send(noise(rng, 1000, without=b"\x03")[:BURST])
        console.sync()

    def send():
        data = noise(rng, count // live.ROUNDS, without=b"\x03")
        for at in range(0, len(data), BURST):
            console.send(data[at : at + BURST])
            if "counters" in board.can:
                board.drained(0)
            while console.more(0.02):
                pass
            console.take(len(console.data))
        console.sync()

    left, used = live.left_by_use(lambda: _memory(console), send)
    assert left <= live.SLACK, used
    assert console.command("faults_print") == ["! 0 faults"]
    assert console.command("get wlan.join.retries") == ["3"]
    if "counters" in board.can:
        assert board.uart_status(0)["overflow"] == 0


def _memory(console):
    for number in range(5):  # the history holds lines of the same length each time
        console.command(f"get uart.baud {number % 2}{' ' * number}")
    for _ in range(3):
        used = int(console.command("get system.memory.used")[-1])
    return used


@pytest.mark.needs("counters")
def test_bursts_on_uart0_while_idle(board):
    """UART0's ring is drained whole at each wake: a burst that nearly fills it arrives whole."""
    console = board.uart0.machine()
    for i in range(20):
        line = f"set wwep.host {i:03}".encode()
        line += b"h" * (BURST - 2 - len(line))
        console.send(line + b"\r\n")
        assert console.reply().text == b"Set OK"
        assert console.ok("get wwep.host") == line.split()[2].decode()
    assert board.uart_status(0)["overflow"] == 0
