"""Where a DCT lies: in an image of its own, in an image of the whole flash, in the flash of a
virtual board. (In a chip: chip.py.) Reading, and writing one of the two copies; what is in them is
table.py.

While a target is opened for a change, nobody else changes it by these commands (lock.py), and its
module does not run: a board is switched off and on again, as esptool stops and starts a chip.
"""

import argparse
import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from airwire import ports
from airwire.board import paths
from airwire.cert import files
from airwire.dct import lock
from airwire.errors import UserError
from airwire.image import layout
from airwire.image.errors import ImageError
from airwire.image.partitions import TABLE_OFFSET, TABLE_SIZE, Partition, Table
from airwire.wire import dct

# The flash that the ESP32 can have at most: the table of a chip may use it.
MAX_FLASH = 16 << 20


class Target(Protocol):
    """What the commands need."""

    where: str  # for messages

    def read(self) -> bytes:
        """The partition, both copies. Raises UserError."""

    def write(self, copy: int, data: bytes) -> None:
        """Replace copy 0 or 1 of what was read. Raises UserError, also where another program has
        changed it meanwhile, whatever it was.
        """


def partition(table: bytes, where: str) -> Partition:
    """The dct partition, from the bytes of a flash's partition table. Raises UserError."""
    try:
        found = Table.parse(table, MAX_FLASH).find(layout.DCT.label)
    except ImageError as error:
        raise UserError(f"{where}: {error.message}: this flash is not Airwire's") from None
    if found.size != dct.SIZE:
        raise UserError(f"{where}: the dct partition has {found.size} bytes, not {dct.SIZE}")
    return found


class File:
    """An image: of the partition, or of a flash that has one."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path
        self._seen = b""

    def read(self) -> bytes:
        self._seen = self._load()
        at = self._offset(self._seen)
        return self._seen[at : at + dct.SIZE]

    def write(self, copy: int, data: bytes) -> None:
        image = bytearray(self._load())
        if image != self._seen:
            raise _changed(self.where)
        at = self._offset(image) + copy * dct.COPY
        image[at : at + dct.COPY] = data
        # For its owner alone: there are keys in it. Nothing is compared: it is there as a whole,
        # and from now on the next program may change it.
        files.write(Path(os.path.realpath(self._path)), bytes(image), private=True, replace=True)

    def _load(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_FLASH + 1)
        except FileNotFoundError:
            raise lock.no_file(self._path) from None
        except OSError as error:
            raise UserError(f"{self._path}: {error.strerror}") from None
        if len(data) > MAX_FLASH:
            raise UserError(f"{self._path}: too large for a flash")
        return data

    def _offset(self, data: bytes) -> int:
        if len(data) == dct.SIZE:
            return 0
        if len(data) < dct.SIZE:
            raise UserError(f"{self._path}: {len(data)} bytes: neither a DCT nor a flash")
        found = partition(data[TABLE_OFFSET : TABLE_OFFSET + TABLE_SIZE], self.where)
        if found.end > len(data):
            raise UserError(f"{self._path}: cut off before the end of the dct partition")
        return found.offset


class BoardFlash:
    """The flash of a virtual board that is off, or not up at all; reading needs neither."""

    def __init__(self, name: str) -> None:
        from airwire.board.client import Board

        self._board = Board(name)
        self.flash = self._board.flash
        self.where = f"board {name}"
        self._seen = b""
        if not self.flash.exists():
            raise UserError(f"{self.where} has no flash yet (airwire board up {name})")

    def read(self) -> bytes:
        self._seen = self._partition()
        return self._seen

    def write(self, copy: int, data: bytes) -> None:
        if self._partition() != self._seen:
            raise _changed(self.where)
        at = self._offset() + copy * dct.COPY
        try:
            # In its place: a flash is not another file after a change.
            with self.flash.open("r+b") as flash:
                os.fchmod(flash.fileno(), 0o600)  # there are keys in it
                flash.seek(at)
                flash.write(data)
        except OSError as error:
            raise UserError(f"{self.flash}: {error.strerror}") from None
        if self._partition()[copy * dct.COPY : (copy + 1) * dct.COPY] != data:
            raise UserError(f"{self.where} does not hold what was written")

    def _partition(self) -> bytes:
        return self._at(self._offset(), dct.SIZE)

    def _offset(self) -> int:
        return partition(self._at(TABLE_OFFSET, TABLE_SIZE), self.where).offset

    def _at(self, offset: int, size: int) -> bytes:
        try:
            with self.flash.open("rb") as flash:
                flash.seek(offset)
                data = flash.read(size)
        except OSError as error:
            raise UserError(f"{self.flash}: {error.strerror}") from None
        if len(data) < size:
            raise UserError(f"{self.flash}: cut off")
        return data

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The firmware does not run meanwhile, and nobody starts it."""
        board = self._board
        if board.is_up():
            before = board.status()
            board.power_cut(stay_off=True)
            board.wait_off()
            try:
                yield
            finally:
                if before["state"] != "off":
                    board.power_on()
                    board.wait_boot(before["boots"] + 1)
            return
        # What a supervisor takes first; see supervisor.Supervisor.
        folder = os.open(board.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise UserError(f"{self.where} is just starting or ending: try again") from None
        finally:
            os.close(folder)


def _changed(where: str) -> UserError:
    return UserError(f"{where}: changed meanwhile by another program: nothing written")


@contextmanager
def opened(file: Path | None, args: argparse.Namespace, change: bool) -> Iterator[Target]:
    """The one target that FILE and the options name; with `change`, its module stands still.
    Raises UserError.
    """
    named = [each for each in (file, args.board, args.port) if each is not None]
    if len(named) > 1:  # the options exclude one another already
        raise UserError("only one of FILE, --board NAME and --port PORT")
    if not named:
        text = "whose table? Give a FILE before the rest, or --board NAME, or --port PORT"
        word = getattr(args, "name", None)
        if word in paths.board_names():
            text += f"; the board {word} is --board {word}"
        raise UserError(text)
    if args.port is not None:
        from airwire import esptool
        from airwire.dct.chip import Chip

        # Looking stops and starts the chip, too.
        with _port_lock(args.port), Chip(args.port, args.baud or esptool.DEFAULT_BAUD) as chip:
            yield chip
    elif args.board is not None:
        board = BoardFlash(args.board)
        if not change:
            yield board
            return
        with lock.file(board.flash, board.where), board.stopped():
            yield board
    else:
        with lock.file(file) if change else nullcontext():
            yield File(file)


def _port_lock(port: str) -> AbstractContextManager[None]:
    name = port.removeprefix(ports.BOARD)
    if name == port:
        return lock.port(port)
    board = BoardFlash(name)
    return lock.file(board.flash, board.where)  # as --board has it
