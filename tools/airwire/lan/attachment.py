"""A board's network in LAN mode: the link of its station, which the access point carries or not,
and the DHCP client that the chip has in its firmware.

Runs in the board's supervisor, which was started inside the board's network namespace. The link's
other end is a port of the bridge in the keeper's. The board ends with its LAN: the connection by
which it holds its place there tells when.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

from airwire.board import daemon
from airwire.board.air import Addresses, Station
from airwire.board.config import BoardConfig
from airwire.errors import UserError
from airwire.lan import names, spaces
from airwire.lan.builtin import Builtin
from airwire.lan.dhcp import Client, Lease, Packet
from airwire.lan.netlink import Netlink
from airwire.lan.responder import Responder
from airwire.lan.softap import INTERFACE, LanSoftAp, softap_mac
from airwire.lan.station import Cell, LanStation
from airwire.lan.wire import Wire

# As lwIP calls it, so that what a firmware binds to it binds here.
STATION = "st1"
_CHUNK = 65536


class Attachment:
    """The same methods as board.loopback.Loopback, and those of station.Link."""

    def __init__(
        self,
        settings: dict[str, Any],
        config: BoardConfig,
        says: Callable[[list[str]], None],
        lost: Callable[[], None],
    ) -> None:
        """settings: name, directory and number, as client.Lan.add_board returns them. `says` gets
        lines for the firmware, `lost` is called when the LAN has ended.
        """
        self._settings, self._config, self._says, self._lost = settings, config, says, lost
        self._port = names.port(settings["number"])
        # Every other one: the next is the soft-AP's.
        self._mac = config.mac or f"246f28aabb{2 * settings['number']:02x}"
        self._client = Client(bytes.fromhex(self._mac))
        self._wire: Wire | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._given: Lease | None = None
        self._hostname = b""
        self._unfinished = b""
        self._softap: LanSoftAp | None = None
        self._place = 0  # whose soft-AP the link leads to; 0: the LAN's access point

    async def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Plug the board in. Raises UserError."""
        self._loop = loop
        self._responder = Responder(loop)
        self._builtin = Builtin(loop, INTERFACE)
        directory = Path(self._settings["directory"])
        try:
            self._held = daemon.connect(directory / names.HOLD)
            with open(f"/proc/{daemon.peer(self._held)}/ns/net", "rb") as network:
                with spaces.inside(network.fileno()):
                    self._bridge = Netlink()
                self._plug(network.fileno())
        except OSError as error:
            raise UserError(f"LAN {directory.name}: {error.strerror or error}") from None
        mac = bytes.fromhex(self._mac).hex(":")
        place = {"name": self._settings["name"], "pid": os.getpid(), "mac": mac}
        self._tell(place)
        loop.add_reader(self._held, self._told)

    def _plug(self, network: int) -> None:
        self._here = Netlink()
        self._here.add_veth(STATION, bytes.fromhex(self._mac), self._port, network)
        self._here.set_up("lo")  # lwIP has one as well
        self._here.set_up(STATION)
        self._bridge.set_master(self._port, names.BRIDGE)
        self._bridge.set_up(self._port)
        self.carry(False)
        mac = softap_mac(self._mac)
        self._here.add_veth(INTERFACE, mac, names.cell_port(self._settings["number"]), network)

    def _tell(self, what: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the LAN has ended: `lost` says so
            self._held.sendall(json.dumps(what).encode() + b"\n")

    def _told(self) -> None:
        """The keeper says who is on the air, or has ended."""
        try:
            data = self._held.recv(_CHUNK)
        except ConnectionError:
            data = b""
        if not data:
            self._loop.remove_reader(self._held)
            self._lost()
            return
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        for line in lines:
            words = json.loads(line)
            cells = [Cell.told(cell) for cell in words["air"]]
            self._says(self._station.heard(cells, self._loop.time()))
            self._says(self._softap.joined(words["stations"]))

    def close(self) -> None:
        """Unplug; the keeper forgets the board."""
        self._quiet()
        self._responder.stop()
        self._builtin.stop()
        self._loop.remove_reader(self._held)
        for thing in (self._bridge, self._here, self._held):
            thing.close()

    def identity(self) -> dict[str, Any]:
        """What board.json says: no address to stand in for 0.0.0.0, and true ports."""
        return {"ip": "0.0.0.0", "gateway": "0.0.0.0", "port_shift": 0, "mac": self._mac}

    def station(self) -> Station:
        """The radio, whose access points all lead into this LAN."""
        self._station = LanStation(self._config.air, self)
        return self._station

    def softap(self) -> LanSoftAp:
        """The soft-AP, which others can join."""
        number = self._settings["number"]
        self._softap = LanSoftAp(
            self._mac, number, self._here, self._bridge, self._builtin, self._tell
        )
        return self._softap

    def status(self) -> dict[str, Any]:
        """What the board's status says of the network."""
        ip = self._given.ip if self._given else "0.0.0.0"
        lan = Path(self._settings["directory"]).name
        return {"ip": ip, "port_shift": 0, "dns_queries": 0, "lan": lan}

    # The link, as the station sees it

    def plug(self, place: int) -> None:
        """Go to the soft-AP of the board in that place; 0: to the LAN's access point."""
        with contextlib.suppress(OSError):  # it has just gone
            self._bridge.set_master(self._port, names.cell(place) if place else names.BRIDGE)
        self._change_place(place)
        self._says(self._softap.follow(self._station.joined.channel))

    def _change_place(self, place: int) -> None:
        if place != self._place:
            self._place = place
            self._tell({"join": place})

    def carry(self, on: bool) -> None:
        """Let packets through, or lose them."""
        with contextlib.suppress(OSError):  # no such port: the LAN is ending
            self._bridge.set_forwarding(self._port, on)

    def ask(self, hostname: bytes) -> None:
        """Ask for an address; nothing new when it is being asked for."""
        if self._client.asking or self._given:
            return
        self._hostname = hostname
        self._listen()
        self._go_on(self._client.start(hostname, self._loop.time()))

    def fix(self, addresses: Addresses, hostname: bytes) -> None:
        """Take these addresses, and ask no more. What cannot be an address is none."""
        self.forget()
        self._hostname = hostname
        with contextlib.suppress(OSError):
            self._configure(Lease(*astuple(addresses), server="", renew=0, rebind=0, end=0))

    def forget(self) -> None:
        """Give up the address."""
        self._quiet()
        self._client.stop()
        self._configure(None)

    def leave(self) -> None:
        """Lose the access point, and the address."""
        self.carry(False)
        self.forget()
        self._change_place(0)
        if self._softap is not None:
            self._softap.follow(None)

    # DHCP

    def _listen(self) -> None:
        if self._wire is None:
            self._wire = Wire(STATION)
            self._loop.add_reader(self._wire.socket, self._hear)

    def _hear(self) -> None:
        self._go_on(self._client.received(self._wire.receive(), self._loop.time()))

    def _due(self) -> None:
        self._timer = None
        self._listen()
        self._go_on(self._client.tick(self._loop.time()))

    def _go_on(self, packets: list[Packet]) -> None:
        """Send, take over what has become of the lease, and wait for what is next."""
        for payload, server in packets:
            if server is None:
                self._wire.broadcast(payload)
            else:
                self._wire.send(payload, self._client.lease.ip, server)
        if not self._client.asking:
            self._quiet()
        elif self._timer is not None:
            self._timer.cancel()
        if self._client.due is not None:
            self._timer = self._loop.call_at(self._client.due, self._due)
        if self._client.lease != self._given:
            try:
                self._configure(self._client.lease)
            except OSError:  # an address that is none, or the LAN is ending
                self.leave()
            self._says(self._station.leased(self._given))

    def _quiet(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._wire is not None:
            self._loop.remove_reader(self._wire.socket)
            self._wire.close()
            self._wire = None

    def _configure(self, lease: Lease | None) -> None:
        """Give the interface what the lease says, in place of what it had."""
        old, self._given = self._given, lease
        if old is not None and (lease is None or (lease.ip, lease.mask) != (old.ip, old.mask)):
            with contextlib.suppress(OSError):  # the link went with the LAN
                self._here.delete_address(STATION, old.ip, names.prefix(old.mask))
        if lease is not None:
            self._here.add_address(STATION, lease.ip, names.prefix(lease.mask))
            if lease.gateway != "0.0.0.0":
                self._here.add_route(STATION, lease.gateway)
            if old is None or old.ip != lease.ip:
                self._responder.start(self._hostname, lease.ip)
        else:
            self._responder.stop()
        self._tell({"ip": lease.ip if lease else ""})
