"""Buffered commands: long responses as streams of type CMD (spec 1.6)."""

import pytest

from airwire import declarations, project

HEAD = b"! # Type  Info"


@pytest.fixture
def console(board):
    console = board.machine()
    board.configure(console, system_cmd_buffered=1)
    return console


def kept(console, line):
    """Run a command whose response is kept; its handle and size."""
    handle, size = console.ok(line).split(",")
    return int(handle), int(size)


def read_all(console, handle, most=700):
    data = b""
    while piece := console.run(f"read {handle} {most}").text:
        data += piece
        if console.run(f"poll {handle}").code:
            break  # closed by the read that took the last byte
    return data


def test_a_long_response_is_kept_and_read_in_pieces(board, console):
    """What is read is what would have been answered; the last read closes the stream."""
    board.configure(console, system_cmd_buffered=0)
    plain = {line: console.run(line).text for line in ("help commands", "get tcp", "list")}
    board.configure(console, system_cmd_buffered=1)
    for line, text in plain.items():
        handle, size = kept(console, line)
        assert (handle, size) == (0, len(text))
        assert console.ok(f"poll {handle}") == "1"
        for most in (1, 7, 4096):
            piece = console.run(f"read {handle} {most}").text
            assert piece == text[:most]
            text = text[most:]
        assert text == b""
        assert console.run(f"poll {handle}").code == 1


def test_what_is_short_is_answered_at_once(console):
    for line, text in (
        ("get wlan.join.retries", "3"),
        ("set wl s x", "Set OK"),
        ("get wl s", "x"),
    ):
        assert console.ok(line) == text
    assert console.ok("version").startswith("Airwire-")
    assert console.run("poll 0").code == 1


@pytest.mark.needs("air")
def test_each_command_with_a_long_response(console):
    for line in (
        "scan",
        "scan -v",
        "help commands",
        "help variables",
        "get all",
        "get wl",
        "list",
    ):
        handle, size = kept(console, line)
        assert len(read_all(console, handle)) == size, line
    handle, _ = kept(console, "get all")
    rows = read_all(console, handle).decode().split("\r\n")
    names = {row.partition(":")[0].partition(" ")[0] for row in rows}
    declared = declarations.variables(project.ROOT)
    # Of those with a GPIO as index there are none, and text of several lines has no place here.
    assert names == {
        v.name for v in declared if v.type != "lines" and not v.type.startswith("index gpio ")
    }


def test_the_stream_table_shows_them(board, console):
    _, size = kept(console, "get static")
    assert console.run("read 0 10").text == b"static.dns"
    board.configure(console, system_cmd_buffered=0)
    assert console.ok("stream_list").encode() == HEAD + b"\r\n# 0 CMD   get (%d, 10)" % size
    assert console.run("write 0 3", b"abc").code == 1
    assert console.ok("get wlan.ssid") == ""
    assert console.ok("close 0") == "Success"
    assert console.ok("list").encode() == HEAD


def test_a_drained_stream_stays_where_it_is_not_closed(board, console):
    board.configure(console, stream_auto__close=0)
    handle, size = kept(console, "get static")
    assert len(console.run(f"read {handle} 4096").text) == size
    assert console.ok(f"poll {handle}") == "2"
    assert console.run(f"read {handle} 10").text == b""
    assert console.ok(f"close {handle}") == "Success"


def test_more_than_eight_are_an_error(console):
    for handle in range(8):
        assert kept(console, "get static")[0] == handle
    reply = console.run("get static")
    assert (reply.code, reply.text) == (1, b"No free stream")
    console.ok("close 3")
    assert kept(console, "get static")[0] == 3
    console.ok("close all")
    assert kept(console, "list") == (0, len(HEAD))


def test_each_session_has_its_own(board, console):
    other = board.uart0.machine()
    assert other.ok("get static").startswith("static.dns")
    handle, size = kept(console, "get static")
    assert len(other.run(f"read {handle} 4096").text) == size  # handles are the module's


def test_it_is_saved(board, console):
    board.configure(console, system_cmd_timestamp="uptime")
    console.ok("save")
    console = restarted(board)
    assert kept(console, "get static")[0] == 0
    assert console.ok("get sy c t") == "uptime"
    assert board.uart0.command("get sy c b") == ["0"]  # a person's console starts as ever


def restarted(board):
    board.reset()
    console = board.uart1
    console.quiet()
    board.uart0.sync()
    return console
