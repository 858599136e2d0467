"""The names, numbers and files of a LAN, and nothing that happens in it."""

import ipaddress
from pathlib import Path

from airwire.board import paths

DEFAULT_NAME = "lan"
DEFAULT_CLIENT = "client"

# Files of a LAN that is up, in its directory.
CONTROL, HOLD = "control.sock", "hold.sock"
HOSTS, LEASES, RESOLVER = "hosts", "leases", "resolv.conf"
TRANSIENT = (CONTROL, HOLD, HOSTS, LEASES, RESOLVER)
LOG = "lan.log"

# The access point: its bridge, in the keeper's own network namespace.
BRIDGE = "lan0"
BRIDGE_MAC = "020a1700a001"
ROUTER = "router"
# Names that hosts tell the DHCP server, and clients', are in the first domain; a board can be
# found in the second by the name that it was started with, whatever its firmware tells.
DOMAIN, BOARDS = "lan", "board"
# Neither the soft-AP's 192.168.4.0/24 nor what a home router has, so that a mix-up shows.
NETWORK = ipaddress.ip_network("10.23.7.0/24")
GATEWAY = str(NETWORK[1])
POOL = (str(NETWORK[100]), str(NETWORK[199]))
# Hosts of the network: boards and clients, each with a number of its own. A client's address is
# NETWORK[number] where it has a fixed one; below the pool.
NUMBERS = range(2, 100)


def directory(name: str, base: Path | str | None = None) -> Path:
    """The directory of the LAN `name`, beside the boards. Raises UserError when the name cannot be
    a directory's name.
    """
    boards = paths.board_directory(name, base).parent
    return boards.parent / "lans" / name


def port(number: int) -> str:
    """The bridge's end of the link to a place."""
    return f"port{number}"


def cell(number: int) -> str:
    """The bridge that is the soft-AP of the board in that place."""
    return f"cell{number}"


def cell_mac(number: int) -> bytes:
    """The address of that bridge, which nobody talks to."""
    return bytes.fromhex(f"020a1700a1{number:02x}")


def cell_port(number: int) -> str:
    """The bridge's end of the link to that soft-AP's interface."""
    return f"soft{number}"


def mac(number: int) -> bytes:
    """A client's hardware address: locally administered."""
    return bytes.fromhex(f"020a1700c0{number:02x}")


def prefix(mask: str) -> int:
    """The length of the prefix of a mask."""
    return int(ipaddress.ip_address(mask)).bit_count()
