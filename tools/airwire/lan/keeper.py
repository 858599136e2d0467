"""The process that is a LAN: the access point's bridge and DHCP server, and the network namespaces
of boards and clients. Its end, whatever ends it, is the end of all of them.

Started by `client.Lan.up`, never by hand, as board.daemon says. It is process 1 of a process
namespace, so the kernel kills what else runs there; boards, which run outside, watch the
connection by which they hold their place.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airwire.board import paths
from airwire.board.control import ControlServer
from airwire.errors import UserError
from airwire.lan import dnsmasq, names, spaces
from airwire.lan.netlink import Netlink

CLIENT, BOARD = "client", "board"
_LINK = "eth0"
# Between two starts of a DHCP server that was killed: one that cannot start must not eat a core.
_RESTART_SECONDS = 0.2


@dataclass
class Place:
    """Somebody's network namespace; `ip` is the address that is known to be its."""

    name: str
    kind: str
    number: int
    network: int
    ip: str = ""
    mac: str = ""  # with colons, as the DHCP server writes it
    pid: int = 0  # of the board's supervisor, once it is there
    writer: asyncio.StreamWriter | None = None  # to it
    fixed: bool = False  # a client whose address in the LAN is its own
    wish: tuple[str, str] | None = None  # the soft-AP that a client is to join: SSID, passphrase
    softap: dict[str, Any] | None = None  # a board's, while it is on the air
    cell: int = 0  # whose soft-AP it has joined: that board's number


