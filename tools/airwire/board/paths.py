"""Where a board keeps its files, and how to reach a Unix socket whose path is too long. Names and
paths only.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airwire.errors import UserError

DEFAULT_NAME = "board"

# What a file name takes everywhere and a person can type; 32 keeps the links of a board on one
# terminal line.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")

FLASH = "flash.bin"
FLASH_COUNTERS = "flash.stat"
RTC_MEMORY = "rtc.bin"
INTERPRETER_CONFIG = "board.json"
LOG = "board.log"
CONTROL = "control.sock"
UARTS = ("uart0", "uart1")

# What only a running board has: `down` removes it, and the next `up` removes what a killed
# supervisor left.
TRANSIENT = (*UARTS, CONTROL, INTERPRETER_CONFIG, RTC_MEMORY)


def home(explicit: Path | str | None = None) -> Path:
    """The directory that holds all boards: `explicit`, else $AIRWIRE_HOME, else ~/.airwire."""
    if explicit is None:
        explicit = os.environ.get("AIRWIRE_HOME") or Path.home() / ".airwire"
    return Path(explicit).absolute()


def board_directory(name: str, base: Path | str | None = None) -> Path:
    """The directory of board `name`. Raises UserError when the name cannot be a directory's
    name.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"bad board name {name!r}: letters, digits, '.', '_' and '-', 32 at most")
    return home(base) / "boards" / name


def board_names(base: Path | str | None = None) -> list[str]:
    """All boards that have a directory, up or not, in alphabetical order. Raises UserError when
    they cannot be listed.
    """
    directory = home(base) / "boards"
    try:
        return sorted(name for name in os.listdir(directory) if _NAME.fullmatch(name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"{directory}: {error.strerror}") from None


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """An address for bind() or connect() that stands for `path`, whatever its length.

    The kernel takes 107 bytes. Through an open directory any path becomes /proc/self/fd/N/name.
    """
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
