"""`airwire monitor`: a terminal at UART0 of a board, which it can also reset.

Every byte goes through as it is. The keys are those of ESP-IDF's monitor: Ctrl-] ends it, Ctrl-T
is followed by what is done.
"""

import argparse
import errno
import os
import select
import sys
import threading
import time
from typing import Any

from airwire import arguments, ports
from airwire.errors import UserError

_QUIT, _MENU = b"\x1d", b"\x14"
_RESET, _DOWNLOAD = b"\x12", b"\x10"

# How long EN is low, and GPIO0 afterwards, in which the ROM looks at it: as esptool does.
_EN_SECONDS, _GPIO0_SECONDS = 0.1, 0.05

_KEYS = "Ctrl-] ends it; Ctrl-T Ctrl-R resets the board, Ctrl-T Ctrl-P into download mode"

_SIZE = 4096


def register(subparsers: Any) -> None:
    """Add the command `monitor`."""
    parser = subparsers.add_parser(
        "monitor",
        help="a terminal at a board's USB port, with keys that reset it",
        description=f"Connect the terminal to a board. {_KEYS}, Ctrl-T Ctrl-T sends Ctrl-T.",
    )
    arguments.board_port(parser)
    arguments.baud(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from airwire.client.console import raw_terminal

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("monitor needs a terminal; airwire console PORT takes lines from a pipe")
    name = ports.find(args.port)
    try:
        port = ports.open_port(name, args.baud)
    except (OSError, ValueError) as error:
        raise ports.failure(error, name) from None
    print(f"airwire: {name}; {_KEYS}", file=sys.stderr)
    with port, raw_terminal(sys.stdin.fileno()):
        Monitor(port, name).run(sys.stdin.fileno(), sys.stdout.fileno())
    return 0


class Monitor:
    """A port and a terminal, as file descriptors."""

    def __init__(self, port: Any, name: str) -> None:
        self._port, self._name = port, name
        self._menu = False

    def run(self, keyboard: int, screen: int) -> None:
        """Until Ctrl-]. Raises UserError when the port goes."""
        ended, over = os.pipe()  # a port by the network has nothing to select
        failed: list[Exception] = []
        running = threading.Event()
        running.set()

        def show() -> None:
            try:
                while running.is_set():
                    _write(screen, self._port.read(max(1, min(_SIZE, self._port.in_waiting))))
            except (OSError, TypeError) as error:  # the latter is pyserial's, while it is closed
                failed.append(error)
            os.close(over)

        self._port.timeout = 0.1
        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            while ended not in (ready := select.select([keyboard, ended], [], [])[0]):
                typed = os.read(keyboard, _SIZE) if keyboard in ready else b""
                if not typed or not self._typed(typed, screen):
                    break
        except OSError as error:
            failed.append(error)
        running.clear()
        thread.join()
        os.close(ended)
        if failed:
            raise ports.gone(self._name)

    def _typed(self, typed: bytes, screen: int) -> bool:
        """Send keys, or do what they ask for; False for the end."""
        for number in range(len(typed)):
            key = typed[number : number + 1]
            if not self._menu and key == _QUIT:
                return False
            if not self._menu and key == _MENU:
                self._menu = True
                continue
            if self._menu and key in (_RESET, _DOWNLOAD):
                self._reset(key == _DOWNLOAD, screen)
            elif self._menu and key not in (_QUIT, _MENU):
                _write(screen, f"\r\n{_KEYS}\r\n".encode())
            else:
                self._port.write(key)
            self._menu = False
        return True

    def _reset(self, download: bool, screen: int) -> None:
        """RTS is wired to EN, DTR to GPIO0, each alone."""
        try:
            self._port.dtr = False
            self._port.rts = True
            time.sleep(_EN_SECONDS)
            self._port.dtr = download
            self._port.rts = False
            if download:
                time.sleep(_GPIO0_SECONDS)
                self._port.dtr = False
        except OSError as error:
            if error.errno not in (errno.ENOTTY, errno.EINVAL):
                raise
            _write(screen, b"\r\nthis port has no DTR and RTS\r\n")


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
