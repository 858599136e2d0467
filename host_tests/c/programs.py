"""Compilers for the driver in C, and what they are told about it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DRIVER = ROOT / "tools" / "c"
HERE = Path(__file__).resolve().parent

# What the driver is held to, wherever it is compiled.
STRICT = (
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-pedantic",
    "-Wconversion",
    "-Wshadow",
    "-Wstrict-prototypes",
    "-Wvla",
)

# Every access outside of an object, and whatever C leaves undefined, ends the program.
SANITIZED = (
    "-g",
    "-O1",
    "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
)

# The smallest of the processors that hosts have, without a system.
BARE = ("arm-none-eabi-gcc", "-Os", "-mcpu=cortex-m0", "-mthumb", "-ffreestanding")

COMPILE_SECONDS = 120


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """A program that must succeed; what it prints."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMPILE_SECONDS,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def sanitized(source: str, folder: Path) -> Path:
    """A program of this folder with the driver, compiled with the sanitizers."""
    program = folder / Path(source).stem
    run(
        *("cc", *STRICT, *SANITIZED, "-D_DEFAULT_SOURCE", "-I", DRIVER, "-o", program),
        *(HERE / source, DRIVER / "airwire.c"),
    )
    return program
