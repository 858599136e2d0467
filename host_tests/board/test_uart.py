"""The lines of the UARTs: what can be set, when it takes effect, and which buffers go with it."""

import time

import pytest

from host_tests.board.console import PATIENCE

pytestmark = pytest.mark.needs("uart1", "counters")

FAILED, BAD_ARGUMENT, BOUNDS = 1, 7, 9
RTS_CTS = 3


def line(board, number=1):
    """What the driver was told: (baud, format, flow, bytes of the receive buffer)."""
    status = board.uart_status(number)
    return status["baud"], status["format"], status["flow"], status["capacity"]


def becomes(told, board, number=1):
    """Wait until the driver was told so: the supervisor hears of it beside the line's bytes."""
    end = time.monotonic() + PATIENCE
    while line(board, number) != told:
        assert time.monotonic() < end, line(board, number)


def test_factory_settings(board):
    board.machine()  # the firmware has begun
    becomes((115200, "8N1", 0, 5760), board)
    assert line(board, 0)[:3] == (115200, "8N1", 0)


def test_uart_update(board):
    """The reply comes at the old rate; half a second of line rate fits the buffer."""
    console = board.machine()
    for variable in ("uart.baud 1 230400", "uart.data 1 7", "uart.parity 1 even", "uart.stop 1 2"):
        assert console.ok(f"set {variable}") == "Set OK"
    assert line(board)[0] == 115200
    assert console.ok("uart_update 1") == "Success"
    assert console.ok("get wl j r") == "3"
    becomes((230400, "7E2", 0, 11520), board)
    for variable in ("uart.baud 1 9600", "uart.parity 1 odd", "uart.data 1 8", "uart.stop 1 1"):
        assert console.ok(f"set {variable}") == "Set OK"
    assert console.ok("uart_update 1") == "Success"
    assert console.ok("get wl j r") == "3"
    becomes((9600, "8O1", 0, 1024), board)


def test_high_rates_need_flow_control(board):
    """Neither uart_update nor save takes one without: the host would lose bytes, or its module."""
    console = board.machine()
    assert console.ok("set uart.baud 1 921600") == "Set OK"
    for command in ("uart_update 1", "save"):
        reply = console.run(command)
        assert (reply.code, reply.text) == (FAILED, b"Above 230400 baud uart.flow 1 must be on")
    assert line(board)[0] == 115200
    assert console.ok("set uart.flow 1 on") == "Set OK"
    assert console.ok("uart_update 1") == "Success"
    becomes((921600, "8N1", RTS_CTS, 16384), board)
    assert console.ok("get wl j r") == "3"
    boots = board.boots()
    assert console.ok("save") == "Success"
    console.send(b"reboot\r\n")
    board.started(boots)
    console.quiet()
    assert console.ok("get uart.baud 1") == "921600"
    becomes((921600, "8N1", RTS_CTS, 16384), board)
    # Back again.
    assert console.ok("set uart.baud 1 115200") == "Set OK"
    assert console.ok("set uart.flow 1 off") == "Set OK"
    assert console.ok("uart_update 1") == "Success"
    becomes((115200, "8N1", 0, 5760), board)
    assert console.ok("get wl j r") == "3"


def test_uart0(board):
    """A person's port: another rate, but no other format."""
    console = board.machine()
    assert console.ok("set uart.baud 0 57600") == "Set OK"
    formats = {"data": ("8", "7"), "parity": ("none", "even"), "stop": "12", "flow": ("off", "on")}
    for name, (true, other) in formats.items():
        assert console.run(f"set uart.{name} 0 {other}").code == BAD_ARGUMENT
        assert console.ok(f"get uart.{name} 0") == true
        assert console.ok(f"set uart.{name} 0 {true}") == "Set OK"
    assert console.ok("uart_update 0") == "Success"
    usb = board.uart0
    usb.sync()
    assert usb.command("get wlan.join.retries") == ["3"]
    assert line(board, 0)[:2] == (57600, "8N1")
    assert console.run("uart_update 2").code == BOUNDS


def test_larger_buffers(board):
    console = board.machine()
    board.configure(console, bus_command_rx__bufsize=10000)
    assert console.ok("uart_update 1") == "Success"
    assert console.ok("get wl j r") == "3"
    assert line(board)[3] == 10000


def test_no_overruns_while_commands_are_served(board):
    console = board.machine()
    console.run(b"x" * 600)
    assert console.ok("get uart.overruns all").split("\r\n") == [
        "uart.overruns 0: 0",
        "uart.overruns 1: 0",
    ]
    assert console.run("set uart.overruns 1 0").code == BAD_ARGUMENT
