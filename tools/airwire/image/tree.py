"""Which files of the tree ship, under which names and in which form. The root of the repository is
the device's `/`.

boot.py and main.py ship as they are, modules of firmware/ and lib/ as .mpy, those with Viper or
native code as .py, web pages gzip-compressed. Everything else stays at home.
"""

import fnmatch
import gzip
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from airwire.errors import UserError
from airwire.image import bytecode, generate, interned, names

# MicroPython runs exactly these two by name, and only as source.
_STARTERS = ("boot.py", "main.py")
_FOLDERS = ("firmware", "lib")
_WEB = "firmware/web/"
_SKIPPED_FOLDERS = ("__pycache__",)
_HTTPS_NAMES = "https_names.txt"  # interned.py


def device_files(root: Path, short: bool = True) -> dict[str, bytes]:
    """Path on the device (no leading slash) -> content, for the tree at `root`. `short`: private
    names are shortened, as on the device (names.py).

    Raises UserError when a file is missing, cannot be read or does not compile.
    """
    sources = _sources(root, short)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        shipped = dict(pool.map(lambda item: _ship(*item), sorted(sources.items())))
    shipped[_HTTPS_NAMES] = interned.https_names(shipped)
    return dict(sorted(shipped.items()))


def frozen_modules(root: Path) -> dict[str, bytes]:
    """Path of a module in a MicroPython that has them frozen in -> its source as the image's is
    compiled. What of lib/ are packages there. Raises UserError as `device_files` does.
    """
    return {
        path.removeprefix("lib/"): content
        for path, content in sorted(_sources(root).items())
        if path.endswith(".py")
    }


def _sources(root: Path, short: bool = True) -> dict[str, bytes]:
    sources = dict(_read(root))
    for path, content in generate.generated(root).items():
        if path in sources:
            raise UserError(f"{root / path}: this file is generated, remove it")
        sources[path] = content
    return sources | _short(sources) if short else sources


def _short(sources: dict[str, bytes]) -> dict[str, bytes]:
    code = {path: content for path, content in sources.items() if path.endswith(".py")}
    fixed = [path for path in code if _is_source(path, code[path])]
    try:
        return names.shortened(code, fixed, parameters=True)
    except SyntaxError:
        return {}  # the compiler says it better


def _is_source(name: str, content: bytes) -> bool:
    return name in _STARTERS or bytecode.needs_source(content)


def _read(root: Path) -> Iterator[tuple[str, bytes]]:
    for name in _STARTERS:
        if not (root / name).is_file():
            raise UserError(f"{root / name} is missing: {root} is not the firmware's tree")
        yield name, (root / name).read_bytes()
    for folder in _FOLDERS:
        for path in (root / folder).rglob("*"):
            name = path.relative_to(root).as_posix()
            if path.is_file() and _ships(name):
                yield name, path.read_bytes()


def _ships(name: str) -> bool:
    if any(part.startswith(".") or part in _SKIPPED_FOLDERS for part in name.split("/")):
        return False
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in generate.EXCLUDED):
        return False
    return name.startswith(_WEB) or name.endswith(".py")


def _ship(name: str, content: bytes) -> tuple[str, bytes]:
    if name.startswith(_WEB):
        return f"{name}.gz", _gzip(content)
    if not name.endswith(".py") or _is_source(name, content):
        return name, content
    return f"{name[:-3]}.mpy", bytecode.compile_source(content, name)


def _gzip(content: bytes) -> bytes:
    """Without name and time, so that the same page gives the same bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, packed, mtime=0) as file:
        file.write(content)
    return packed.getvalue()
