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
    assert terminal.rows() == ["> get wlan.ssid", "", ">"]
    terminal.type(b'set wlan.ssid "a rather long name of a net"', LEFT, b"work", b"\r", UP)
    assert terminal.rows()[-1].endswith('network"')
    terminal.type(b"\x15get wl s\r")
    assert terminal.rows()[-2:] == ["a rather long name of a network", ">"]


def test_a_narrow_window_shows_what_is_around_the_cursor(board):
    terminal = Terminal(board.host, 40)
    terminal.type(b"set wwep.host " + b"0123456789" * 5)
    wrapped = ["> set wwep.host 012345678901234567890123", "45678901234567890123456789"]
    assert terminal.rows() == wrapped
    terminal.type(HOME)
    assert terminal.rows() == [*wrapped, "> set wwep.host 012345678901234567890>"]
    terminal.type(END, b"\x7f" * 10, b"\r", b"get wwep.host\r")
    assert terminal.rows()[-2] == ("0123456789" * 4)[:40]


def test_history_and_completion(board):
    terminal = Terminal(board.host, 80)
    terminal.type(b"ver\t\r", b"set wlan.passkey 12345678\r", UP)
    assert terminal.rows()[-1] == "> version"
    terminal.type(b"\x15get wlan.auto\t", b"\t", b"\t")
    listed = sorted(" ".join(terminal.rows()[-3:-1]).split())
    assert listed == [
        "wlan.auto_join.enabled",
        "wlan.auto_join.retries",
        "wlan.auto_join.retry_delay",
    ]
    assert terminal.rows()[-1] == "> get wlan.auto_join."


@pytest.mark.needs("air")
def test_a_log_line_leaves_the_edited_line_alone(board):
    console = board.host
    console.sync()
    console.command("set wlan.ssid airwire-open")
    console.command("network_up")
    terminal = Terminal(console, 40)
    terminal.type(b"get wlan.join.timeout" + b" " * 20, LEFT * 15)
    board.board.access_point("airwire-open", present=False)
    while "[Disassociated]" not in terminal.rows():
        terminal.type(b"")
    terminal.type(b"\r")
    assert "10000" in terminal.rows()
