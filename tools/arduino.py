"""Writes build/Airwire.zip, the C driver as a library for Arduino: `make arduino`.

A library has to hold all of its files, and the tree has each of them once: the driver and the
licence are put beside the class here, and the version.
"""

import argparse
import sys
import zipfile
from pathlib import Path

from airwire import project

_DRIVER = project.ROOT / "tools" / "c"
_LIBRARY = _DRIVER / "arduino" / "Airwire"
_PROPERTIES = "library.properties"

# The same bytes for the same files.
_DATE = (1980, 1, 1, 0, 0, 0)


def files() -> dict[str, bytes]:
    """The files of the library by their names in it."""
    found = {
        path.relative_to(_LIBRARY).as_posix(): path.read_bytes()
        for path in sorted(_LIBRARY.rglob("*"))
        if path.is_file()
    }
    found[_PROPERTIES] += f"version={project.version()}\n".encode()
    for name in ("airwire.c", "airwire.h"):
        found[f"src/driver/{name}"] = (_DRIVER / name).read_bytes()
    found["LICENSE"] = (project.ROOT / "LICENSE").read_bytes()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the library for Arduino.")
    parser.add_argument("--output", type=Path, default=project.BUILD / "Airwire.zip")
    path = parser.parse_args().output
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files().items():
            archive.writestr(zipfile.ZipInfo(f"Airwire/{name}", _DATE), content)
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
