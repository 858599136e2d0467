"""The access point's DHCP and DNS server: dnsmasq's command line, and what it tells."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

from airwire.errors import UserError
from airwire.lan import names

_LEASE = "1h"
# It needs milliseconds; this is for a machine that swaps.
_START_SECONDS = 10.0
_LOOK_SECONDS = 0.005
_PORTS = (53, 67)


def command(program: str, directory: Path) -> list[str]:
    """The words that start it, in the foreground, with nothing of the machine's own
    configuration.
    """
    options = {
        "conf-file": "/dev/null",
        "pid-file": "",
        "interface": names.BRIDGE,
        "domain": names.DOMAIN,
        "local": "/#/",  # there is nobody else to ask: what it does not know does not exist
        "addn-hosts": directory / names.HOSTS,
        "dhcp-leasefile": directory / names.LEASES,
        "dhcp-range": f"{names.POOL[0]},{names.POOL[1]},{_LEASE}",
    }
    flags = (
        "no-daemon",  # and no change of user: there is only one in a user namespace of ours
        "bind-interfaces",
        "no-hosts",
        "no-resolv",
        "expand-hosts",
        "dhcp-authoritative",
        "no-ping",  # it would wait three seconds for an answer before it offers an address
        "log-dhcp",
    )
    words = [f"--{key}={value}" for key, value in options.items()]
    return [program, *words, *(f"--{flag}" for flag in flags)]


async def wait_ready(server: subprocess.Popen) -> None:
    """Until it serves DNS and DHCP in this network namespace. Raises UserError if it does not."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not all(_bound(port) for port in _PORTS):
                if server.returncode is not None:
                    raise UserError(f"dnsmasq ended with code {server.returncode}")
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise UserError(f"dnsmasq does not serve after {_START_SECONDS:.0f} s") from None


def _bound(port: int) -> bool:
    """Whether somebody has this UDP port; /proc/net is that of the one who reads it."""
    sockets = Path("/proc/self/net/udp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") for line in sockets)


def leases(directory: Path) -> list[dict[str, Any]]:
    """What it has given away: mac, ip, name (empty: none told)."""
    try:
        lines = (directory / names.LEASES).read_text().splitlines()
    except FileNotFoundError:
        return []
    rows = [line.split() for line in lines]
    return [
        {"mac": row[1], "ip": row[2], "name": "" if row[3] == "*" else row[3]}
        for row in rows
        if len(row) == 5
    ]
