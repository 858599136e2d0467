"""A board's log: what has happened to it, for people."""

import time
from pathlib import Path

# A longer one moves to board.log.1: two files of this size show what has happened.
_MAX_SIZE = 1 << 20


def add(log: Path, text: str) -> None:
    """One more entry."""
    if log.exists() and log.stat().st_size > _MAX_SIZE:
        log.replace(log.with_suffix(".log.1"))
    with log.open("a") as file:
        file.write(f"{time.strftime('%H:%M:%S')} {text}\n")
