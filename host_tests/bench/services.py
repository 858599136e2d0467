"""The live heap with every service of the network side on: soft-AP with its DHCP and DNS servers,
station, discovery by three protocols, remote terminal, TCP and UDP server, announcements, clock,
WWEP button and ioconn. All of them listen, and nobody asks. The board is a virtual one in plain
mode, with access point and name server.

The heap is twice the chip's: at that size nothing is dropped to make room, so the figure is the
most that all this takes.
"""

import json
import re
import tempfile
import time
from pathlib import Path

import measure
import serial
from rows import Row

from airwire.board.client import Board
from airwire.errors import UserError

BUDGET = 100 * 1024  # design.md 4, on i386
HEAP = "320K"
# NTP asks for the time 8 to 15 s after the network is up; then all has been used that is used.
PATIENCE_SECONDS = 90
LOOK_SECONDS = 0.5

# All that is on. No variable but these differs from the factory's.
SETTINGS = (
    b"broadcast.interval 30",
    b"ioconn.control_gpio 21",
    b"ioconn.enabled 1",
    b"ioconn.status_gpio 22",
    b"mdns.enabled 1",
    b"mdns.name bench",  # longer than that, NetBIOS is off
    b"mdns.service http",
    b"ntp.enabled 1",
    b"remote_terminal.enabled 1",
    b"softap.auto_start 1",
    b"softap.dns_server.url module.lan",
    b"softap.passkey 12345678",
    b"tcp.server.auto_start 1",
    b"udp.server.auto_start 1",
    b"wlan.auto_join.enabled 1",
    b"wlan.ssid airwire-open",
    b"wwep.enabled 1",
)
# What runs then, and the sockets that are open: DHCP, DNS, mDNS, LLMNR, NetBIOS, and one of
# terminal, TCP and UDP server each.
SERVICES = {"softap", "dhcp server", "dns server", "mdns", "remote terminal", "tcp server"}
SERVICES |= {"udp server", "beacon", "wwep", "ioconn", "station"}
SOCKETS = 8
# Codecs leave RAM when nobody has asked for ten seconds. The figure is of a module at rest: with
# no protocol in RAM but that of the command line, and with nothing that runs for a moment alone.
_STAYS = ("wire", "wire.cmdline")
_PASSING = {"ntp"}

_OBJECT = re.compile(rb"\{.*\}")


def report(image: bytes, line: bytes = b"", heap: str = HEAP) -> dict:
    """What a board with this flash image says on UART1, asked with `line`, once all is on."""
    with tempfile.TemporaryDirectory() as home:
        flash = Path(home) / "image.bin"
        flash.write_bytes(image)
        board = Board.up("bench", flash=flash, home=home, arch="i386", heap=heap, owned=True)
        try:
            with serial.Serial(str(board.uart1), 115200, timeout=LOOK_SECONDS) as port:
                return _answer(port, line)
        finally:
            board.down()


def _answer(port: serial.Serial, line: bytes) -> dict:
    end = time.monotonic() + PATIENCE_SECONDS
    said = b""
    while time.monotonic() < end:
        if line:
            said = b""
            port.write(line)
        said += port.read_until(b"}\r\n")
        found = _OBJECT.search(said)
        if found:
            told = json.loads(found[0])
            if told["sockets"] == SOCKETS and SERVICES <= set(told["services"]) and told["asked"]:
                if not line or _rests(told):
                    return told
            time.sleep(LOOK_SECONDS)
    raise UserError(f"bench: not all services came up: {said!r}")


def _rests(told: dict) -> bool:
    protocols = [name for name in told["modules"] if name.startswith("wire")]
    return set(protocols) <= set(_STAYS) and not _PASSING & set(told["services"])


def row(files: dict[str, bytes], settings: bytes) -> Row:
    """The row, for the files of the device and the text of the settings file with SETTINGS."""
    ours = measure.flash({**files, "settings": settings}, measure.script("heap"))
    value = report(ours, b"bench\n")["heap"]
    opened = {"boot.py": b"", "bench": measure.script("services_open").encode()}
    shims = report(measure.flash({**files, **opened}, measure.script("services")))["heap"]
    name = "live heap, all services"
    return Row(name, value - shims, "bytes", BUDGET, "shims with their sockets", shims)
