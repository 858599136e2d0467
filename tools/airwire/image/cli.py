"""`airwire image` with `build`, `inspect` and `frozen`: arguments and output. What they do is in
build.py, inspect.py and tree.py.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from airwire import project
from airwire.errors import UserError

# Of the text report when no terminal gives a width: nothing is cut or wrapped in a pipe.
_PLAIN_WIDTH = 200


def register(subparsers: Any) -> None:
    """Add the command `image`."""
    image = subparsers.add_parser("image", help="build or inspect the flash image")
    commands = image.add_subparsers(metavar="ACTION", required=True)
    build = commands.add_parser("build", help="build the image of the whole flash")
    build.add_argument(
        "--firmware",
        type=Path,
        metavar="FILE",
        help="stock MicroPython for ESP32_GENERIC, 1.26 or newer; "
        "without it only the virtual board can boot the image",
    )
    build.add_argument(
        "--dct",
        type=Path,
        metavar="FILE",
        help="certificates and factory settings, as `airwire dct` writes them; else none",
    )
    build.add_argument(
        "--resource",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help="a file that the firmware can read, a certificate for example; may be repeated",
    )
    build.add_argument(
        "-o", "--output", type=Path, metavar="FILE", default=project.BUILD / "flash.bin"
    )
    build.set_defaults(run=_build)
    inspect = commands.add_parser(
        "inspect", help="show partitions, free space and files of an image"
    )
    inspect.add_argument("image", type=Path)
    inspect.add_argument("--json", action="store_true", help="the report as JSON")
    inspect.set_defaults(run=_inspect)
    frozen = commands.add_parser(
        "frozen", help="write the modules that a MicroPython of one's own has frozen in"
    )
    frozen.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", default=project.BUILD / "frozen"
    )
    frozen.set_defaults(run=_frozen)


def _build(args: argparse.Namespace) -> int:
    from airwire.image import build
    from airwire.image import inspect as inspection

    given_files = [(args.firmware, "firmware"), (args.dct, "DCT")]
    for given, what in given_files + [(path, "resource") for path in args.resource]:
        if given and args.output.resolve() == given.resolve():
            raise UserError(f"{args.output}: the output would replace the {what}")
    if args.output.parent.resolve() == project.BUILD:
        project.BUILD.mkdir(exist_ok=True)  # ours; any other folder is the user's
    image = build.build_image(project.ROOT, args.firmware, args.dct, args.resource)
    build.write_atomic(args.output, image, private=args.dct is not None)
    report = inspection.inspect(image)
    print(f"{args.output}: {len(report.files)} files")
    for part in report.parts:
        free = "" if part.free is None or part.state == "empty" else f", {part.free} bytes free"
        print(f"  {part.offset:#08x} {part.label:<11} {part.state}{free}")
    return 0


def _inspect(args: argparse.Namespace) -> int:
    from rich.console import Console

    from airwire.image import inspect as inspection

    report = inspection.load(args.image)
    if args.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        width = None if sys.stdout.isatty() else _PLAIN_WIDTH
        inspection.show(report, Console(width=width, highlight=False, markup=False))
    return 0


def _frozen(args: argparse.Namespace) -> int:
    from airwire.image import folder, tree

    if args.output.parent.resolve() == project.BUILD:
        project.BUILD.mkdir(exist_ok=True)
    modules = tree.frozen_modules(project.ROOT)
    folder.write(args.output, modules, "folder of frozen modules")
    print(f"{args.output}: {len(modules)} modules")
    return 0
