"""What the image holds beyond the files of the tree: generated files, and the files of the tree
that stay at home.
"""

import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from airwire import declarations, project, syntax
from airwire.openapi import document

# Patterns (fnmatch) of paths below the root that do not ship although they lie in firmware/ or
# lib/.
EXCLUDED = (
    "firmware/store/groups/*",  # declarations: what ships is firmware/store/tables.py
    "firmware/boards/*",  # for those who build MicroPython themselves
)

_NAME = "Airwire"


def generated(root: Path) -> dict[str, bytes]:
    """Extra device files of the tree at `root`: path on the device -> Python source to be
    compiled, or data.
    """
    return {
        "firmware/version.py": _version(root),
        "firmware/commands/index.py": declarations.command_index(root),
        **declarations.variable_tables(root),
        "command_help.csv": declarations.command_help(root),
        "firmware/web/language.json": declarations.language(root),
        "completion.csv": syntax.completion(root),
        "firmware/web/openapi.json": document.compact(root),
        "variable_help.csv": declarations.variable_help(root),
    }


def _version(root: Path) -> bytes:
    built = datetime.fromtimestamp(_build_time(root), UTC)
    return f'BUILD = b"{_NAME}-{project.version()}, Built:{built:%Y-%m-%d %H:%M:%S}"\n'.encode()


def _build_time(root: Path) -> int:
    """Seconds since 1970: the date of the last commit, so that two builds of it are equal; else of
    the newest source.
    """
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "log", "-1", "--format=%ct"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:  # no git here
            pass
        else:
            if done.returncode == 0 and done.stdout.strip():
                return int(done.stdout)
    return max((int(path.stat().st_mtime) for path in _sources(root)), default=0)


def _sources(root: Path) -> Iterable[Path]:
    yield from root.glob("*.py")
    for folder in ("firmware", "lib"):
        yield from (path for path in (root / folder).rglob("*") if path.is_file())
