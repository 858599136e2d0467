"""`airwire deploy`: the files that differ onto a board that runs, by mpremote or ampy.

Both are run as programs. The board computes the digests of its files; what is written and removed
is only what the image has a place for: settings, the user's files and resources are not looked at.
"""

import argparse
import contextlib
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from airwire import ports, project
from airwire.errors import UserError

# Runs on the board: a row for each file, digest and path, and for each folder, `-` and its path.
_LIST = """\
import hashlib, os

def show(path):
    if os.stat(path)[0] & 0x4000:
        for row in sorted(os.ilistdir(path)):
            show(path + "/" + row[0])
        print("-", path)
        return
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(1024))
    with open(path, "rb") as file:
        while size := file.readinto(buffer):
            digest.update(buffer[:size])
    print(digest.digest().hex(), path)

for top in {tops!r}:
    try:
        show("/" + top)
    except OSError as error:
        if error.errno != 2:
            raise
print({end!r})
"""
_END = "that is all"

# What comes before the files are copied; it can be repeated.
_PREPARE = """\
import os

for work, paths in (
    (os.remove, {removed!r}), (os.rmdir, {folders_removed!r}), (os.mkdir, {folders!r})
):
    for path in paths:
        try:
            work("/" + path)
        except OSError as error:
            if error.errno not in (2, 17):  # done already: ENOENT, EEXIST
                raise
"""

# Each stop of the firmware is a start that did not last, of which too many in a row lead to safe
# mode: the count of them is in the RTC's memory. In the pause the program's end is told.
_RESET = """\
import machine, time
machine.RTC().memory(b"")
time.sleep(0.1)
machine.reset()
"""

# What the programs say when the Ctrl-C, by which they stop the firmware, has come late, and has
# ended what they send: once more.
_NOT_RUN = ("could not exec command", "unexpected read during raw paste")

# A board looks through all its files in some seconds.
_LOOK_SECONDS = 60
# To stop the firmware and to reset takes seconds, a byte at 115200 baud, in ampy's small pieces, a
# thousandth.
_BASE_SECONDS, _BYTES_PER_SECOND = 60, 1000


class Work(NamedTuple):
    """What makes the board's files ours: paths without leading slash, in the order of the work."""

    removed: list[str]
    folders_removed: list[str]
    folders: list[str]
    written: list[str]

    def __bool__(self) -> bool:
        return any(self)


