"""`airwire flash` and `airwire erase`: the image onto a real ESP32, and off it.

What is written comes from `airwire.image.build`, esptool writes it (esptool.py), and what stays on
the board is the matter of keeping.py.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airwire import arguments, esptool, ports, project
from airwire.errors import UserError

if TYPE_CHECKING:  # costly, and most commands do without
    from airwire.image.build import Region
    from airwire.keeping import Kept


def register(subparsers: Any) -> None:
    """Add the commands `flash` and `erase`."""
    parser = _add(subparsers, "flash", _flash, "write firmware and file system to a real ESP32")
    parser.add_argument(
        "--firmware",
        required=True,
        metavar="FILE",
        help="stock MicroPython for ESP32_GENERIC, 1.26 or newer",
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
        "--erase-settings",
        action="store_true",
        help="write the file system anew: settings, files and resources of the module go",
    )
    parser.add_argument(
        "--resource",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="a file that the firmware can read, a certificate for example; may be repeated",
    )
    parser = _add(subparsers, "erase", _erase, "erase the whole flash of a real ESP32")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _add(subparsers: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    arguments.board_port(parser)
    arguments.baud(parser, esptool.DEFAULT_BAUD)
    parser.set_defaults(run=run)
    return parser


def _flash(args: argparse.Namespace) -> int:
    from airwire import keeping
    from airwire.image import layout
    from airwire.image.build import regions

    port = ports.find(args.port, resets=True)
    if not args.firmware:  # as `make flash` without FIRMWARE gives it
        raise UserError(
            "no MicroPython given: FIRMWARE=FILE or --firmware FILE (ESP32_GENERIC, 1.26 or newer)"
        )
    pieces = regions(project.ROOT, Path(args.firmware), args.dct, args.resource)
    if not args.dct and not args.erase_dct:
        pieces = [piece for piece in pieces if piece.label != layout.DCT.label]
    with esptool.Esptool(port, args.baud) as chip:
        found = None
        if args.erase_settings:
            chip.identify()
        else:
            fresh = next(piece.data for piece in pieces if piece.label == layout.VFS.label)
            found = keeping.kept(chip, fresh)
        flash(chip, pieces, found)
        if args.erase_settings:
            keeping.drop(chip)
    stays = ""
    if found and found.stays:
        n = len(found.stays)
        stays = f"; settings and files stay, {n} file{'s' * (n != 1)} in all"
    start = "the board starts" if chip.wired else "press EN to start the board"
    print(f"{port}: written and verified; {start}{stays}")
    return 0


def flash(chip: esptool.Esptool, pieces: Iterable["Region"], found: "Kept | None" = None) -> None:
    """Write the regions, compare them with the flash, start the board. Raises UserError.

    What the flash holds already is not written. `found`: the file system to write instead of the
    fresh one. Without it the whole partition is written, so that what an older layout left in it
    is gone: MicroPython takes a file system area that is neither ours nor erased for a damaged
    one. nvs is not touched.
    """
    from airwire import keeping
    from airwire.image import layout

    # No start in between: a running firmware writes its settings, and the flash would differ.
    # write-flash already compares each region's MD5; verify-flash does it once more, after a
    # fresh connection.
    places = [(piece.offset, piece.data) for piece in pieces]
    if found is None:
        chip.write(places)
        chip.verify(places, start=True)
        return
    others = [place for place in places if place[0] != layout.VFS.offset]
    blocks = keeping.changed(found.image, found.there)
    with keeping.saved(chip, found):
        if blocks:
            # One call each, so that their order does not hang on how esptool sorts.
            for place in keeping.closing(found.there):
                chip.write([place])
        chip.write([*others, *blocks])
        if blocks:
            for place in keeping.opening(found.image):
                chip.write([place])
        chip.verify([*others, (layout.VFS.offset, found.image)], start=True)


def _erase(args: argparse.Namespace) -> int:
    from airwire import keeping

    port = ports.find(args.port, resets=True)
    if not args.yes and sys.stdin.isatty():
        print(
            f"Erase all of {port}, also its settings, files, certificates and keys? [y/N] ",
            end="",
            file=sys.stderr,
            flush=True,
        )
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UserError("nothing erased", ports.FAILED)
    with esptool.Esptool(port, args.baud) as chip:
        chip.identify()
        chip.erase()
        keeping.drop(chip)
    print(f"{port}: erased")
    return 0
