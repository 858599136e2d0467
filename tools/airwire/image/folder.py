"""A folder that a command makes anew each time, with the checksums of its files. They tell what it
made itself: whatever else is in the folder is the user's, and would go with the old one.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from airwire.errors import UserError

CHECKSUMS = "SHA256SUMS"


def write(folder: Path, files: Mapping[str, bytes], what: str) -> dict[str, bytes]:
    """Write a folder of files, by their paths in it, and their checksums; what was there before
    goes when the new one is whole. Returns what was written.

    Raises UserError where the folder is no `what`, or has files besides, and when writing fails.
    """
    if folder.exists():
        _check(folder, what)
    found = {**files, CHECKSUMS: checksums(files)}
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as place:
            new, old = Path(place, "new"), Path(place, "old")
            for name, content in found.items():
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}") from None
    return found


def checksums(files: Mapping[str, bytes]) -> bytes:
    """As `sha256sum` writes and checks them."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return "".join(lines).encode()


def _check(folder: Path, what: str) -> None:
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        raise UserError(f"{folder} is there, and is no {what}: give another folder") from None
    made = {line.partition("  ")[2] for line in lines} | {CHECKSUMS}
    there = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    others = sorted({path.relative_to(folder).as_posix() for path in there} - made)
    if others:
        raise UserError(f"{folder} has {others[0]}, which is of no {what}: move it away")
