"""`airwire release`: what is published of a version, in one folder.

The merged image; its pieces with a `manifest.json`, by which a web page flashes a chip (ESP Web
Tools); the files of the device with a `package.json`, by which `mip` installs them; the notes from
CHANGELOG.md; the checksums of all of it. The same commit gives the same bytes: nothing carries the
time of the release.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from airwire import project
from airwire.errors import UserError

DEFAULT_FOLDER = project.BUILD / "release"

MANIFEST = "manifest.json"
NOTES = "NOTES.md"
PACKAGE = "package.json"

_NAME = "Airwire"
# ESP Web Tools' name of the classic ESP32.
_CHIP_FAMILY = "ESP32"
_CHANGELOG = "CHANGELOG.md"
# mip copies in this order: what starts the firmware comes when all else is there.
_LAST = ("main.py", "boot.py")


def register(subparsers: Any) -> None:
    """Add the command `release`."""
    parser = subparsers.add_parser(
        "release", help="make the files of a release: images, packages, notes, checksums"
    )
    parser.add_argument(
        "--firmware",
        type=Path,
        metavar="FILE",
        help="stock MicroPython for ESP32_GENERIC, 1.26 or newer; "
        "without it only the virtual board can boot the image, and there is none for the web",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", default=DEFAULT_FOLDER)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from airwire.image import folder

    if args.output.parent.resolve() == project.BUILD:
        project.BUILD.mkdir(exist_ok=True)  # ours; any other folder is the user's
    found = folder.write(args.output, files(project.ROOT, args.firmware), "release")
    for name in sorted(name for name in found if "/" not in name):
        print(f"{args.output / name}: {len(found[name])} bytes")
    return 0


def files(root: Path = project.ROOT, firmware_file: Path | None = None) -> dict[str, bytes]:
    """Path in the release's folder -> content. Raises UserError for a version that CHANGELOG.md
    does not tell of, and for what cannot be built.
    """
    from airwire.image import build, layout, littlefs

    version = project.version()
    found = {NOTES: notes(root / _CHANGELOG, version).encode()}
    pieces = build.regions(root, firmware_file)
    found[f"airwire-{version}.bin"] = build.merged(pieces)
    if firmware_file:
        found |= _web(version, pieces)
    [device] = [piece.data for piece in pieces if piece.label == layout.VFS.label]
    found |= _mip(version, littlefs.read(device).files)
    return found


def notes(changelog: Path, version: str) -> str:
    """The section of the version, whose heading is `## 1.2.3`, mostly with a date behind. Raises
    UserError when there is none.
    """
    try:
        lines = changelog.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserError(f"{changelog}: {error.strerror}") from None
    section: list[str] = []
    inside = False
    for line in lines:
        if line.startswith("## "):
            inside = line.removeprefix("## ").split()[:1] == [version]
        elif inside:
            section.append(line)
    text = "\n".join(section).strip()
    if not text:
        raise UserError(f"{changelog.name} has no section `## {version}`: write it first")
    return f"# {_NAME} {version}\n\n{text}\n"


def _web(version: str, pieces: list[Any]) -> dict[str, bytes]:
    """What a page writes: the pieces of the image but for the DCT, which is the module's own. On a
    new module the page erases it with all else.
    """
    from airwire.image import layout

    written = [piece for piece in pieces if piece.label != layout.DCT.label]
    paths = {piece.offset: f"web/{piece.label.replace(' ', '-')}.bin" for piece in written}
    manifest = {
        "name": _NAME,
        "version": version,
        "new_install_prompt_erase": True,
        "builds": [
            {
                "chipFamily": _CHIP_FAMILY,
                "parts": [
                    {"path": path, "offset": offset} for offset, path in sorted(paths.items())
                ],
            }
        ],
    }
    return {MANIFEST: _json(manifest)} | {paths[piece.offset]: piece.data for piece in written}


def _mip(version: str, device: dict[str, bytes]) -> dict[str, bytes]:
    """The files of the device, and the list of them; addresses are relative to the list."""
    order = [path for path in sorted(device) if path not in _LAST]
    order += [path for path in _LAST if path in device]
    package = {"urls": [[path, f"mip/{path}"] for path in order], "deps": [], "version": version}
    return {PACKAGE: _json(package)} | {f"mip/{path}": device[path] for path in order}


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"
