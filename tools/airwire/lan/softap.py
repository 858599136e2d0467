"""The soft-AP of a board that is in a LAN: an interface of the board's, whose other end is on a
bridge of its own, the cell, in the keeper's network. Whoever joins is plugged into the cell.
"""

import contextlib
from collections.abc import Callable
from typing import Any

from airwire.board.air import Addresses
from airwire.board.softap import Settings, SoftAp
from airwire.lan import names
from airwire.lan.builtin import Builtin
from airwire.lan.netlink import Netlink

# As lwIP calls it, so that what a firmware binds to it binds here.
INTERFACE = "ap1"


class LanSoftAp(SoftAp):
    """As SoftAp; the interface is there already, without an address and down."""

    def __init__(
        self,
        mac: str,
        number: int,
        here: Netlink,
        there: Netlink,
        builtin: Builtin,
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        """`number`: the board's place; `here` is in the board's network, `there` in the keeper's.
        `tell` gets what the keeper is to know.
        """
        super().__init__(mac)
        self._bssid = softap_mac(mac)
        self._number, self._here, self._there = number, here, there
        self._builtin, self._tell = builtin, tell
        self._given: Addresses | None = None

    def opened(self) -> None:
        """As SoftAp's."""
        cell, port = names.cell(self._number), names.cell_port(self._number)
        with contextlib.suppress(OSError):  # the LAN is ending
            self._there.add_bridge(cell, names.cell_mac(self._number))
            self._there.set_up(cell)
            self._there.set_master(port, cell)
            self._there.set_up(port)
            self._here.set_up(INTERFACE)
        self.moved(True)
        self.changed()

    def closed(self) -> None:
        """As SoftAp's."""
        self._tell({"softap": None})
        self._builtin.stop()
        with contextlib.suppress(OSError):
            self._address(None)
            self._here.set_up(INTERFACE, False)
            self._there.delete(names.cell(self._number))

    def changed(self) -> None:
        """As SoftAp's."""
        settings: Settings = self.settings
        told = {
            "ssid": settings.ssid.decode("utf-8", "replace"),
            "security": settings.security,
            "password": settings.key.decode("utf-8", "replace"),
            "channel": self.channel,
            "hidden": settings.hidden,
            "most": settings.max_clients,
            "bssid": self._bssid.hex(),
        }
        self._tell({"softap": told})

    def moved(self, serve: bool) -> None:
        """As SoftAp's."""
        self._builtin.stop()
        with contextlib.suppress(OSError):  # an address that is none, or the LAN is ending
            self._address(self.address)
        if serve:
            self._builtin.start(self.address)

    def joined(self, stations: list[str]) -> list[str]:
        """The stations are these now; what to tell the firmware."""
        if not self.active or stations == self.stations:
            return []
        self.stations = stations
        return [self.line()]

    def _address(self, new: Addresses | None) -> None:
        old, self._given = self._given, new
        if old is not None:
            self._here.delete_address(INTERFACE, old.ip, names.prefix(old.mask))
        if new is not None:
            self._here.add_address(INTERFACE, new.ip, names.prefix(new.mask))


def softap_mac(mac: str) -> bytes:
    """The soft-AP's address: the station's, and one."""
    station = bytes.fromhex(mac)
    return station[:5] + bytes((station[5] + 1 & 255,))
