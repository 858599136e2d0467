"""The soft-AP of the simulated radio: its settings, addresses and stations, as they outlive a soft
reset. In the plain mode nobody can join it; in a LAN, lan.softap makes it real.

A pure state machine, as `air`: the firmware's words go in, lines for it come out.
"""

from dataclasses import dataclass

from airwire.board.air import Addresses

# What IDF's driver has before anybody sets something.
DEFAULT = Addresses("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0")
_DONE = "ap-done"


@dataclass(frozen=True)
class Settings:
    """As WLAN.config() of the soft-AP has them; `security` is one of network.WLAN.SEC_*."""

    ssid: bytes
    security: int = 0
    key: bytes = b""
    channel: int = 1
    hidden: bool = False
    max_clients: int = 4


class SoftAp:
    """One board's. The firmware waits for the end of each answer, which is `ap-done`."""

    def __init__(self, mac: str) -> None:
        """`mac`: the station's, 12 hexadecimal digits."""
        self._ssid = b"ESP_" + mac[6:].upper().encode()
        self.stations: list[str] = []
        self._reset()

    def _reset(self) -> None:
        self.active = False
        self.settings = Settings(self._ssid)
        self.address = DEFAULT
        self.stations = []
        self.channel = self.settings.channel
        self._bound = False  # to the station's channel

    def power_on(self) -> None:
        """The state after any reset but a soft one."""
        if self.active:
            self.switch(False)
        self._reset()

    def line(self) -> str:
        """The `ap` line for the state as it is: active, channel, four addresses, the stations."""
        address = self.address
        words = (
            int(self.active),
            self.channel,
            address.ip,
            address.mask,
            address.gateway,
            address.dns,
        )
        return " ".join(map(str, ("ap", *words, *self.stations)))

    def follow(self, channel: int | None) -> list[str]:
        """The station has joined a network of that channel: there is one radio, and its channel is
        that. None: it has left, and any channel will do.
        """
        self._bound = channel is not None
        if channel is None or channel == self.channel:
            return []
        self.channel = channel
        if self.active:
            self.changed()
        return [self.line()]

    # Events from the firmware

    def switch(self, on: bool) -> list[str]:
        """WLAN.active(on)."""
        if on != self.active:
            self.active = on
            self.stations = []
            if on:
                self.opened()
            else:
                self.closed()
        return [self.line(), _DONE]

    def configure(self, settings: Settings) -> list[str]:
        """WLAN.config(...)."""
        if settings != self.settings:
            self.settings = settings
            if not self._bound:
                self.channel = settings.channel
            if self.active:
                self.changed()
        return [self.line(), _DONE]

    def move(self, address: Addresses, serve: bool) -> list[str]:
        """WLAN.ifconfig(...): the built-in DHCP server stops, and starts again if `serve`."""
        self.address = address
        if self.active:
            self.moved(serve)
        return [self.line(), _DONE]

    # What becomes of it

    def opened(self) -> None:
        """It is on the air now."""

    def closed(self) -> None:
        """It has left the air."""

    def changed(self) -> None:
        """It has other settings."""

    def moved(self, serve: bool) -> None:
        """It has other addresses."""
