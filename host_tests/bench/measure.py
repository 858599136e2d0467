"""Runs the firmware on the shims, host_tests/shims/harness.py being the supervisor, and measures.

Each measurement is a process of its own: the flash image of the tree with another main.py (one of
device/*.py), an empty environment, always in the same folder. Instructions are callgrind's, on
amd64 (valgrind 3.19 cannot run the i386 interpreter); bytes are the i386 heap's, whose objects
have the sizes of the ESP32's.
"""

import json
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from airwire import interpreter, project
from airwire.errors import UserError
from airwire.image import build, layout, littlefs, tree

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "shims"))  # harness.py: not a package

import harness  # noqa: E402

# A run must not depend on the length of the folder's name: instructions count it.
FOLDER = project.BUILD / "bench"

# Callgrind is 50 times slower than the machine, and the machine may be busy.
PATIENCE_SECONDS = 120

# The heap that the whole firmware must do with, in words: collections cost what they cost there.
HEAP = {"amd64": "320K", "i386": "160K"}

_OBJECT = re.compile(rb"\{.*\}")

# One operation takes 19 bytes on the wire. The firmware keeps account of what 115,200 baud can
# carry, and waits when more is asked of it: so the next command comes when the last reply is out.
LINE_SECONDS = 0.004


def device_files() -> dict[str, bytes]:
    """What ships, by its path on the device."""
    return tree.device_files(project.ROOT)


def flash(files: dict[str, bytes], main: str) -> bytes:
    """A flash image of these files with the text `main` as main.py."""
    image = bytearray(b"\xff" * layout.FLASH_SIZE)
    for region in build.regions(project.ROOT):
        image[region.offset : region.offset + len(region.data)] = region.data
    vfs = littlefs.build({**files, "main.py": main.encode()}, layout.VFS)
    image[layout.VFS.offset : layout.VFS.offset + len(vfs)] = vfs
    return bytes(image)


def script(name: str) -> str:
    """The text of device/<name>.py."""
    return (HERE / "device" / f"{name}.py").read_text()


class Run(harness.Board):
    """One board, started. Everything that the supervisor has to say at a start is said beforehand,
    so that the interpreter never waits for it: waiting costs instructions.
    """

    def __init__(
        self, arch: str, image: bytes, command: Path | None = None, heap: str = ""
    ) -> None:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        (FOLDER / "flash.bin").write_bytes(image)
        program = command or interpreter.find(arch)
        super().__init__(FOLDER, program, arch=arch, heap=heap or HEAP[arch])
        self.control(self.wlan)

    def _answer(self, line: str) -> None:
        self.lines.append(line)

    def prompt(self) -> None:
        """Wait for the first prompt on UART0."""
        self.until(lambda: b"> " in self.console, PATIENCE_SECONDS)

    def report(self, line: bytes = b"") -> dict:
        """Send a line on UART1, and return the JSON object that comes there."""
        if line:  # without one, the object may be there already
            self.uart1 = b""
            self.send1(line)
        self.until(lambda: _OBJECT.search(self.uart1), PATIENCE_SECONDS)
        found = _OBJECT.search(self.uart1)
        self.until(lambda: not self.pump(LINE_SECONDS), PATIENCE_SECONDS)  # the rest of the reply
        return json.loads(found[0])

    def repeat(self, line: bytes, reply: bytes, count: int) -> None:
        """Send a line on UART1 `count` times, each when `reply` has answered the one before, and
        when the interpreter sleeps again: a line that comes earlier is found without a poll.
        """
        for _ in range(count):
            ready = time.monotonic() + LINE_SECONDS
            self.uart1 = b""
            self.send1(line)
            self.until(lambda: len(self.uart1) >= len(reply), PATIENCE_SECONDS)
            if self.uart1 != reply:
                raise UserError(f"bench: {line!r} was answered {self.uart1!r}, not {reply!r}")
            while not self.sleeps() or time.monotonic() < ready:
                self.pump(0.0005)

    def sleeps(self) -> bool:
        """Whether the interpreter waits in the kernel."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "S"

    def hang_up(self) -> None:
        """End the interpreter as a supervisor does that goes away."""
        self._control.close()
        self.process.wait(PATIENCE_SECONDS)


@contextmanager
def running(arch: str, image: bytes, command: Path | None = None, heap: str = "") -> Iterator[Run]:
    """A Run on the interpreter of `arch`, or on `command`; it is gone at the end."""
    run = Run(arch, image, command, heap)
    try:
        yield run
    finally:
        run.close()


def instructions(image: bytes, use: Callable[[Run], None], heap: str = "") -> int:
    """Instructions of a run on amd64 from its start until `use` returns."""
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    out = FOLDER / "callgrind.out"
    wrapper = project.BUILD / "callgrind"
    wrapper.write_text(
        f"#!/bin/sh\nexec '{valgrind}' -q --tool=callgrind --log-file=/dev/null "
        f"'--callgrind-out-file={out}' '{interpreter.find('amd64')}' \"$@\"\n"
    )
    wrapper.chmod(0o755)
    with running("amd64", image, wrapper, heap) as run:
        use(run)
        run.hang_up()  # callgrind writes
    found = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if not found:
        raise UserError("bench: callgrind wrote no total")
    return int(found[1])
