"""esptool as a program, for one chip.

esptool is GPL: it is run, never imported. Its progress goes to the terminal as it is; of its
errors the user gets one line.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from airwire import ports
from airwire.errors import UserError

COMMAND = (sys.executable, "-m", "esptool")

# Four times the ROM's 115200, and still within what every USB bridge on a dev board does.
DEFAULT_BAUD = 460800

# The images hold what belongs into their headers.
_KEEP = ("--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep")

# Of a port without DTR and RTS, a pseudo-terminal for example.
_NOT_RESET = "Chip was NOT reset"

_MAC = re.compile(r"^MAC: +([0-9a-f:]{17})$", re.MULTILINE)


class Esptool:
    """A chip whose firmware stands still from the first call to the end of the `with` block, and
    then starts anew. Every call raises UserError.
    """

    def __init__(self, port: str, baud: int = DEFAULT_BAUD, output: TextIO | None = None) -> None:
        """`output`: where esptool's progress goes, else our standard output."""
        self.port = port
        self._baud = baud
        self._output = output
        self._stopped = False
        self.mac = ""  # twelve digits, after the first quiet call
        self.wired = True  # whether the port has the lines that reset a chip; after the last call

    def __enter__(self) -> "Esptool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        gone = self.port.startswith("/") and not os.path.exists(self.port)
        if not self._stopped or gone or kind in (KeyboardInterrupt, SystemExit):
            return
        try:
            self._run("chip-id", after="hard-reset", quiet=True)
        except UserError:
            if error is None:
                raise

    def identify(self) -> None:
        """Look who is there: `mac` is known from then on."""
        self._run("read-mac", quiet=True)

    def read(self, offset: int, size: int, quiet: bool = False) -> bytes:
        """What the flash holds; `quiet`: without esptool's progress."""
        # The folder is for its owner alone: there may be keys in what is read.
        with tempfile.TemporaryDirectory(prefix="airwire-flash-") as folder:
            path = Path(folder, "read.bin")
            self._run("read-flash", f"{offset:#x}", f"{size:#x}", str(path), quiet=quiet)
            try:
                data = path.read_bytes()
            except OSError as error:
                raise UserError(f"esptool has read nothing: {error.strerror}") from None
        if len(data) != size:
            raise UserError(f"esptool has read {len(data)} bytes of {size}")
        return data

    def write(self, pieces: Iterable[tuple[int, bytes]]) -> None:
        """Write (offset, bytes), but what the flash holds already. esptool compares digests."""
        self._with_files("write-flash", [*_KEEP, "--skip-flashed"], pieces)

    def verify(self, pieces: Iterable[tuple[int, bytes]], start: bool = False) -> None:
        """Compare the flash with (offset, bytes); then `start` the firmware."""
        self._with_files("verify-flash", list(_KEEP), pieces, "hard-reset" if start else "")
        self._stopped = not start

    def erase(self) -> None:
        """Erase the whole flash."""
        self._run("erase-flash")

    def _with_files(
        self, name: str, options: list[str], pieces: Iterable[tuple[int, bytes]], after: str = ""
    ) -> None:
        with tempfile.TemporaryDirectory(prefix="airwire-flash-") as folder:
            places: list[str] = []
            for offset, data in pieces:
                path = Path(folder, f"{offset:06x}.bin")
                path.write_bytes(data)
                places += [f"{offset:#x}", str(path)]
            self._run(name, *options, *places, after=after or "no-reset")

    def _run(self, *words: str, after: str = "no-reset", quiet: bool = False) -> None:
        connect = ["--chip", "esp32", "--port", self.port, "--baud", str(self._baud)]
        command = [*COMMAND, *connect, "--before", "default-reset", "--after", after, *words]
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE if quiet else self._output,
                stderr=subprocess.PIPE,  # waits for the end, for the one line
                text=True,
                check=False,
            )
        except OSError as error:
            raise UserError(f"cannot run esptool: {error.strerror}") from None
        if done.returncode:
            words = f"{done.stderr}\n{done.stdout or ''}"  # errors are in either
            raise UserError(ports.explain(words, self.port, "esptool"), ports.FAILED)
        self._stopped = True
        sys.stderr.write(done.stderr)  # its warnings
        self.wired = _NOT_RESET not in done.stderr + (done.stdout or "")
        if found := _MAC.search(done.stdout or ""):
            self.mac = found[1].replace(":", "")
