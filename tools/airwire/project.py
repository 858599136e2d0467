"""Where the project's files are, and which version it is; not what is in them."""

import tomllib
from pathlib import Path

# The package is installed editable (see the Makefile), so this file lies in the work tree:
# ROOT/tools/airwire/project.py.
ROOT = Path(__file__).resolve().parents[2]

# Everything that is made rather than written: images, interpreters, the Makefile's stamps.
BUILD = ROOT / "build"


def version() -> str:
    """The project's version, from pyproject.toml: the one place where it is written."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["version"]
