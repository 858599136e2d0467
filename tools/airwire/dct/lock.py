"""One at a time: who changes a table holds a lock from before reading it until it is written, so
that no change of another program's is lost. Locks are the kernel's: they end with their program.
"""

import fcntl
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from airwire.board import paths
from airwire.errors import UserError

_PORTS = "ports"  # the folder of the ports' lock files, beside that of the boards
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9.]+")
_LONGEST = 200  # characters of a port in the name of its file: file systems take 255


def no_file(path: Path) -> UserError:
    """For a table's file that is not there."""
    if str(path) in paths.board_names():
        return UserError(f"no file {path}; the board of that name is --board {path}")
    return UserError(f"no file {path}: `airwire dct new` makes one")


@contextmanager
def file(path: Path, what: str = "") -> Iterator[None]:
    """The lock of a file that is there; `what` it is for who waits. Raises UserError."""
    try:
        held = _current(path, what or str(path))
    except FileNotFoundError:
        raise no_file(path) from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    with held:
        yield


@contextmanager
def port(name: str) -> Iterator[None]:
    """The lock of a serial port. The port's own is taken and left by each run of esptool."""
    resolved = os.path.realpath(name) if name.startswith("/") else name
    folder = paths.home() / _PORTS
    path = folder / f"{_NO_FILE_NAME.sub('_', resolved)[-_LONGEST:]}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = path.open("ab")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    with held:
        _lock(held, name)
        yield


def _current(path: Path, what: str) -> BinaryIO:
    # A file is changed by putting another one into its place: whoever has waited has the lock of
    # one that is gone, and begins again. Opened for writing, as NFS wants it for such a lock.
    while True:
        held = path.open("r+b")
        try:
            _lock(held, what)
            if os.path.samestat(os.fstat(held.fileno()), path.stat()):
                return held
        except BaseException:
            held.close()
            raise
        held.close()


def _lock(held: BinaryIO, what: str) -> None:
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"airwire: waiting for another program that changes {what}", file=sys.stderr)
            fcntl.flock(held, fcntl.LOCK_EX)
    except OSError as error:  # of a network's file system, for one
        raise UserError(f"{what} cannot be locked: {error.strerror}") from None
