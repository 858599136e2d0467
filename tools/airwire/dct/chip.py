"""The DCT of a chip, read and written by running esptool. Where it lies, the partition table in
the chip says.
"""

import sys
from types import TracebackType

from airwire import ports
from airwire.dct import targets
from airwire.errors import UserError
from airwire.esptool import Esptool
from airwire.image.partitions import TABLE_OFFSET, TABLE_SIZE
from airwire.wire import dct


class Chip:
    """A target (see targets.py): its firmware stands still until the end, and then starts anew.

    esptool's progress goes to stderr: what we print is for programs as well.
    """

    def __init__(self, port: str, baud: int) -> None:
        self.where = ports.find(port, resets=True)
        self._esptool = Esptool(self.where, baud, output=sys.stderr)
        self._offset = 0  # of the partition: none begins there

    def __enter__(self) -> "Chip":
        self._esptool.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._esptool.__exit__(kind, error, trace)

    def read(self) -> bytes:
        if not self._offset:
            table = self._esptool.read(TABLE_OFFSET, TABLE_SIZE)
            self._offset = targets.partition(table, self.where).offset
        return self._esptool.read(self._offset, dct.SIZE)

    def write(self, copy: int, data: bytes) -> None:
        if not self._offset:
            self.read()
        at = self._offset + copy * dct.COPY
        self._esptool.write([(at, data)])
        if self._esptool.read(at, dct.COPY) != data:
            raise UserError(f"{self.where} does not hold what was written")
