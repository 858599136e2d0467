"""The DCT of a chip, read and written by running esptool. Where it lies, the partition table in
the chip says.
"""

import sys
import tempfile
from pathlib import Path
from types import TracebackType

from airwire import flashing
from airwire.dct import targets
from airwire.errors import UserError
from airwire.image.partitions import TABLE_OFFSET, TABLE_SIZE
from airwire.wire import dct


class Chip:
    """A target (see targets.py): its firmware stands still until the end, and then starts anew.

    esptool's progress goes to stderr: what we print is for programs as well.
    """

    def __init__(self, port: str, baud: int) -> None:
        flashing.check_port(port)
        self.where = port
        self._baud = baud
        self._offset = 0  # of the partition: none begins there
        self._stopped = False

    def __enter__(self) -> "Chip":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        if not self._stopped:
            return
        try:
            self._run("chip-id", after="hard-reset")
        except UserError:
            if error is None:
                raise

    def read(self) -> bytes:
        if not self._offset:
            table = self._read(TABLE_OFFSET, TABLE_SIZE)
            self._offset = targets.partition(table, self.where).offset
        return self._read(self._offset, dct.SIZE)

    def write(self, copy: int, data: bytes) -> None:
        if not self._offset:
            self.read()
        at = self._offset + copy * dct.COPY
        with tempfile.TemporaryDirectory(prefix="airwire-dct-") as folder:
            path = Path(folder, "copy.bin")
            path.write_bytes(data)
            keep = ["--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep"]
            self._run("write-flash", *keep, f"{at:#x}", str(path))
        if self._read(at, dct.COPY) != data:
            raise UserError(f"{self.where} does not hold what was written")

    def _read(self, offset: int, size: int) -> bytes:
        # The folder is for its owner alone: there are keys in what is read.
        with tempfile.TemporaryDirectory(prefix="airwire-dct-") as folder:
            path = Path(folder, "read.bin")
            self._run("read-flash", f"{offset:#x}", f"{size:#x}", str(path))
            try:
                data = path.read_bytes()
            except OSError as error:
                raise UserError(f"esptool has read nothing: {error.strerror}") from None
        if len(data) != size:
            raise UserError(f"esptool has read {len(data)} bytes of {size}")
        return data

    def _run(self, *words: str, after: str = "no-reset") -> None:
        connect = ["--chip", "esp32", "--port", self.where, "--baud", str(self._baud)]
        command = [*flashing.ESPTOOL, *connect, "--before", "default-reset", "--after", after]
        self._stopped = True
        flashing.run([*command, *words], self.where, output=sys.stderr)
