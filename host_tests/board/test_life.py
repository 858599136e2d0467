"""Starts, restarts and the REPL: what is said at each, the watchdog, and the way to the REPL and
back.
"""

import re
import time

import pytest

# machine.reset_cause()
POWER_ON, HARD, WATCHDOG, SOFT = 1, 2, 3, 5

PROMPT = b">>> "


REPL_PATIENCE = 90  # seconds: the longest line sleeps for 30


def python(console, line):
    """Type a line at the REPL: what it printed."""
    console.send(line.encode() + b"\r\n")
    console.until(b"\r\n")
    return console.until(PROMPT, REPL_PATIENCE)[: -len(PROMPT)].decode().strip()


def to_the_repl(console):
    console.send(b"\x03")
    shown = console.until(PROMPT)
    assert b"\r\nAirwire stopped. Ctrl-D starts it again.\r\n" in shown


def to_the_firmware(console):
    console.send(b"\x04")
    console.until(b"[Ready]\r\n")


@pytest.mark.needs("wifi")
def test_reboot(board):
    """What is open is closed, the version is printed, and the session starts anew."""
    console = board.host
    console.sync()
    version = console.command("version")[0].encode()
    console.command(f"set wlan.ssid {board.wifi[0]}")
    console.command(f'set wlan.passkey "{board.wifi[1]}"')
    console.command("network_up")
    console.quiet()
    console.send(b"reboot\r\n")
    shown = console.until(b"[Ready]\r\n")
    plain = re.sub(rb"\r *\r|(?<=\n)> ", b"", shown)
    assert plain.startswith(b"reboot\r\nRebooting\r\n")
    assert plain.endswith(b"[Disassociated]\r\n> " + version + b"\r\n[Ready]\r\n") or (
        b"[Disassociated]\r\n" in plain and version + b"\r\n" in plain
    ), plain
    console.sync()
    assert console.command("get wlan.network.status") == ["0"]


@pytest.mark.needs("counters")
def test_a_hardware_reset_prints_no_version(board):
    for console in (board.uart0, board.uart1):
        console.sync()
    board.reset()
    for console in (board.uart0, board.uart1):
        shown = console.until(b"[Ready]\r\n> ")
        assert b"Airwire" not in shown


def test_uptime(board):
    console = board.machine()
    first = int(console.ok("get time.uptime"))
    assert first < 60
    end = time.monotonic() + 10
    while int(console.ok("get ti u")) == first:
        assert time.monotonic() < end
    assert int(console.ok("get ti u")) == first + 1


def test_repl_and_back(board):
    """Ctrl-C stops the firmware and gives the REPL, Ctrl-D starts it again, as often as one
    likes.
    """
    console = board.uart0
    for _ in range(3):
        console.sync()
        to_the_repl(console)
        assert python(console, "6 * 7") == "42"
        to_the_firmware(console)
        console.sync()
        assert console.command("get wlan.join.retries") == ["3"]


@pytest.mark.needs("wifi", "uart1")
def test_stopping_closes_streams(board, peer):
    """At the REPL no socket is left open, and the other UART is silent."""
    console = board.uart1.machine()
    board.join(console)
    console.ok(f"tcp_client {board.peer(console)} {peer.port}")
    to_the_repl(board.uart0)
    console.send(b"get wl j r\r\n")
    assert python(board.uart0, "1 + 1") == "2"
    assert console.quiet() == b""
    to_the_firmware(board.uart0)
    board.uart1.sync()
    console.machine()
    assert console.ok("list") == "! # Type  Info"
    board.join(console)


@pytest.mark.needs("counters")
def test_ctrl_c_while_the_firmware_works(board, peer):
    """In the middle of a join, of an open, of a burst of input."""
    console = board.uart0
    console.sync()
    console.command("set wlan.ssid airwire-wpa2")
    console.command('set wlan.passkey "correct horse"')
    for busy in (b"network_up\r\n", b"get all\r\n", b"tcpc 127.0.0.1 1\r\n", b"get a"):
        console.send(busy)
        console.until(busy.strip())
        to_the_repl(console)
        to_the_firmware(console)
        console.sync()


@pytest.mark.needs("counters")
def test_watchdog_resets_what_blocks(board):
    """At the REPL a timer feeds it: less time-out than the timer's period is a blocked loop."""
    console = board.uart0
    console.sync()
    to_the_repl(console)
    assert python(console, "import machine") == ""
    boots = board.boots()
    console.send(b"machine.WDT(timeout=300)\r\n")
    board.started(boots)
    assert board.board.status()["cause"] == WATCHDOG
    console.sync()
    assert console.command("get wlan.join.retries") == ["3"]


@pytest.mark.needs("counters")
def test_the_repl_outlives_the_watchdog(board, counts):
    """It cannot be stopped: a timer feeds it, also while a line of Python runs. Reduced: with a
    time-out of three seconds instead of the firmware's twenty.
    """
    console = board.uart0
    console.sync()
    to_the_repl(console)
    boots = board.boots()
    if counts(True, False):
        python(console, "import machine; dog = machine.WDT(timeout=3000)")
    assert python(console, f"import time; time.sleep({counts(4, 30)}); print('awake')") == "awake"
    assert board.boots() == boots
    to_the_firmware(console)
    assert board.board.status()["cause"] == SOFT


@pytest.mark.needs("counters")
def test_reset_causes(board):
    assert board.board.status()["cause"] == POWER_ON
    console = board.uart0
    console.sync()
    boots = board.boots()
    console.send(b"reboot\r\n")
    board.started(boots)
    assert board.board.status()["cause"] == HARD
    board.reset()
    assert board.board.status()["cause"] == HARD
    boots = board.boots()
    board.board.power_cut()
    board.started(boots)
    assert board.board.status()["cause"] == POWER_ON
