"""Measures a script of device/ on MicroPython alone, without a board: bytes on i386, whose objects
have the ESP32's sizes, and instructions on amd64 (callgrind's). Both are slopes between few and
many operations, so that what happens once does not count.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airwire import interpreter, project
from airwire.errors import UserError

DEVICE = Path(__file__).parent / "device"
# Callgrind is 50 times slower than the machine, and the machine may be busy.
PATIENCE_SECONDS = 120


def _pure(arch: str) -> tuple[str | Path, ...]:
    return project.ROOT / "lib", ".frozen"


@dataclass(frozen=True)
class Script:
    """device/`name`.py, which takes words and, behind them, a count of operations, and prints a
    number of bytes. In a heap of `heap` bytes nothing is collected; `modules(arch)` are the
    folders that it imports from.
    """

    name: str
    few: int
    many: int
    heap: str = "4M"
    modules: Callable[[str], tuple[str | Path, ...]] = _pure

    def run(self, arch: str, *words: str, before: tuple[str, ...] = ()) -> int:
        """What it prints. Raises UserError for a script that fails or prints anything else."""
        program = [str(interpreter.find(arch)), "-X", f"heapsize={self.heap}"]
        done = subprocess.run(
            [*before, *program, str(DEVICE / f"{self.name}.py"), *words],
            env={"MICROPYPATH": ":".join(map(str, self.modules(arch)))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode or not re.fullmatch(r"-?\d+\n", done.stdout):
            raise UserError(f"bench: {self.name}.py said {(done.stdout + done.stderr)!r}")
        return int(done.stdout)

    def allocated(self, *words: str) -> int:
        """Bytes of an operation, garbage included."""
        return self._slope(lambda count: self.run("i386", *words, count))

    def instructions(self, *words: str) -> int:
        """Instructions of an operation."""
        return self._slope(lambda count: self._counted(*words, count))

    def _slope(self, measure: Callable[[str], int]) -> int:
        # The length of words counts too: both counts have the same.
        few, many = (measure(f"{count:05}") for count in (self.few, self.many))
        return round((many - few) / (self.many - self.few))

    def _counted(self, *words: str) -> int:
        valgrind = shutil.which("valgrind")
        if not valgrind:
            raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
        project.BUILD.mkdir(exist_ok=True)
        out = project.BUILD / f"{self.name}.callgrind"
        options = ("-q", "--tool=callgrind", "--log-file=/dev/null", f"--callgrind-out-file={out}")
        self.run("amd64", *words, before=(valgrind, *options))
        total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
        if not total:
            raise UserError("bench: callgrind wrote no total")
        return int(total[1])
