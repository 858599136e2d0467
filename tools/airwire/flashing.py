"""`airwire flash`: writes the image to a real ESP32 by running esptool, and verifies it.

esptool is GPL: it is run as a program, never imported. Its progress goes to the terminal as it is;
of its errors the user gets one line. What is written comes from `airwire.image.build`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from airwire import arguments, project
from airwire.errors import UserError

if TYPE_CHECKING:  # costly, and most commands do without
    from airwire.image.build import Region

ESPTOOL = (sys.executable, "-m", "esptool")

# Four times the ROM's 115200, and still within what every USB bridge on a dev board does.
DEFAULT_BAUD = 460800

# What esptool or pyserial says (lower case) -> what the user is told. First match wins.
_COMPLAINTS = (
    (
        "permission denied",
        "no permission for {port}: add yourself to the group that owns it (often dialout)",
    ),
    ("multiple access on port", "{port} is busy: close the program that uses it"),
    ("resource busy", "{port} is busy: close the program that uses it"),
    ("could not exclusively lock", "{port} is busy: close the program that uses it"),
    ("the port is busy or doesn't exist", "cannot open {port}: it is busy or does not exist"),
    ("wrong chip argument", "wrong chip on {port}: {words}"),
    ("no serial data received", "no answer from {port}: hold BOOT, press EN, and try again"),
    ("failed to connect", "no answer from {port}: hold BOOT, press EN, and try again"),
    (
        "chip stopped responding",
        "the chip on {port} stopped answering: check the cable, or try --baud 115200",
    ),
    ("verify failed", "the flash does not hold what was written: {words}"),
    ("verification failed", "the flash does not hold what was written: {words}"),
    ("md5 of file does not match", "the flash does not hold what was written: {words}"),
    ("no module named esptool", "esptool is not installed: run `make` first"),
)


def register(subparsers: Any) -> None:
    """Add the command `flash`."""
    parser = subparsers.add_parser("flash", help="write firmware and file system to a real ESP32")
    parser.add_argument(
        "--port", required=True, help="serial port of the board, /dev/ttyUSB0 for example"
    )
    parser.add_argument(
        "--firmware",
        required=True,
        metavar="FILE",
        help="stock MicroPython for ESP32_GENERIC, 1.26 or newer",
    )
    parser.add_argument(
        "--baud",
        type=arguments.whole(1, arguments.MAX_BAUD),
        default=DEFAULT_BAUD,
        help="(%(default)s)",
    )
    # What is in a module's DCT is its own, and is nowhere else.
    table = parser.add_mutually_exclusive_group()
    table.add_argument(
        "--dct",
        type=Path,
        metavar="FILE",
        help="write this table of certificates and factory settings, too; "
        "else the one in the module stays",
    )
    table.add_argument("--erase-dct", action="store_true", help="erase it")
    parser.add_argument(
        "--resource",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="a file that the firmware can read, a certificate for example; may be repeated",
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from airwire.image import layout
    from airwire.image.build import regions

    check_port(args.port)
    if not args.firmware:  # as `make flash` without FIRMWARE gives it
        raise UserError(
            "no MicroPython given: FIRMWARE=FILE or --firmware FILE (ESP32_GENERIC, 1.26 or newer)"
        )
    pieces = regions(project.ROOT, Path(args.firmware), args.dct, args.resource)
    if not args.dct and not args.erase_dct:
        pieces = [piece for piece in pieces if piece.label != layout.DCT.label]
    flash(args.port, pieces, args.baud, ESPTOOL)
    print(f"{args.port}: written and verified; the board starts")
    return 0


def check_port(port: str) -> None:
    """Raise UserError for a port that is not there or not ours, before anything is built.

    Names of Windows (COM3) and URLs (rfc2217://host:2217) are esptool's matter.
    """
    if port and not port.startswith("/"):
        return
    if not os.path.exists(port):
        from serial.tools.list_ports import comports

        found = ", ".join(sorted(info.device for info in comports())) or "none"
        asked = f"no port {port}" if port else "no port given (PORT=... or --port ...)"
        raise UserError(f"{asked}; ports here: {found}")
    if not os.access(port, os.R_OK | os.W_OK):
        raise UserError(_tell("permission denied", port))


def flash(
    port: str,
    pieces: Iterable["Region"],
    baud: int = DEFAULT_BAUD,
    esptool: Sequence[str] = ESPTOOL,
) -> None:
    """Write the regions, compare them with the flash, start the board. Raises UserError.

    Whole partitions are written, so that what an older layout left in them is gone: MicroPython
    takes a file system area that is neither ours nor erased for a damaged one. nvs is not touched.
    """
    with tempfile.TemporaryDirectory(prefix="airwire-flash-") as folder:
        places: list[str] = []
        for piece in pieces:
            path = Path(folder, f"{piece.offset:06x}.bin")
            path.write_bytes(piece.data)
            places += [f"{piece.offset:#x}", str(path)]
        common = [*esptool, "--chip", "esp32", "--port", port, "--baud", str(baud)]
        common += ["--before", "default-reset"]
        # No start between the two: a running firmware writes its settings, and the flash would
        # differ. write-flash already compares each region's MD5; verify-flash does it once more,
        # after a fresh connection.
        keep = ["--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep"]
        run([*common, "--after", "no-reset", "write-flash", *keep, *places], port)
        run([*common, "--after", "hard-reset", "verify-flash", *keep, *places], port)


def run(command: Sequence[str], port: str, output: TextIO | None = None) -> None:
    """Run esptool with its output in our terminal, or in `output`; stderr waits for the end, for
    the one line. Raises UserError.
    """
    try:
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
    except OSError as error:
        raise UserError(f"cannot run esptool: {error.strerror}") from None
    if done.returncode:
        raise UserError(_tell(done.stderr, port))
    sys.stderr.write(done.stderr)  # its warnings


def _tell(words: str, port: str) -> str:
    """One line for what esptool wrote to stderr before it failed."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    told = next(
        (line for line in lines if "error" in line.lower()),
        lines[-1] if lines else "no reason given",
    )
    told = told.removeprefix("ERROR: ").removeprefix("A fatal error occurred: ")
    for sign, text in _COMPLAINTS:
        if sign in words.lower():
            return text.format(port=port, words=told)
    return f"esptool failed on {port}: {told}"
