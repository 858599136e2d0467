"""The process behind one virtual board: owns its directory, address and ports, and serves its
control socket.

Started by `client.Board.up`, never by hand: standard input holds the settings as JSON; standard
output gets the pid, then one line, `ready` or `error TEXT`. It ends by the request `down` or by
SIGTERM, and leaves flash and log. The board of an owner ends with that process, and leaves
nothing.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from airwire.board import config as configuration
from airwire.board import paths, pins
from airwire.board.control import ControlServer
from airwire.board.loopback import Loopback
from airwire.board.machine import Machine
from airwire.board.reset_circuit import ResetCircuit
from airwire.board.rfc2217 import Rfc2217
from airwire.errors import UserError

# Two `up` of one board at once: the second finds the lock taken, after this long at the latest.
_LOCK_PATIENCE = 1.0
# Contacts of a tact switch settle within this time.
_BOUNCE_SECONDS = 0.005
# What touches for no longer than this is noise on the wire, not a finger.
_DIP_SECONDS = 0.005
# How long a switch waits for a firmware process that does not run, and how often it looks: a
# finger holds for 50 ms.
_STALL_SECONDS = 1.0
_TAKEN_SECONDS = 0.001
# A wait that is longer than any test, but no leak.
_MAX_WAIT = 3600.0


class Supervisor:
    """Everything of a board that outlives its resets, and the operations of the control socket."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """settings: name, directory, interpreter, shims, config (as BoardConfig.to_dict); for a
        board in a LAN also lan (client.Lan.add_board); for one with an RFC 2217 port also rfc2217
        (its number, 0: any); for an owned one also owner (a pid) and
        home (what is removed when that process has ended).
        """
        self._name = settings["name"]
        self._directory = Path(settings["directory"])
        self._settings = settings
        self._config = configuration.BoardConfig.from_dict(settings["config"])
        self._started = time.time()
        self._waiters: set[tuple[Callable[[], bool], asyncio.Future]] = set()
        self._buttons: dict[int, asyncio.Lock] = {}
        self._stop = asyncio.Event()
        self._orphaned = False

    async def run(self, report: Callable[[str], None]) -> None:
        """Live until told to go down. `report` gets `ready` once; before that it may be a
        UserError, with everything cleaned up.
        """
        loop = asyncio.get_running_loop()
        lock = await self._lock()
        owner = self._watch_owner(loop)
        try:
            for name in paths.TRANSIENT:
                (self._directory / name).unlink(missing_ok=True)
            self._network = self._connect()
            await self._network.open(loop)
            self._machine = self._build(loop)
            circuit = ResetCircuit(self._machine)
            self._rfc2217 = Rfc2217(self._machine.uarts[0].host, circuit.set)
            if "rfc2217" in self._settings:
                await self._rfc2217.open(self._settings["rfc2217"])
            control = ControlServer(self._directory / paths.CONTROL, self._operate)
            await control.start()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._stop.set)
            try:
                self._machine.power_on()
                await self._first_boot()
                if not self._stop.is_set():
                    report("ready")
                await self._stop.wait()
            finally:
                await control.stop()
                self._rfc2217.close()
                await self._machine.shut_down()
                self._network.close()
        finally:
            for name in paths.TRANSIENT:
                (self._directory / name).unlink(missing_ok=True)
            os.close(lock)
            if owner is not None:
                loop.remove_reader(owner)
                os.close(owner)
            if self._orphaned:
                shutil.rmtree(self._settings["home"], ignore_errors=True)

    async def _first_boot(self) -> None:
        """Wait until the firmware runs, or until the stop. Raises UserError if it never will."""
        machine = self._machine
        stopped = asyncio.ensure_future(self._stop.wait())
        settled = asyncio.ensure_future(
            self._until(lambda: machine.boots > 0 or machine.state == "off")
        )
        await asyncio.wait({stopped, settled}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        settled.cancel()
        if not machine.boots and not self._stop.is_set():
            raise UserError(f"the firmware process does not start: {machine.last_exit}")

    # Parts

    def _watch_owner(self, loop: asyncio.AbstractEventLoop) -> int | None:
        """Have the board end with its owner, even one that was killed. Returns the pidfd."""
        if "owner" not in self._settings:
            return None
        try:
            owner = os.pidfd_open(self._settings["owner"])
        except ProcessLookupError:
            self._orphan()
            return None
        loop.add_reader(owner, self._orphan)
        return owner

    def _orphan(self) -> None:
        self._orphaned = True
        self._stop.set()

    async def _lock(self) -> int:
        """Take the board's directory for us, or say who has it."""
        lock = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        deadline = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise UserError(f"board {self._name} is up already") from None
                await asyncio.sleep(0.01)

    def _connect(self) -> Any:
        """The network that the settings name: the host's loopback, or a LAN."""
        if "lan" not in self._settings:
            return Loopback(self._config, self._names)
        from airwire.lan.attachment import Attachment  # most boards are in none

        return Attachment(self._settings["lan"], self._config, self._air_says, self._stop.set)

    def _air_says(self, lines: list[str]) -> None:
        self._machine.air_says(lines)

    def _build(self, loop: asyncio.AbstractEventLoop) -> Machine:
        directory = self._directory
        identity = {
            "name": self._name,
            "flash": str(directory / paths.FLASH),
            "stat": str(directory / paths.FLASH_COUNTERS),
            "rtc": str(directory / paths.RTC_MEMORY),
            "wlan_channel": 1,
            "scan_ms": self._config.air.scan_ms,
            **self._network.identity(),
        }
        self._identity = identity
        shims = self._settings["shims"]
        command = self._config.command or [
            self._settings["interpreter"],
            "-X",
            f"heapsize={self._config.heap}",
            f"{shims}/start.py",
        ]
        environment = {"MICROPYPATH": f"{shims}:.frozen"}
        radio = (self._network.station(), self._network.softap())
        return Machine(loop, directory, identity, command, environment, *radio, self._changed)

    def _names(self) -> dict[str, str] | None:
        """What the DNS server of the joined access point knows; None: it does not answer."""
        station = self._machine.station
        if station.joined is None or not station.joined.dns:
            return None
        return station.joined.names

    # Conditions

    def _changed(self) -> None:
        for condition, future in list(self._waiters):
            if not future.done() and condition():
                future.set_result(None)

    async def _until(self, condition: Callable[[], bool]) -> None:
        if condition():
            return
        waiter = (condition, asyncio.get_running_loop().create_future())
        self._waiters.add(waiter)
        try:
            await waiter[1]
        finally:
            self._waiters.discard(waiter)

    def _value(self, key: str) -> Any:
        """What `wait` can look at: a counter, a state, or `pin N`, `edges N`."""
        machine = self._machine
        if key in ("state", "starts", "boots", "panics", "cuts"):
            return getattr(machine, key)
        if key == "wlan":
            return machine.station.status
        kind, _, number = key.partition(" ")
        if kind == "pin":
            return machine.pins.level(int(number))
        if kind == "edges":
            return machine.pins[int(number)].edges
        raise UserError(f"nothing to wait for is called {key!r}")

    # Operations of the control socket

    async def _operate(self, request: dict[str, Any]) -> Any:
        operation = _OPERATIONS.get(request.pop("op", None))
        if operation is None:
            raise UserError(f"operations are {', '.join(_OPERATIONS)}")
        try:
            return await operation(self, **request)
        except (TypeError, ValueError) as error:
            raise UserError(f"bad request: {error}") from None

    async def _status(self) -> dict[str, Any]:
        return {
            "name": self._name,
            "supervisor": os.getpid(),
            "uptime": round(time.time() - self._started, 3),
            "directory": str(self._directory),
            "mac": self._identity["mac"],
            "rfc2217": self._rfc2217.port or None,
            **self._network.status(),
            **self._machine.status(),
        }

    async def _wait(self, key: str, timeout: float, **goal: Any) -> Any:
        """Until the value `equals` something, `differs` from it or is `at_least` a number. Replies
        the value, or fails in time.
        """
        if set(goal) not in ({"equals"}, {"differs"}, {"at_least"}):
            raise UserError("wait needs equals, differs or at_least")
        comparison, wanted = next(iter(goal.items()))

        def reached() -> bool:
            value = self._value(key)
            if comparison == "at_least":
                return value is not None and value >= wanted
            return (value == wanted) == (comparison == "equals")

        try:
            await asyncio.wait_for(self._until(reached), min(float(timeout), _MAX_WAIT))
        except TimeoutError:
            text = f"{key} is {self._value(key)!r} after {timeout} s"
            if comparison != "differs":
                text += f", not {wanted!r}"
            raise UserError(f"board {self._name}: {text}") from None
        return self._value(key)

    async def _press(self, button: str, hold: float = 0.1, bounce: int = 0) -> None:
        """Press, hold for seconds, release; each change bounces `bounce` times. Replies after the
        release.
        """
        pins.check_press(hold, bounce)
        number = pins.button_pin(button)
        async with self._buttons.setdefault(number, asyncio.Lock()):
            if hold <= _DIP_SECONDS and not bounce:
                # Both edges at once: a busy host would make a press of it.
                self._machine.drive(number, 0)
                await self._contact(number, None, 0)
                return
            try:
                await self._contact(number, 0, bounce)
                await asyncio.sleep(hold)
            finally:
                await self._contact(number, None, bounce)

    async def _contact(self, number: int, level: int | None, bounce: int) -> None:
        """One change of a switch: the first touch, then pairs of edges, and what it settles at."""
        edges = bounce + bounce % 2
        other = 0 if level is None else None
        self._machine.drive(number, level)
        start = time.monotonic()
        for edge in range(edges):
            # What is late is made up for: one stall must not lengthen every edge that follows.
            due = start + _BOUNCE_SECONDS * (edge + 1) / edges
            await asyncio.sleep(max(0, due - time.monotonic()))
            self._machine.drive(number, level if edge % 2 else other)
        # A host that is busy may run the firmware late: its contacts wait for it, as time does.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STALL_SECONDS):
                while not self._machine.took_all():
                    await asyncio.sleep(_TAKEN_SECONDS)

    async def _hold(self, button: str) -> None:
        self._machine.drive(pins.button_pin(button), 0)

    async def _release(self, button: str) -> None:
        self._machine.drive(pins.button_pin(button), None)

    async def _pin(self, number: int, **drive: int | None) -> int | None:
        """The level of a pad; with `level`, drive it first (None: let go)."""
        if drive:
            if set(drive) != {"level"} or drive["level"] not in (0, 1, None):
                raise UserError("a pin is driven to 0, 1 or None")
            self._machine.drive(number, drive["level"])
        return self._machine.pins.level(number)

    async def _adc(self, number: int, millivolts: int) -> None:
        self._machine.apply(number, millivolts)

    async def _jumper(self, first: int, second: int, on: bool = True) -> None:
        self._machine.jumper(first, second, on)

    async def _reset(self) -> None:
        self._machine.reset()

    async def _power_cut(
        self, after: int | None = None, torn: bool = False, stay_off: bool = False
    ) -> None:
        if after is None:
            self._machine.power_cut(stay_off)
        else:
            self._machine.arm_power_cut(after, torn, stay_off)

    async def _power_on(self) -> None:
        self._machine.power_on()

    async def _air(self) -> list[dict[str, Any]]:
        return [asdict(point) for point in self._config.air.access_points]

    async def _access_point(self, ssid: str, changes: dict[str, Any]) -> dict[str, Any]:
        self._machine.change_access_point(ssid, changes)
        return asdict(self._machine.station.find(ssid))

    async def _down(self) -> None:
        asyncio.get_running_loop().call_soon(self._stop.set)


