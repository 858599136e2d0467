"""The sockets that a board's firmware has open, as Linux sees them from outside: those of its
process alone, not those of the supervisor, which are the chip's own.
"""

import os
import socket
from pathlib import Path

from host_tests.lan.conftest import until

# Each begins with a head line; a row has local address, remote address and state in its second to
# fourth column, and the inode in its tenth.
TABLES = ("tcp", "udp", "raw", "icmp")
LISTENING = "0A"
NOBODY = "0.0.0.0:0"
# From here on ports are picked at random, by Linux or by the firmware.
DYNAMIC = 32768


def sockets(board):
    """A line each, sorted: `tcp 10.23.7.104:2000 listens`, `udp 0.0.0.0:53`, `tcp <own> <peer>`,
    with * for a port that was picked at random.
    """
    pid = board.status()["pid"]
    own = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            own.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:  # closed meanwhile
            continue
    lines = []
    for table in TABLES:
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = row.split()
            if f"socket:[{columns[9]}]" in own:
                lines.append(_line(table, *columns[1:4]))
    return sorted(lines)


def settled(board, wanted):
    """Wait until these sockets are open and no others."""
    seen = []

    def found():
        seen[:] = sockets(board)
        return seen == wanted

    try:
        until(found, f"{wanted}")
    except AssertionError as error:
        error.add_note(f"there are {seen}")
        raise


def _line(table, local, remote, state):
    line = f"{table} {_address(local)}"
    if table == "tcp" and state == LISTENING:
        return line + " listens"
    peer = _address(remote)
    return line if peer == NOBODY else f"{line} {peer}"


def _address(text):
    # In the machine's byte order; so are all machines that run a board.
    ip, port = (int(part, 16) for part in text.split(":"))
    return f"{socket.inet_ntoa(ip.to_bytes(4, 'little'))}:{'*' if port >= DYNAMIC else port}"
