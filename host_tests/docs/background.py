"""Whether a program that a document has put into the background is ready: what comes behind it on
the page would be too early for a server that does not listen yet.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

# Programs that open no socket at all are waited for so long, and no longer.
READY_SECONDS = 10.0
POLL = 0.05
TABLES = ("tcp", "tcp6", "udp", "udp6")
CONNECTED, LISTENING = "01", "0A"


def ready(program: subprocess.Popen) -> None:
    """Wait until the program, or one that it has started, listens, is connected or has a UDP port;
    or has ended.
    """
    until = time.monotonic() + READY_SECONDS
    while program.poll() is None and time.monotonic() < until:
        if any(_has_socket(pid) for pid in _family(program.pid)):
            return
        time.sleep(POLL)


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has ended
        return
    for child in children:
        yield from _family(int(child))


def _has_socket(pid: int) -> bool:
    own = set()
    try:
        for link in os.scandir(f"/proc/{pid}/fd"):
            own.add(os.readlink(link.path))
        rows = [
            (table, row.split())
            for table in TABLES  # of its network namespace
            for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        ]
    except OSError:  # a descriptor was closed, or the process has ended: the next look tells
        return False
    return any(
        f"socket:[{row[9]}]" in own and (table[:3] == "udp" or row[3] in (CONNECTED, LISTENING))
        for table, row in rows
    )