class Keeper:
    """All of a LAN, and the operations of its control socket."""

    def __init__(self, settings: dict[str, Any], mode: str) -> None:
        """settings: directory, dnsmasq (its path), clients; mode as spaces.separate()."""
        self._directory = Path(settings["directory"])
        self._settings, self._mode = settings, mode
        self._places: dict[str, Place] = {}
        self._stop = asyncio.Event()
        self._server: subprocess.Popen | None = None

    async def run(self, owner: int | None, report: Callable[[str], None]) -> None:
        """Live until told to go down, or until the process of the pidfd `owner` ends."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        if owner is not None:
            loop.add_reader(owner, self._stop.set)
        self._build_access_point()
        for name in self._settings["clients"]:
            self._add(name, CLIENT, True)
        self._serve_addresses()
        await dnsmasq.wait_ready(self._server)
        control = ControlServer(self._directory / names.CONTROL, self._operate)
        await control.start()
        holders = await self._listen_for_holders()
        report("ready")
        await self._stop.wait()
        holders.close()
        await control.stop()

    # The access point

    def _build_access_point(self) -> None:
        self._netlink = Netlink()
        self._netlink.set_up("lo")
        self._netlink.add_bridge(names.BRIDGE, bytes.fromhex(names.BRIDGE_MAC))
        self._netlink.set_up(names.BRIDGE)
        self._netlink.add_address(names.BRIDGE, names.GATEWAY, names.NETWORK.prefixlen)
        # Broadcasts and multicasts of the access point itself go into its LAN.
        self._netlink.add_route(names.BRIDGE)
        resolver = self._directory / names.RESOLVER
        resolver.write_text(f"nameserver {names.GATEWAY}\nsearch {names.DOMAIN} {names.BOARDS}\n")
        with contextlib.suppress(OSError):  # a machine without that file has no use for ours
            spaces.cover("/etc/resolv.conf", resolver)
        self._write_hosts()

    def _serve_addresses(self) -> None:
        command = dnsmasq.command(self._settings["dnsmasq"], self._directory)
        self._server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2)

    def _write_hosts(self) -> None:
        text = f"{names.GATEWAY} {names.ROUTER}\n"
        for place in self._places.values():
            if place.ip:
                domain = names.BOARDS if place.kind == BOARD else names.DOMAIN
                text += f"{place.ip} {place.name}.{domain}\n"
        (self._directory / names.HOSTS).write_text(text)
        if self._server is not None:
            self._server.send_signal(signal.SIGHUP)  # read it again

    def _reap(self) -> None:
        """Process 1 buries everybody, and replaces the DHCP server if it was killed."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._server is not None and pid == self._server.pid:
                self._server.returncode = os.waitstatus_to_exitcode(status)
                print(f"dnsmasq ended: {self._server.returncode}", file=sys.stderr)
                asyncio.get_running_loop().call_later(_RESTART_SECONDS, self._serve_addresses)

    # Places

    def _add(self, name: str, kind: str, fixed: bool) -> Place:
        old = self._places.get(name)
        if name == names.ROUTER or (old is not None and (old.kind, old.pid) != (BOARD, 0)):
            raise UserError(f"somebody in this LAN is called {name} already")
        if old is not None:  # of a board that has not come
            self._remove(old)
        taken = {place.number for place in self._places.values()}
        number = next((number for number in names.NUMBERS if number not in taken), None)
        if number is None:
            raise UserError(f"{len(taken)} boards and clients are all that fit into a LAN")
        place = Place(name, kind, number, spaces.new_network())
        if kind == CLIENT:
            self._furnish(place, fixed)
        self._places[name] = place
        self._write_hosts()
        return place

    def _furnish(self, place: Place, fixed: bool) -> None:
        """A client's link, and its address unless it is going to ask for one."""
        port, mac = names.port(place.number), names.mac(place.number)
        place.mac = mac.hex(":")
        place.fixed = fixed
        home = spaces.current_network()
        try:
            with spaces.inside(place.network), Netlink() as there:
                there.set_up("lo")
                there.add_veth(_LINK, mac, port, home)
                there.set_up(_LINK)
                if fixed:
                    _settle(place, there)
        finally:
            os.close(home)
        self._netlink.set_master(port, names.BRIDGE)
        self._netlink.set_up(port)

    def _remove(self, place: Place) -> None:
        del self._places[place.name]
        for link in (names.port, names.cell):
            with contextlib.suppress(OSError):  # it went with its namespace, or never was
                self._netlink.delete(link(place.number))
        os.close(place.network)
        self._write_hosts()

    async def _listen_for_holders(self) -> asyncio.AbstractServer:
        path = self._directory / names.HOLD
        with paths.socket_address(path) as address:
            return await asyncio.start_unix_server(self._hold, address)

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A board's supervisor: its place is there as long as this connection, which tells its
        address.
        """
        place = None
        with contextlib.suppress(ConnectionError, ValueError, KeyError, asyncio.CancelledError):
            words = json.loads(await reader.readline())
            place = self._places[words["name"]]
            place.pid, place.mac = int(words["pid"]), str(words["mac"])
            place.writer = writer
            self._announce()
            while line := await reader.readline():
                self._told(place, json.loads(line))
        if place is not None and self._places.get(place.name) is place:
            self._remove(place)
            self._announce()
        writer.close()

    def _told(self, place: Place, words: dict[str, Any]) -> None:
        """What a board's supervisor says has changed."""
        if "ip" in words:
            place.ip = str(words["ip"])
            self._write_hosts()
        if "softap" in words:
            place.softap = words["softap"]
            self._announce()
        if "join" in words:
            place.cell = int(words["join"])
            self._announce()

    # Soft-APs

    def _announce(self) -> None:
        """Something on the air has changed: clients follow, boards are told."""
        for place in self._places.values():
            if place.wish is not None:
                self._follow(place)
        boards = [place for place in self._places.values() if place.writer is not None]
        for board in boards:
            air = [
                {**other.softap, "place": other.number, "full": self._full(other)}
                for other in boards
                if other is not board and other.softap is not None
            ]
            stations = [place.mac.replace(":", "") for place in self._stations(board)]
            board.writer.write(json.dumps({"air": air, "stations": stations}).encode() + b"\n")

    def _stations(self, board: Place) -> list[Place]:
        return [place for place in self._places.values() if place.cell == board.number]

    def _full(self, board: Place) -> bool:
        return len(self._stations(board)) >= board.softap["most"]

    def _follow(self, client: Place) -> str | None:
        """Have a client in the soft-AP that it wishes, if that is there and lets it in. Returns
        why it is not.
        """
        ssid, passphrase = client.wish
        boards = [place for place in self._places.values() if place.softap is not None]
        named = [board for board in boards if board.softap["ssid"] == ssid]
        refused = f"there is no soft-AP {ssid!r}"
        for board in named:
            if (board.softap["security"] == 0) != (not passphrase):
                refused = f"the security of {ssid!r} does not match"
            elif board.softap["password"] != passphrase:
                refused = f"wrong passphrase for {ssid!r}"
            elif client.cell != board.number and self._full(board):
                refused = f"{ssid!r} takes no further station"
            else:
                if client.cell != board.number:
                    client.cell = board.number
                    self._netlink.set_master(names.port(client.number), names.cell(board.number))
                return None
        if client.cell:
            client.cell = 0
            self._netlink.set_master(names.port(client.number), None)
        return refused

    def _join(self, name: str, ssid: str | None = None, passphrase: str = "") -> None:
        """A client joins a soft-AP, or goes back into the LAN."""
        client = self._places.get(name)
        if client is None or client.kind != CLIENT:
            raise UserError(f"no client in this LAN is called {name!r}")
        client.wish = None if ssid is None else (ssid, passphrase)
        refused = None if client.wish is None else self._follow(client)
        if refused:
            client.wish = None
        if client.wish is None:
            client.cell = 0
            self._netlink.set_master(names.port(client.number), names.BRIDGE)
        if client.fixed:
            with spaces.inside(client.network), Netlink() as there:
                if client.wish is None:
                    _settle(client, there)
                elif client.ip:
                    there.delete_address(_LINK, client.ip, names.NETWORK.prefixlen)
                    client.ip = ""
            self._write_hosts()
        self._announce()
        if refused:
            raise UserError(refused)

    # Operations of the control socket

    async def _operate(self, request: dict[str, Any]) -> Any:
        operation = _OPERATIONS.get(request.pop("op", None))
        if operation is None:
            raise UserError(f"operations are {', '.join(_OPERATIONS)}")
        try:
            return operation(self, **request)
        except (TypeError, ValueError) as error:
            raise UserError(f"bad request: {error}") from None
        except OSError as error:
            raise UserError(f"the LAN cannot do that: {error.strerror}") from None

    def _status(self) -> dict[str, Any]:
        leases = dnsmasq.leases(self._directory)
        places = [
            {key: getattr(place, key) for key in ("name", "kind", "ip", "mac", "pid")}
            | ({"softap": self._cell(place)} if place.softap else {})
            for place in self._places.values()
        ]
        return {
            "mode": self._mode,
            "network": str(names.NETWORK),
            "gateway": names.GATEWAY,
            "places": places,
            "leases": leases,
        }

    def _cell(self, board: Place) -> dict[str, Any]:
        stations = [place.name for place in self._stations(board)]
        return {"ssid": board.softap["ssid"], "stations": stations}

    def _add_place(self, name: str, kind: str, fixed: bool = True) -> dict[str, Any]:
        place = self._add(name, kind, fixed)
        return {"number": place.number, "network": f"fd/{place.network}", "ip": place.ip}

    def _find(self, name: str) -> str:
        if name == names.ROUTER:
            return "ns/net"
        if name not in self._places:
            known = ", ".join([names.ROUTER, *self._places])
            raise UserError(f"nobody in this LAN is called {name!r} (there are: {known})")
        return f"fd/{self._places[name].network}"

    def _down(self) -> None:
        asyncio.get_running_loop().call_soon(self._stop.set)


