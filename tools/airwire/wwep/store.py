"""The registers of a WWEP server in a file.

The file is text: a heading, one line for each register, and a last line with their number and the
CRC-32 of all that precedes it, so that a file which was cut, damaged or edited by hand is noticed
when it is loaded:

    WWEP registers 1
    0FAC 0B 1234
    end 1 B6997707

It is replaced as a whole (written beside it as FILE.new, synced, renamed), so that whatever ends
the server leaves the old registers or the new ones. Two servers must not share a file: the last
one to write would win.
"""

import asyncio
import os
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

from airwire.wire import wwep, wwep_db

_HEADING = b"WWEP registers 1\n"
_REGISTER = re.compile(rb"([0-9A-F]{4}) ([0-9A-F]{2}) ([0-9A-F]{4})")
_END = re.compile(rb"end (\d{1,4}) ([0-9A-F]{8})\n")

# Heading, 401 lines of 13 bytes and the last line make 5250 bytes. A file longer than this is none
# of ours, and naming a film by mistake must not fill the memory.
_FILE_MAX = 8192


class DamagedFile(Exception):
    """The file is not what `save` has written. The text is one line, without the file's name."""


def load(path: Path, max_pairs: int = wwep_db.MAX_PAIRS) -> wwep_db.Database:
    """The registers in `path`; none when there is no such file or an empty one. Raises
    DamagedFile or OSError.
    """
    database = wwep_db.Database(max_pairs)
    if not path.exists():
        return database
    if not path.is_file():
        raise DamagedFile("not a regular file")  # a pipe would be waited for, a device replaced
    with path.open("rb") as file:
        data = file.read(_FILE_MAX + 1)
    if len(data) > _FILE_MAX:
        raise DamagedFile(f"longer than {_FILE_MAX} bytes")
    if not data:
        return database  # as mktemp or touch leaves it: there is nothing to lose
    if not data.startswith(_HEADING):
        raise DamagedFile("line 1 is not `WWEP registers 1`")
    end = data.rfind(b"end ")
    last = _END.fullmatch(data, end) if end >= 0 else None
    if last is None:
        raise DamagedFile("the last line is missing: the file was cut")
    for number, line in enumerate(data[len(_HEADING) : end].splitlines(), 2):
        found = _REGISTER.fullmatch(line)
        if found is None:
            raise DamagedFile(
                f"line {number} is not a register: {wwep.printable(line[:40]).decode()}"
            )
        if not database.put(*(int(part, 16) for part in found.groups())):
            raise DamagedFile(f"line {number}: more than {max_pairs} registers")
    if len(database) != int(last[1]):
        raise DamagedFile(f"{len(database)} registers, but the last line says {int(last[1])}")
    if zlib.crc32(data[:end]) != int(last[2], 16):
        raise DamagedFile("the CRC does not match: the file was changed")
    return database


def save(path: Path, registers: Iterable[tuple[int, int, int]]) -> None:
    """Replace `path` by a file with these (device, register, value).

    On return it is on the disk. Raises OSError.
    """
    lines = [b"%04X %02X %04X\n" % register for register in registers]
    data = _HEADING + b"".join(lines)
    data += b"end %d %08X\n" % (len(lines), zlib.crc32(data))
    path = path.resolve()  # a link stays a link: what it names is replaced
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class Keeper:
    """Keeps a database in a file while a server changes it.

    The disk is slow and a client waits half a second for its reply, so one save at a time runs in
    a thread and takes with it all that was stored until it began: a hundred clients at once cost
    two saves, not a hundred. When the disk refuses, the server goes on from memory: `problem` is
    the reason until a save succeeds.
    """

    def __init__(self, path: Path, database: wwep_db.Database) -> None:
        self.path = path
        self.problem: str | None = None
        self._database = database
        self._tried = (
            database.changes
        )  # all changes up to here are in the file, or `problem` says why not
        self._task: asyncio.Task[None] | None = None

    async def kept(self) -> None:
        """Returns when all that was stored before the call is in the file, or that has failed."""
        wanted = self._database.changes
        while self._tried < wanted:
            if self._task is None:
                self._task = asyncio.create_task(self._save())
            # Shielded, since others wait for the same save.
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """As `kept`, with another attempt when the last one failed."""
        if self.problem is not None:
            self._tried = -1
        await self.kept()

    async def _save(self) -> None:
        changes = self._database.changes
        try:
            await asyncio.to_thread(save, self.path, self._database.items())
            self.problem = None
        except OSError as error:
            self.problem = error.strerror or str(error)
        self._tried = changes
        self._task = None
