"""The board's UARTs: the time a byte takes, the ring that overflows, flow control, and output that
nobody reads.
"""

import os
import random
import subprocess
import threading
import time
import zlib

import pytest

# A pacing that is wrong is wrong by far more; a shared machine is late by this much.
FAST, SLOW = 0.95, 2.0

# So many busy programs of more importance keep the firmware waiting longer than its ring lasts.
OTHERS = 2
LINES = 120


def uart(board, number):
    return board.status()["uart"][number]


@pytest.fixture
def console(board, port):
    console = port(board.uart0)
    console.until("boot 1")
    return console


@pytest.mark.parametrize(("baud", "count"), [(9600, 480), (115200, 5760), (921600, 46080)])
def test_bytes_take_their_time(board, console, port, baud, count):
    host = port(board.uart1)
    console.send(b"control uart 1 %d 8 none 1 16384 0\necho\nline ready\n" % baud)
    console.until("line ready")
    data = random.Random(baud).randbytes(count)
    sender = threading.Thread(target=host.send, args=(data,))
    start = time.monotonic()
    sender.start()
    assert host.read(count) == data
    took = time.monotonic() - start
    sender.join()
    expected = count * 10 / baud
    assert expected * FAST <= took <= expected * SLOW + 0.1
    assert uart(board, 1)["overflow"] == 0


def test_frame_counts(board, console, port):
    """Eight bits, even parity, two stop bits: twelve bit times a byte."""
    host = port(board.uart1)
    console.send(b"control uart 1 9600 8 even 2 256 0\nwrite 256\n")
    start = time.monotonic()
    host.read(256)
    took = time.monotonic() - start
    assert 256 * 12 / 9600 * FAST <= took <= 256 * 12 / 9600 * SLOW + 0.1
    assert uart(board, 1)["format"] == "8E2"


@pytest.mark.parametrize("extra", [0, 1, 140])
def test_console_ring_holds_260(board, console, extra):
    console.send(b"busy\nline ")
    console.send(b"x" * (254 + extra) + b"\n")
    deadline = time.monotonic() + 10
    while uart(board, 0)["received"] < 5 + 5 + 254 + extra + 1:
        assert time.monotonic() < deadline
    status = uart(board, 0)
    assert (status["fill"], status["overflow"]) == (260, extra)
    board.hold(1)  # no longer busy
    if not extra:
        assert console.line() == "line " + "x" * 254


def test_the_line_waits_for_a_processor_that_others_have(board, console):
    """What a machine does besides takes no time of the chip: its ring does not overflow."""
    here = min(os.sched_getaffinity(0))
    others = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(OTHERS)]
    try:
        for pid in (board.status()["pid"], *(other.pid for other in others)):
            os.sched_setaffinity(pid, {here})
        os.setpriority(os.PRIO_PROCESS, board.status()["pid"], 19)
        console.send(LINES * (b"hear " + b"x" * 240 + b"\n") + b"line end\n")
        assert console.line() == "line end"
    finally:
        for other in others:
            other.kill()
            other.wait()
    assert uart(board, 0)["overflow"] == 0


def test_host_port_ring_is_rxbuf(board, console, port):
    host = port(board.uart1)
    console.send(b"control uart 1 921600 8 none 1 8192 0\nline ready\n")
    console.until("line ready")
    data = random.Random(1).randbytes(9000)
    host.send(data)
    deadline = time.monotonic() + 10
    while uart(board, 1)["received"] < len(data):
        assert time.monotonic() < deadline
    status = uart(board, 1)
    assert (status["fill"], status["overflow"]) == (8192, 9000 - 8192)
    assert console.line("read") == f"read 8192 {zlib.crc32(data[:8192])}"


def test_single_bytes_fill_the_ring_too(board, console, port):
    """One kernel buffer per byte is more than a socket takes: the rest waits outside, and
    counts.
    """
    host = port(board.uart1)
    console.send(b"control uart 1 921600 8 none 1 2048 0\nline ready\n")
    console.until("line ready")
    for i in range(1000):
        host.send(bytes([i & 255]))
        while uart(board, 1)["received"] <= i:
            pass
    assert uart(board, 1)["fill"] == 1000
    expected = bytes(i & 255 for i in range(1000))
    console.send(b"echo\n")
    assert host.read(1000) == expected


def test_rts_stops_the_host(board, console, port):
    host = port(board.uart1)
    console.send(b"control uart 1 921600 8 none 1 1024 3\nline ready\n")
    console.until("line ready")
    data = random.Random(2).randbytes(20000)
    sender = threading.Thread(target=host.send, args=(data,))
    sender.start()
    deadline = time.monotonic() + 10
    while uart(board, 1)["fill"] < 1024:
        assert time.monotonic() < deadline
    console.send(b"echo\n")
    assert host.read(len(data)) == data
    sender.join()
    status = uart(board, 1)
    assert (status["overflow"], status["unread"], status["received"]) == (0, 0, len(data))


def test_unread_output_is_flushed(board, console, port):
    host = port(board.uart1)
    console.send(b"control uart 1 921600 8 none 1 256 0\nwrite 40000\nline done\n")
    console.until("line done")  # the firmware has not been stopped by a host that does not read
    deadline = time.monotonic() + 10
    while uart(board, 1)["sent"] < 40192:
        assert time.monotonic() < deadline
    unread = uart(board, 1)["unread"]
    rest = host.read(40192 - unread)
    assert host.silent()
    assert rest == (bytes(range(256)) * 157)[unread:]


def test_cts_waits_for_the_host(board, console, port):
    host = port(board.uart1)
    console.send(b"control uart 1 921600 8 none 1 256 2\nwrite 20000\n")
    deadline = time.monotonic() + 1.5  # longer than unread output is kept without CTS
    while time.monotonic() < deadline:
        assert uart(board, 1)["unread"] == 0
    assert host.read(20224) == bytes(range(256)) * 79
    assert uart(board, 1)["unread"] == 0


def test_what_was_said_before_a_reset_is_heard(board, console):
    console.send(b"line last words\nexit 70\n")
    assert console.line() == "line last words"
    console.until("boot 2")


def test_settings_end_with_the_reset(board, console):
    console.send(b"control uart 1 9600 7 odd 2 4096 3\nexit 70\n")
    board.wait_boot(2)
    status = uart(board, 1)
    assert (status["baud"], status["format"], status["flow"], status["capacity"]) == (
        115200,
        "8N1",
        0,
        256,
    )


def test_idle_board_uses_no_cpu(board, console):
    pid = board.status()["supervisor"]
    console.line("line warm")

    def ticks():
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[0])

    before = ticks()
    threading.Event().wait(0.5)
    assert ticks() - before < 5_000_000  # nanoseconds
