"""Boards on USB: which serial port is one, and the one line for each way in which a port fails.

A port is a device (/dev/ttyUSB0, COM3), a URL of pyserial (rfc2217://host:2217) or, for a virtual
board, board:NAME. Only devices are found by themselves: a virtual board is always named.
"""

import errno
import os
import sys
from typing import Any

from airwire.errors import UserError

# The bridges of dev boards with an ESP32, by USB vendor and product. The names are those of the
# Linux kernel's drivers (cp210x, ch341, cdc-acm, ftdi_sio, pl2303), whose tables hold the numbers;
# Espressif's own is in its list of USB product ids. That one has newer chips behind it, of which
# esptool then says so.
BRIDGES = {
    (0x10C4, 0xEA60): "CP210x",
    (0x10C4, 0xEA70): "CP2105",
    (0x1A86, 0x7523): "CH340",
    (0x1A86, 0x5523): "CH341",
    (0x1A86, 0x55D3): "CH343",
    (0x1A86, 0x55D4): "CH9102",
    (0x0403, 0x6001): "FT232",
    (0x0403, 0x6010): "FT2232",
    (0x0403, 0x6011): "FT4232",
    (0x0403, 0x6014): "FT232H",
    (0x0403, 0x6015): "FT230X",
    (0x067B, 0x2303): "PL2303",
    (0x303A, 0x1001): "Espressif USB",
}

# What a failure ends with: the arguments were right.
FAILED = 1

BOARD = "board:"  # and the name of a virtual one

_NO_BOARD = (
    "no board on USB: plug one in, with a cable that has data lines, or name its port (PORT=...)"
)
_NOT_THERE = "no port {port}: plug the board in; boards here: {boards}"
_NO_URL = "no port {port}: a URL of one is rfc2217://HOST:PORT"
_NO_SERIAL = "{port} is no serial port: name another one (PORT=...)"
_PERMISSION = (
    "no permission for {port}: add yourself to the group that owns it (often dialout), "
    "and log in again"
)
_BUSY = "{port} is busy: close the program that uses it"
_NO_WAY_IN = "no way into {port}: nobody offers it, or another program uses it"
_GONE = "{port} is gone: check the cable, plug the board in, and try again"
_NO_ANSWER = "no answer from {port}: hold BOOT, press EN, and try again"
_STOPPED = "the chip on {port} stopped answering: check the cable, or try --baud 115200"
_NO_PROMPT = "no prompt of MicroPython on {port}: press EN and try again, or use make flash"
_DIFFERS = "the flash does not hold what was written: {words}"

# What esptool, mpremote, ampy or pyserial says (lower case) -> what the user is told. First match
# wins.
_COMPLAINTS = (
    ("permission denied", _PERMISSION),
    ("resource busy", _BUSY),
    ("could not exclusively lock", _BUSY),
    ("may be in use by another program", _BUSY),
    ("multiple access on port", _BUSY),
    ("could not configure port", _NO_SERIAL),
    ("is a directory", _NO_SERIAL),
    ("no such device", _GONE),
    ("device not configured", _GONE),
    ("input/output error", _GONE),
    ("connection reset", _GONE),
    ("broken pipe", _GONE),
    ("connection failed", _GONE),
    ("connection refused", "nobody answers at {port}: start what offers that port"),
    (
        "remote does not seem to support rfc2217",
        "no answer from {port}: another program uses it, or it is no port of RFC 2217",
    ),
    ("remote does not accept parameter", "no answer from {port}: another program uses it"),
    ("the port is busy or doesn't exist", "cannot open {port}: it is busy or does not exist"),
    ("wrong chip argument", "wrong chip on {port}: {words} Airwire runs on the classic ESP32."),
    ("no serial data received", _NO_ANSWER),
    ("failed to connect", _NO_ANSWER),
    ("chip stopped responding", _STOPPED),
    ("no more data to read", _STOPPED),
    ("serial data stream stopped", _STOPPED),
    ("verify failed", _DIFFERS),
    ("verification failed", _DIFFERS),
    ("md5 of file does not match", _DIFFERS),
    ("could not enter raw repl", _NO_PROMPT),
    ("could not exec command", _NO_PROMPT),
    ("during raw paste", _NO_PROMPT),
    ("timeout waiting for", _NO_PROMPT),
    ("no space left", "no room on {port}: delete files of yours there (file_delete)"),
    ("enospc", "no room on {port}: delete files of yours there (file_delete)"),
    ("enodev", "no file system on {port}: use make flash"),
    ("no module named", "{tool} is not installed: run `make` first"),
)


def find(port: str | None, resets: bool = False) -> str:
    """The port that is meant: the given one, checked, or the only board on USB; of several, the
    one that is chosen on a terminal. Raises UserError.

    `resets`: the chip will be reset by DTR and RTS, which a virtual board has by RFC 2217 alone.
    """
    if not port:
        return _choose()
    if port.startswith(BOARD):
        return _virtual(port.removeprefix(BOARD), resets)
    check(port)
    return port


