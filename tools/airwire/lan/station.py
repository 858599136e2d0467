"""The station of a board that is in a LAN: what the simulated radio decides moves a real link, and
its address is what a real DHCP server gives.

Still no sockets and no clock: the link is an object with `carry`, `ask` and `leave`
(attachment.Attachment).
"""

from dataclasses import dataclass
from typing import Any, Protocol

from airwire.board import config
from airwire.board.air import ASSOC_FAIL, Addresses, Station
from airwire.lan.dhcp import Lease

_SECURITY_NAMES = {number: name for name, number in config.SECURITY.items()}


@dataclass
class Cell(config.AccessPoint):
    """The soft-AP of another board, as an access point. `place` is that board's number; `full`: it
    takes no further station.
    """

    place: int = 0
    full: bool = False

    @classmethod
    def told(cls, words: dict[str, Any]) -> "Cell":
        """From what the keeper tells."""
        words = dict(words)
        words.pop("most")
        words["security"] = _SECURITY_NAMES.get(words["security"], "wpa2")
        return cls(**words, rssi=-40)


class Link(Protocol):
    """The station's link to the access point."""

    def plug(self, place: int) -> None:
        """Go to the soft-AP of the board in that place; 0: to the LAN's access point."""

    def carry(self, on: bool) -> None:
        """Let packets through, or lose them."""

    def ask(self, hostname: bytes) -> None:
        """Ask for an address; nothing new when it is being asked for."""

    def forget(self) -> None:
        """Give up the address."""

    def fix(self, addresses: Addresses, hostname: bytes) -> None:
        """Take these addresses, and ask no more."""

    def leave(self) -> None:
        """Lose the access point, and the address."""


class LanStation(Station):
    """As Station. `leased` tells it what DHCP has come to."""

    def __init__(self, air: config.Air, link: Link) -> None:
        self._link = link
        self._cells: list[Cell] = []
        super().__init__(air, Addresses("", "", "", ""))

    def power_on(self) -> None:
        """As Station's."""
        self._link.leave()
        self._static: Addresses | None = None
        super().power_on()

    def change(self, ssid: str, changes: dict[str, Any], now: float) -> list[str]:
        """As Station's; an access point out of range carries nothing from that moment on."""
        lines = super().change(ssid, changes, now)
        if self.joined is not None:
            self._link.carry(self.joined.present)
        return lines

    def heard(self, cells: list[Cell], now: float) -> list[str]:
        """The soft-APs of other boards are these now."""
        self._cells = cells
        old = self.joined
        if not isinstance(old, Cell):
            return []
        same = [cell for cell in cells if (cell.place, cell.ssid) == (old.place, old.ssid)]
        if same and same[0].password == old.password:
            self.joined = same[0]
            if self._timers.pop("beacon", None) is not None:
                self._ask_for_address(now)
        else:
            self._link.carry(False)
            self._timers.setdefault("beacon", now + self.air.beacon_timeout_ms / 1000)
        return [self.line()]

    def static(self, addresses: Addresses | None, now: float) -> list[str]:
        """As Station's; a chip that gives up its own addresses asks for others at once."""
        self._static = addresses
        if self.joined is None:
            return []
        if addresses is None:
            self.address = None
            self._link.forget()
        self._ask_for_address(now)
        return [self.line()]

    def leased(self, lease: Lease | None) -> list[str]:
        """An address came, changed, or has run out."""
        if self.joined is None:
            return []
        if lease is None:
            self.address = None
        else:
            self.address = Addresses(lease.ip, lease.mask, lease.gateway, lease.dns)
            self._reason = 0
        return [self.line()]

    def _points(self) -> list[config.AccessPoint]:
        return [*self.air.access_points, *self._cells]

    def _outcome(self) -> tuple[config.AccessPoint | None, int]:
        point, reason = super()._outcome()
        if not reason and isinstance(point, Cell) and point.full:
            reason = ASSOC_FAIL
        return point, reason

    def _ask_for_address(self, now: float) -> None:
        self._link.plug(self.joined.place if isinstance(self.joined, Cell) else 0)
        self._link.carry(True)
        if self._static:
            self._link.fix(self._static, self._hostname)
            self.address = self._static
            self._reason = 0
        elif self.joined.dhcp:
            self._link.ask(self._hostname)

    def _drop(self) -> None:
        self._link.leave()
        super()._drop()