def _settle(client: Place, there: Netlink) -> None:
    """Give a client its own address in the LAN."""
    client.ip = str(names.NETWORK[client.number])
    there.add_address(_LINK, client.ip, names.NETWORK.prefixlen)
    there.add_route(_LINK, names.GATEWAY)


_OPERATIONS = {
    "status": Keeper._status,
    "add": Keeper._add_place,
    "find": Keeper._find,
    "join": Keeper._join,
    "down": Keeper._down,
}


def main() -> None:
    """Read the settings, leave the machine's namespaces, serve as process 1 of new ones."""
    settings = json.load(sys.stdin)
    try:
        owner = os.pidfd_open(settings["owner"]) if "owner" in settings else None
        mode = spaces.separate()
    except ProcessLookupError:
        return
    except UserError as error:
        print(f"error {error.message}", flush=True)
        return
    pid = os.fork()
    if pid:
        print(f"pid {pid}", flush=True)
        os._exit(0)
    os.setsid()
    os.chdir("/")
    answer = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)

    def report(line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # the starter was killed
            print(line, file=answer)
            answer.close()

    try:
        spaces.keep_mounts_private()
        asyncio.run(Keeper(settings, mode).run(owner, report))
    except UserError as error:
        report(f"error {error.message}")
    except OSError as error:
        report(f"error {error.strerror or error}")


if __name__ == "__main__":
    main()