_OPERATIONS = {
    "status": Supervisor._status,
    "wait": Supervisor._wait,
    "press": Supervisor._press,
    "hold": Supervisor._hold,
    "release": Supervisor._release,
    "pin": Supervisor._pin,
    "adc": Supervisor._adc,
    "jumper": Supervisor._jumper,
    "reset": Supervisor._reset,
    "power_cut": Supervisor._power_cut,
    "power_on": Supervisor._power_on,
    "air": Supervisor._air,
    "access_point": Supervisor._access_point,
    "down": Supervisor._down,
}


def main() -> None:
    """Read the settings, leave the starter's process group, serve."""
    settings = json.load(sys.stdin)
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")  # it must not keep a file system busy that it does not use
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # What the starter reads; everything else that is printed, or inherited, goes to the log or
    # nowhere.
    answer = os.fdopen(os.dup(1), "w", buffering=1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)

    def tell(line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # the starter was killed
            print(line, file=answer)

    def report(line: str) -> None:
        tell(line)
        with contextlib.suppress(BrokenPipeError):
            answer.close()

    tell(f"pid {os.getpid()}")

    async def serve() -> None:
        await Supervisor(settings).run(report)

    try:
        asyncio.run(serve())
    except UserError as error:
        report(f"error {error.message}")


if __name__ == "__main__":
    main()
