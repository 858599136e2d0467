"""`Lan`: a LAN as an object, for tests and for the command line. Synchronous, like board.client.

The keeper does the work; here are its start and end, and the way into its namespaces. Errors that
the user can cause are UserError.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airwire.board import daemon
from airwire.errors import UserError
from airwire.lan import names, programs, spaces

# A second in practice, more on a busy machine.
START_TIMEOUT = 30.0
_REPLY_TIMEOUT = 10.0
# The kernel ends what is inside at once; boards end themselves.
_DOWN_TIMEOUT = 5.0


class Lan:
    """A LAN that is up. `Lan(name)` attaches to it, `Lan.up(...)` starts it."""

    def __init__(self, name: str = names.DEFAULT_NAME, home: Path | str | None = None) -> None:
        """Attach; nothing is sent yet. Raises UserError for a name that cannot be one."""
        self.name = name
        self.directory = names.directory(name, home)

    @classmethod
    def up(
        cls,
        name: str = names.DEFAULT_NAME,
        *,
        clients: Sequence[str] = (names.DEFAULT_CLIENT,),
        home: Path | str | None = None,
        owned: bool = False,
    ) -> "Lan":
        """Start a LAN with these clients, and wait until its DHCP server serves. owned: it ends
        with this process, whatever ends that. Raises UserError, and then leaves nothing.
        """
        if not sys.platform.startswith("linux"):
            raise UserError("LAN mode needs Linux")
        lan = cls(name, home)
        for client in clients:
            _check(client)
        if len(set(clients)) < len(clients):
            raise UserError("two clients have one name")
        if lan.is_up():
            raise UserError(f"LAN {name} is up already")
        settings = {
            "directory": str(lan.directory),
            "dnsmasq": str(programs.find("dnsmasq")),
            "clients": list(clients),
        }
        if owned:
            settings["owner"] = os.getpid()
        try:
            lan.directory.mkdir(parents=True, exist_ok=True)
            lan._clean()
            with (lan.directory / names.LOG).open("wb") as log:
                lines = daemon.start("airwire.lan.keeper", settings, log, START_TIMEOUT)
        except OSError as error:
            raise UserError(f"{lan.directory}: {error.strerror}") from None
        if lines[-1:] != ["ready"]:
            raise UserError(f"LAN {name} did not start: {lan._abandon(lines)}")
        return lan

    def __enter__(self) -> "Lan":
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def is_up(self) -> bool:
        """Whether a keeper serves this LAN."""
        try:
            self._connect().close()
        except (FileNotFoundError, ConnectionError):
            return False
        return True

    def status(self) -> dict[str, Any]:
        """mode ("user" or "root"), network, gateway, places, leases, and the keeper's pid."""
        with self._talk() as connection:
            return self._ask(connection, "status") | {"keeper": daemon.peer(connection)}

    def add_client(self, name: str, address: bool = True) -> str:
        """One more client; returns its address. Without `address` it has none, and is free to ask
        for one.
        """
        _check(name)
        with self._talk() as connection:
            return self._ask(connection, "add", name=name, kind="client", fixed=address)["ip"]

    def join(self, client: str, ssid: str, passphrase: str = "") -> None:
        """Have a client leave the LAN and join a board's soft-AP; it comes back there by itself
        when that was away. Raises UserError with the reason if it is not let in.
        """
        with self._talk() as connection:
            self._ask(connection, "join", name=client, ssid=ssid, passphrase=passphrase)

    def leave(self, client: str) -> None:
        """Have a client come back into the LAN."""
        with self._talk() as connection:
            self._ask(connection, "join", name=client)

    def add_board(self, name: str) -> tuple[dict[str, Any], spaces.Entrance]:
        """A place for a board: what attachment.Attachment needs to know, and the way in for its
        supervisor. Whoever does not come leaves it to the next of that name.
        """
        with self._talk() as connection:
            place = self._ask(connection, "add", name=name, kind="board", fixed=False)
            entrance = self._entrance(connection, place["network"])
        settings = {"name": name, "directory": str(self.directory), "number": place["number"]}
        return settings, entrance

    def entrance(self, place: str) -> spaces.Entrance:
        """The way to a client, a board or the router. Raises UserError."""
        with self._talk() as connection:
            return self._entrance(connection, self._ask(connection, "find", name=place))

    def popen(self, place: str, command: Sequence[str | Path], **how: Any) -> subprocess.Popen:
        """Start a command in a place; `how` as subprocess.Popen's. It ends with the LAN, and with
        the process that is returned.
        """
        with self._talk() as connection:
            network = self._ask(connection, "find", name=place)
            keeper = str(daemon.peer(connection))
        words = [sys.executable, "-m", "airwire.lan.enter", keeper, network]
        return subprocess.Popen([*words, *map(str, command)], **how)

    def run(
        self, place: str, *command: str | Path, timeout: float = _REPLY_TIMEOUT
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a place to its end, its output collected as text. Raises
        subprocess.TimeoutExpired.
        """
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = self.popen(place, command, stdin=subprocess.DEVNULL, text=True, **pipes)
        with process:
            try:
                output, errors = process.communicate(timeout=timeout)
            finally:
                process.kill()
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def down(self) -> None:
        """End the LAN: no process, no namespace, no interface of it is left, and its boards are
        down. Nothing happens when it is down.
        """
        try:
            connection = self._connect()
        except (FileNotFoundError, ConnectionError):
            return
        handles: list[int] = []
        try:
            with connection:
                keeper = os.pidfd_open(daemon.peer(connection))
                handles.append(keeper)
                try:
                    places = self._ask(connection, "status")["places"]
                    handles += _open([place["pid"] for place in places if place["pid"]])
                    self._ask(connection, "down")
                except (ConnectionError, UserError):
                    pass  # it does not answer: what follows ends it
            if not daemon.await_all([keeper], _DOWN_TIMEOUT):
                signal.pidfd_send_signal(keeper, signal.SIGKILL)
            if not daemon.await_all(handles, _DOWN_TIMEOUT):
                for handle in handles:
                    _kill(handle)
                daemon.await_all(handles, _DOWN_TIMEOUT)
        finally:
            for handle in handles:
                os.close(handle)
        self._clean()

    def _clean(self) -> None:
        for name in names.TRANSIENT:
            (self.directory / name).unlink(missing_ok=True)

    def _abandon(self, lines: list[str]) -> str:
        """What became of a keeper that is not ready, in words; it is ended."""
        said = [line for line in (self.directory / names.LOG).read_text().splitlines() if line]
        if lines[:1] and lines[0].startswith("pid "):
            for handle in _open([int(lines[0].split()[1])]):
                _kill(handle)
                daemon.await_all([handle], _DOWN_TIMEOUT)
                os.close(handle)
        self._clean()
        if lines[-1:] and lines[-1].startswith("error "):
            reason = lines[-1].removeprefix("error ")
            return f"{reason}; {said[-1].strip()}" if said else reason
        return said[-1].strip() if said else f"no answer after {START_TIMEOUT:.0f} s"

    def _connect(self) -> socket.socket:
        return daemon.connect(self.directory / names.CONTROL)

    @contextmanager
    def _talk(self) -> Iterator[socket.socket]:
        try:
            with self._connect() as connection:
                yield connection
        except (FileNotFoundError, ConnectionError):
            raise UserError(f"LAN {self.name} is not up (airwire lan up {self.name})") from None

    def _ask(self, connection: socket.socket, operation: str, **arguments: Any) -> Any:
        request = {"op": operation, **arguments}
        return daemon.exchange(connection, request, _REPLY_TIMEOUT, f"LAN {self.name}")

    def _entrance(self, connection: socket.socket, network: str) -> spaces.Entrance:
        try:
            return spaces.Entrance(daemon.peer(connection), network)
        except PermissionError as error:
            raise UserError(f"LAN {self.name} is somebody else's: {error.strerror}") from None


def _check(name: str) -> None:
    """Raises UserError for what cannot be a host's name."""
    if not name.replace("-", "").isalnum() or not name.isascii() or len(name) > 32:
        raise UserError(f"bad name {name!r}: letters, digits and '-', 32 at most")


def _open(pids: list[int]) -> list[int]:
    """pidfds of those processes that are there."""
    handles = []
    for pid in pids:
        try:
            handles.append(os.pidfd_open(pid))
        except ProcessLookupError:
            continue
    return handles


def _kill(handle: int) -> None:
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return