def register(subparsers: Any) -> None:
    """Add the command `deploy`."""
    parser = subparsers.add_parser(
        "deploy",
        help="copy changed files to a board that runs",
        description="Copy the files of the firmware that differ to a board that runs, and reset "
        "it. Settings and the user's files stay.",
    )
    parser.add_argument(
        "--port",
        help="serial port of the board, /dev/ttyUSB0 for example, or board:NAME; else the one "
        "board on USB",
    )
    parser.add_argument(
        "--with",
        dest="tool",
        choices=("mpremote", "ampy"),
        default="mpremote",
        help="the program that copies (%(default)s)",
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from airwire.image import tree

    port = ports.find(args.port)
    if args.tool == "ampy" and "://" in port:
        raise UserError(f"ampy opens no URL such as {port}: use mpremote")
    files = tree.device_files(project.ROOT)
    tool = _TOOLS[args.tool](port)
    todo = work(files, tool.look(_LIST.format(tops=tops(files), end=_END)))
    if not todo:
        tool.reset()
        print(f"{port}: all {len(files)} files are there already; the board starts")
        return 0
    for path in todo.removed:
        print(f"remove {path}")
    for path in todo.written:
        print(f"write  {path} ({len(files[path])} bytes)", flush=True)
    with tempfile.TemporaryDirectory(prefix="airwire-deploy-") as folder:
        for path in todo.written:
            local = Path(folder, path)
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(files[path])
        size = sum(len(files[path]) for path in todo.written)
        try:
            tool.apply(todo, Path(folder), _BASE_SECONDS + size / _BYTES_PER_SECOND)
        except UserError:
            # Its user may have to tell the firmware something: which files are to go, for example.
            with contextlib.suppress(UserError):
                tool.reset()
            raise
    count = len(todo.written) + len(todo.removed)
    print(f"{port}: {count} of {len(files)} files changed; the board starts")
    return 0


def tops(files: Mapping[str, bytes]) -> list[str]:
    """The names of the first level that are the firmware's."""
    return sorted({path.partition("/")[0] for path in files})


def work(files: Mapping[str, bytes], said: str) -> Work:
    """What is to be done, from what the board has listed."""
    there: dict[str, str] = {}
    folders_there = []
    for row in said.splitlines():
        digest, _, path = row.partition(" /")
        if digest == "-":
            folders_there.append(path)
        else:
            there[path] = digest
    folders = {
        "/".join(path.split("/")[:n]) for path in files for n in range(1, path.count("/") + 1)
    }
    return Work(
        removed=sorted(set(there) - set(files)),
        # As listed: what is in a folder comes before it.
        folders_removed=[path for path in folders_there if path not in folders],
        folders=sorted(folders - set(folders_there)),
        written=[
            path
            for path, content in sorted(files.items())
            if there.get(path) != hashlib.sha256(content).hexdigest()
        ],
    )


class _Tool:
    """A program that copies to a board. Everything raises UserError."""

    name: str
    _command: tuple[str, ...]  # but for the port and what is to be done

    def __init__(self, port: str) -> None:
        self._port = port

    def look(self, program: str) -> str:
        """What a MicroPython program prints, up to its end."""
        with tempfile.TemporaryDirectory(prefix="airwire-deploy-") as folder:
            path = _program(Path(folder), program)
            said = self._call("run", str(path), seconds=_LOOK_SECONDS).replace("\r\n", "\n")
        rows, end, _ = said.partition(f"{_END}\n")
        if not end:
            raise ports.silent(self._port)
        return rows

    def _call(self, *words: str, seconds: float) -> str:
        done = self._once(words, seconds)
        if done.returncode and any(words in done.stderr for words in _NOT_RUN):
            done = self._once(words, seconds)
        if done.returncode:
            said = done.stderr or done.stdout
            raise UserError(ports.explain(said, self._port, self.name), ports.FAILED)
        return done.stdout

    def _once(self, words: tuple[str, ...], seconds: float) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [sys.executable, *self._command, self._port, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except OSError as error:
            raise UserError(f"cannot run {self.name}: {error.strerror}") from None
        except subprocess.TimeoutExpired:  # it waits for ever for a board that says nothing
            raise ports.silent(self._port) from None


class _Mpremote(_Tool):
    name = "mpremote"
    _command = ("-m", "mpremote", "connect")

    def apply(self, todo: Work, folder: Path, seconds: float) -> None:
        """All in one call; `resume`: MicroPython was reset for the look."""
        words = ["resume", "run", str(_program(folder, _PREPARE.format(**todo._asdict()))), "+"]
        for path in todo.written:
            words += ["fs", "cp", "-f", str(folder / path), f":/{path}", "+"]
        self._call(*words, "exec", "--no-follow", _RESET, seconds=seconds)

    def reset(self) -> None:
        """Start the firmware."""
        self._call("resume", "exec", "--no-follow", _RESET, seconds=_BASE_SECONDS)


class _Ampy(_Tool):
    name = "ampy"
    _command = ("-m", "ampy.cli", "--port")

    def apply(self, todo: Work, folder: Path, seconds: float) -> None:
        """A call for each step, which is all that it can."""
        if todo.removed or todo.folders_removed or todo.folders:
            program = _program(folder, _PREPARE.format(**todo._asdict()))
            self._call("run", str(program), seconds=seconds)
        for path in todo.written:
            self._call("put", str(folder / path), f"/{path}", seconds=seconds)
        self.reset()

    def reset(self) -> None:
        """Start the firmware."""
        with tempfile.TemporaryDirectory(prefix="airwire-deploy-") as folder:
            program = _program(Path(folder), _RESET)
            self._call("run", "--no-output", str(program), seconds=_BASE_SECONDS)


def _program(folder: Path, text: str) -> Path:
    path = folder / ".program.py"  # no file of the firmware has such a name
    path.write_text(text)
    return path


_TOOLS = {tool.name: tool for tool in (_Mpremote, _Ampy)}
