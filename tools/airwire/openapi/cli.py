"""`airwire openapi`: writes the OpenAPI document of the REST API."""

import argparse
import sys
from pathlib import Path

from airwire import project
from airwire.errors import UserError
from airwire.openapi import document


def register(subparsers: argparse._SubParsersAction) -> None:
    """Add `openapi`."""
    command = subparsers.add_parser(
        "openapi",
        help="the OpenAPI document of the REST API",
        description="Write the OpenAPI document of the REST API, which a module serves as "
        "/openapi.json.",
    )
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write it there (default: to stdout)"
    )
    command.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    text = document.readable(project.ROOT)
    if args.output is None:
        sys.stdout.write(text)
        return 0
    try:
        args.output.write_text(text)
    except OSError as error:
        raise UserError(f"{args.output}: {error.strerror}") from None
    return 0
