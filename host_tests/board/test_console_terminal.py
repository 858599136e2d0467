"""The console in a terminal, over the board's own port: editing, history, completion, a narrow
window. host_tests/console/ has the many cases, without a board.
"""

import pytest

from host_tests.board.terminal import Terminal

UP, LEFT, HOME, END = b"\x1b[A", b"\x1b[D", b"\x1b[H", b"\x1b[F"


@pytest.mark.parametrize("columns", [80, 40])
def test_a_line_is_edited_and_run(board, columns):
    terminal = Terminal(board.host, columns)
    terminal.type(b"t wlan.ssid", HOME, b"ge", b"\r")
    terminal.until(lambda: terminal.rows() == ["> get wlan.ssid", "", ">"])
    terminal.type(b'set wlan.ssid "a rather long name of a net"', LEFT)
    terminal.until(lambda: terminal.answers == 1)
    terminal.type(b"work", b"\r")
    terminal.shows("Set OK", ">")
    terminal.type(UP)
    terminal.until(lambda: terminal.rows()[-1].endswith('network"'))
    terminal.type(b"\x15get wl s\r")
    terminal.shows("a rather long name of a network", ">")


def test_a_narrow_window_shows_what_is_around_the_cursor(board):
    terminal = Terminal(board.host, 40)
    terminal.type(b"set wwep.host " + b"0123456789" * 5)
    wrapped = ["> set wwep.host 012345678901234567890123", "45678901234567890123456789"]
    terminal.until(lambda: terminal.rows() == wrapped)
    terminal.type(HOME)
    window = "> set wwep.host 012345678901234567890>"
    terminal.until(lambda: terminal.rows() == [*wrapped, window])
    terminal.type(END, b"\x7f" * 10, b"\r", b"get wwep.host\r")
    terminal.shows(("0123456789" * 4)[:40], ">")


def test_history_and_completion(board):
    terminal = Terminal(board.host, 80)
    terminal.type(b"ver\t\r", b"set wlan.passkey 12345678\r")
    terminal.shows("Set OK", ">")
    terminal.type(UP)
    terminal.shows("> version")
    terminal.type(b"\x15get wlan.auto\t")
    terminal.shows("> get wlan.auto_join.")
    terminal.type(b"\t")
    terminal.until(lambda: terminal.answers == 1)
    terminal.type(b"\t")
    terminal.shows(
        "wlan.auto_join.enabled      wlan.auto_join.retry_delay",
        "wlan.auto_join.retries",
        "> get wlan.auto_join.",
    )


@pytest.mark.needs("air")
def test_a_log_line_leaves_the_edited_line_alone(board):
    console = board.host
    console.sync()
    console.command("set wlan.ssid airwire-open")
    console.command("network_up")
    terminal = Terminal(console, 40)
    terminal.type(b"get wlan.join.timeout" + b" " * 20, LEFT * 15)
    terminal.until(lambda: terminal.answers == 1)
    board.board.access_point("airwire-open", present=False)
    terminal.until(lambda: "[Disassociated]" in terminal.rows())
    terminal.type(b"\r")
    terminal.until(lambda: "10000" in terminal.rows())