def check(port: str) -> None:
    """Raise UserError for a device that is not there, not ours or not free, and for a URL that
    pyserial cannot open, before anything is done. Who answers at a URL is the matter of the
    program that opens it.
    """
    if "://" in port:
        _check_url(port)
        return
    if os.name == "posix" and not os.path.exists(port):  # COM3 is in no folder
        boards = ", ".join(sorted(info.device for info in boards_here())) or "none"
        raise UserError(_NOT_THERE.format(port=port, boards=boards), FAILED)
    try:
        open_port(port).close()
    except (OSError, ValueError) as error:
        raise failure(error, port) from None


def _check_url(port: str) -> None:
    import serial

    from airwire.client.port import check_url

    try:
        serial.serial_for_url(port, do_not_open=True)
        check_url(port)
    except (OSError, ValueError):
        raise UserError(_NO_URL.format(port=port), FAILED) from None


def open_port(port: str, baud: int = 115200) -> Any:
    """A pyserial port for this program alone. Opening it must not reset the chip: dev boards have
    DTR and RTS wired to GPIO0 and EN. Raises OSError, ValueError.
    """
    import serial

    opened = serial.serial_for_url(port, baud, do_not_open=True)
    if "://" not in port:
        opened.exclusive = True
    opened.dtr = opened.rts = False
    opened.open()
    return opened


def boards_here() -> list[Any]:
    """pyserial's rows of the ports that may be boards, by name."""
    from serial.tools.list_ports import comports

    found = [info for info in comports() if (info.vid, info.pid) in BRIDGES]
    return sorted(found, key=lambda info: info.device)


def failure(error: Exception, port: str) -> UserError:
    """The line for an exception of pyserial."""
    number = getattr(error, "errno", None)
    if number == errno.EACCES:
        return UserError(_PERMISSION.format(port=port), FAILED)
    if number in (errno.EBUSY, errno.EAGAIN):
        return UserError(_BUSY.format(port=port), FAILED)
    return UserError(explain(str(error), port, "pyserial"), FAILED)


def explain(words: str, port: str, tool: str) -> str:
    """One line for what a program wrote to stderr before it failed."""
    if port.startswith("/") and not os.path.exists(port):
        return _GONE.format(port=port)  # whatever the program made of it
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    told = next(
        (line for line in lines if "error" in line.lower()),
        lines[-1] if lines else "no reason given",
    )
    told = told.removeprefix("ERROR: ").removeprefix("A fatal error occurred: ")
    if told.endswith(":"):  # mpremote's "Error with transport:", and last the error
        told += f" {lines[-1]}"
    for sign, text in _COMPLAINTS:
        if sign in words.lower():
            if text == _BUSY and "://" in port:  # check() has not opened it, as it does a device
                text = _NO_WAY_IN
            return text.format(port=port, words=told, tool=tool)
    return f"{tool} failed on {port}: {told}"


def silent(port: str) -> UserError:
    """The line for a board whose MicroPython says nothing."""
    if port.startswith("/") and not os.path.exists(port):
        return gone(port)
    return UserError(_NO_PROMPT.format(port=port), FAILED)


def gone(port: str) -> UserError:
    """The line for a port that went while it was open."""
    return UserError(_GONE.format(port=port), FAILED)


def _choose() -> str:
    boards = boards_here()
    if not boards:
        raise UserError(_NO_BOARD, FAILED)
    if len(boards) == 1:
        print(f"{boards[0].device}: {_told(boards[0])}", file=sys.stderr)
        return boards[0].device
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        told = ", ".join(f"{info.device} ({_told(info)})" for info in boards)
        raise UserError(f"several boards, name one (PORT=...): {told}", FAILED)
    for number, info in enumerate(boards, 1):
        print(f"{number}  {info.device}  {_told(info)}", file=sys.stderr)
    while True:
        print(f"which board (1 to {len(boards)})? ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            raise UserError("no board chosen", FAILED)
        if answer.strip().isdecimal() and 0 < int(answer) <= len(boards):
            return boards[int(answer) - 1].device


def _told(info: Any) -> str:
    serial = f", serial number {info.serial_number}" if info.serial_number else ""
    return BRIDGES[info.vid, info.pid] + serial


def _virtual(name: str, resets: bool) -> str:
    from airwire.board.client import Board

    board = Board(name)
    number = board.status()["rfc2217"]
    if not resets:
        return str(board.uart0)
    if not number:
        raise UserError(
            f"board {name} has no DTR and RTS: airwire board up {name} --rfc2217", FAILED
        )
    return f"rfc2217://127.0.0.1:{number}"
