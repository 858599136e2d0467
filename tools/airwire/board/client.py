"""`Board`: a virtual board as an object, for tests, for `airwire run` and for the command line.
Synchronous.

Everything it does goes through the board's control socket, one connection per request, so that any
number of threads and processes may use one board. Errors that the user can cause are UserError.
"""

import functools
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airwire import interpreter, project
from airwire.board import config as configuration
from airwire.board import daemon, paths, pins, shim_files
from airwire.errors import UserError

# From `up` to a booted firmware: a second in practice, more on a busy machine with a cold disk.
START_TIMEOUT = 30.0
# A request that does not wait is answered within milliseconds; this is for a machine that swaps.
_REPLY_TIMEOUT = 10.0
# The supervisor ends its process and itself at once; longer, and it is stuck.
_DOWN_TIMEOUT = 5.0
# Default of every wait for a condition: a boot with joining takes two seconds.
WAIT_TIMEOUT = 10.0


class Board:
    """A board that is up. `Board(name)` attaches to it, `Board.up(...)` starts it."""

    def __init__(self, name: str = paths.DEFAULT_NAME, home: Path | str | None = None) -> None:
        """Attach; nothing is sent yet. Raises UserError for a name that cannot be one."""
        self.name = name
        self.directory = paths.board_directory(name, home)

    @classmethod
    def up(
        cls,
        name: str = paths.DEFAULT_NAME,
        *,
        flash: Path | str | None = None,
        keep: bool = False,
        config: Path | str | dict[str, Any] | None = None,
        home: Path | str | None = None,
        arch: str | None = None,
        heap: str | None = None,
        owned: bool = False,
        lan: str | None = None,
        rfc2217: int | None = None,
    ) -> "Board":
        """Start a board and wait until its firmware runs (after the shims, before boot.py).

        flash: an image that is copied to the board's own; with `keep` only if it has none. Without
        it the board keeps its flash, or gets one built from the work tree. config: a TOML file, or
        its tables as a dictionary. arch, heap: "amd64" or "i386", and as "160K"; they win over the
        configuration. owned: the board ends with this process, whatever ends that, and takes
        the whole `home` with it. lan: the LAN of the same home in which the board is, with
        a network of its own; the board ends with it. rfc2217: a port on 127.0.0.1 that gives
        UART0 with its control lines; 0 is any free one (status()["rfc2217"]). Raises UserError,
        and then leaves no board that was not there.
        """
        if not sys.platform.startswith("linux"):
            raise UserError("the virtual board needs Linux")
        board = cls(name, home)
        loaded = (
            configuration.parse(config) if isinstance(config, dict) else configuration.load(config)
        )
        if arch is not None:
            if arch not in configuration.ARCHITECTURES:
                raise UserError(f"--arch {arch}: one of {', '.join(configuration.ARCHITECTURES)}")
            loaded.arch = arch
        if heap is not None:
            loaded.heap = configuration.heap_size("--heap", heap)
        if rfc2217 is not None and lan is not None:
            raise UserError("a board in a LAN has no port here: --rfc2217 or --lan")
        if board.is_up():
            raise UserError(f"board {name} is up already")
        if flash is not None and not loaded.command:
            _check_flash(Path(flash))  # a stand-in's flash may be anything
        with board._new_directory():
            board._provide_flash(None if flash is None else Path(flash), keep)
            settings = {
                "name": name,
                "directory": str(board.directory),
                "interpreter": None if loaded.command else str(interpreter.find(loaded.arch)),
                "shims": str(shim_files.prepared(loaded.arch)),
                "config": loaded.to_dict(),
            }
            if rfc2217 is not None:
                settings["rfc2217"] = rfc2217
            if owned:
                settings |= {"owner": os.getpid(), "home": str(paths.home(home))}
            with _entered(lan, name, home) as (more, enter):
                board._launch(settings | more, enter)
        return board

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    @property
    def uart0(self) -> Path:
        """The link of UART0: the console, as on a dev board's USB port."""
        return self.directory / paths.UARTS[0]

    @property
    def uart1(self) -> Path:
        """The link of UART1: the host MCU's port."""
        return self.directory / paths.UARTS[1]

    @property
    def flash(self) -> Path:
        """The flash image. Change it only while the board is down or off."""
        return self.directory / paths.FLASH

    @property
    def log(self) -> Path:
        """The supervisor's log: panics with the last words of the firmware, watchdog,
        misunderstandings.
        """
        return self.directory / paths.LOG

    def is_up(self) -> bool:
        """Whether a supervisor serves this board."""
        try:
            self._connect().close()
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def status(self) -> dict[str, Any]:
        """State, counters, UARTs, flash, radio and pins; the keys are those of `airwire board
        status --json`.
        """
        return self.request("status")

    # Buttons, LED, pins

    def press(self, button: str | int = 0, hold: float = 0.1, bounce: int = 0) -> None:
        """Press a button for `hold` seconds; returns after the release. Each change bounces
        `bounce` times.
        """
        pins.check_press(hold, bounce)  # before it becomes the patience for the reply
        self.request("press", _patience=hold, button=str(button), hold=hold, bounce=bounce)

    def hold(self, button: str | int = 0) -> None:
        """Press a button and keep it pressed."""
        self.request("hold", button=str(button))

    def release(self, button: str | int = 0) -> None:
        """Release a button."""
        self.request("release", button=str(button))

    def led(self) -> int:
        """1 when the LED is lit, 0 when it is dark."""
        return self.pin(pins.LED) or 0

    def pin(self, number: int, *level: int | None) -> int | None:
        """The level of a pad (None: floating). `pin(n, 0)`, `pin(n, 1)` drive it first, `pin(n,
        None)` lets go.
        """
        if level:
            return self.request("pin", number=number, level=level[0])
        return self.request("pin", number=number)

    def adc(self, number: int, millivolts: int) -> None:
        """Put a voltage on a pad, for the ADC: 0 to 3300 mV."""
        self.request("adc", number=number, millivolts=millivolts)

    def jumper(self, first: int, second: int, on: bool = True) -> None:
        """Join two pads by a jumper, or take it off: each has the level that is driven at the
        other. Between GPIO 17 and 16, TX and RX of UART1, it takes the place of the host's cable:
        the firmware hears what it sends, and the host neither hears nor is heard.
        """
        self.request("jumper", first=first, second=second, on=on)

    def pad(self, number: int) -> dict[str, Any]:
        """What is known of a pad: mode, level, pull, driven, edges, millivolts, frequency, duty
        (of 65535), dac; {} when nobody uses it.
        """
        return self.status()["pins"].get(str(number), {})

    def wait_pin(self, number: int, level: int | None, timeout: float = WAIT_TIMEOUT) -> None:
        """Wait until a pad has that level. Raises UserError after `timeout` seconds, as every
        wait.
        """
        self.wait(f"pin {number}", equals=level, timeout=timeout)

    # Power

    def reset(self) -> None:
        """Pull the EN pin: reset cause 2."""
        self.request("reset")

    def download(self) -> None:
        """Download mode: pull the EN pin while button 0 is pressed. UART0 then answers esptool,
        until the next reset without the button.
        """
        self.hold(0)
        try:
            starts = self.status()["starts"]
            self.reset()
            self.wait("starts", at_least=starts + 1)
        finally:
            self.release(0)

    def power_cut(
        self, after: int | None = None, torn: bool = False, stay_off: bool = False
    ) -> None:
        """Cut the power: now, or at the `after`-th flash operation from now (1: the next), which
        is left out or, when `torn`, done by half. The board starts again by itself unless it is to
        `stay_off`.
        """
        self.request("power_cut", after=after, torn=torn, stay_off=stay_off)

    def power_on(self) -> None:
        """Switch a board on that is off: after `stay_off`, or after too many panics."""
        self.request("power_on")

    def wait_off(self, timeout: float = WAIT_TIMEOUT) -> None:
        """Wait until the board is off."""
        self.wait("state", equals="off", timeout=timeout)

    def wait_boot(self, count: int, timeout: float = WAIT_TIMEOUT) -> int:
        """Wait until the firmware has started `count` times since `up` (status()["boots"]);
        returns how often.
        """
        return self.wait("boots", at_least=count, timeout=timeout)

    def wait(self, key: str, *, timeout: float = WAIT_TIMEOUT, **goal: Any) -> Any:
        """Wait until a value `equals` or `differs` from something, or is `at_least` a number;
        returns the value.

        Values: state, starts, boots, panics, cuts, wlan (WLAN.status()), "pin N", "edges N"
        (changes of an output).
        """
        return self.request("wait", _patience=timeout, key=key, timeout=timeout, **goal)

    # The air

    def access_points(self) -> list[dict[str, Any]]:
        """All networks of this board's air, present or not."""
        return self.request("air")

    def access_point(self, ssid: str, /, **changes: Any) -> dict[str, Any]:
        """Change a network: present=, password=, dhcp=, dns=, names=, rssi= and so on; returns it
        as it then is.
        """
        return self.request("access_point", ssid=ssid, changes=changes)

    def down(self) -> None:
        """Take the board down: no process, no links; flash and log stay. Nothing happens when it
        is down.
        """
        try:
            connection = self._connect()
        except (FileNotFoundError, ConnectionError):
            return
        with connection:
            supervisor = daemon.peer(connection)
            try:
                self._exchange(connection, {"op": "down"}, _REPLY_TIMEOUT)
            except ConnectionError:
                return
            except UserError:
                pass  # it does not answer: what follows ends it
        if not daemon.await_end(supervisor, _DOWN_TIMEOUT):
            os.kill(supervisor, signal.SIGKILL)
            daemon.await_end(supervisor, _DOWN_TIMEOUT)
            for name in paths.TRANSIENT:
                (self.directory / name).unlink(missing_ok=True)

    def delete(self) -> None:
        """Remove a board that is down, with its flash. Raises UserError when it is up, or was
        never there.
        """
        if self.is_up():
            raise UserError(f"board {self.name} is up (airwire board down {self.name})")
        try:
            shutil.rmtree(self.directory)
        except FileNotFoundError:
            raise UserError(f"no board {self.name} in {self.directory.parent}") from None
        except OSError as error:
            raise UserError(f"{self.directory}: {error.strerror or error}") from None

    def request(self, operation: str, _patience: float = 0.0, **arguments: Any) -> Any:
        """Send one request to the supervisor and return its result. Raises UserError with its
        error.
        """
        try:
            with self._connect() as connection:
                request = {"op": operation, **arguments}
                return self._exchange(connection, request, _REPLY_TIMEOUT + _patience)
        except (FileNotFoundError, ConnectionError):
            raise UserError(
                f"board {self.name} is not up (airwire board up {self.name})"
            ) from None

    def _connect(self) -> socket.socket:
        return daemon.connect(self.directory / paths.CONTROL)

    def _exchange(self, connection: socket.socket, request: dict[str, Any], timeout: float) -> Any:
        return daemon.exchange(connection, request, timeout, f"board {self.name}")

    @contextmanager
    def _new_directory(self) -> Iterator[None]:
        """The board's directory, for a start; what did not exist before goes when that fails."""
        folders = (self.directory, *self.directory.parents)
        try:
            made = [folder for folder in folders if not folder.exists()]
            self.directory.parent.mkdir(parents=True, exist_ok=True)
            self.directory.mkdir(mode=0o700, exist_ok=True)  # keys lie in its flash
        except OSError as error:
            raise UserError(f"cannot create {self.directory}: {error.strerror}") from None
        try:
            yield
        except BaseException:
            for folder in made:
                if folder == self.directory:
                    shutil.rmtree(folder, ignore_errors=True)
                elif next(folder.iterdir(), None) is None:  # else another board has come
                    folder.rmdir()
            raise

    def _provide_flash(self, flash: Path | None, keep: bool) -> None:
        if self.flash.exists() and (flash is None or keep):
            return
        new = self.flash.with_suffix(".new")
        try:
            if flash is None:
                from airwire.image import build  # not needed by a board that has its flash

                new.write_bytes(build.build_image(project.ROOT))
            else:
                shutil.copyfile(flash, new)
        except OSError as error:
            raise UserError(f"{error.filename}: {error.strerror}") from None
        # A new chip: nothing of it is worn.
        (self.directory / paths.FLASH_COUNTERS).unlink(missing_ok=True)
        new.replace(self.flash)

    def _launch(self, settings: dict[str, Any], enter: Callable[[], None] | None) -> None:
        with self.log.open("ab") as log:
            before = log.tell()
            lines = daemon.start("airwire.board.supervisor", settings, log, START_TIMEOUT, enter)
        if lines[-1:] == ["ready"]:
            return
        if lines[-1:] and lines[-1].startswith("error "):
            reason = lines[-1].removeprefix("error ")
        elif lines[:1] and len(lines) == 1 and Path(f"/proc/{lines[0].split()[1]}").exists():
            supervisor = int(lines[0].split()[1])
            os.kill(supervisor, signal.SIGTERM)
            daemon.await_end(supervisor, _DOWN_TIMEOUT)
            reason = f"no sign of the firmware after {START_TIMEOUT:.0f} s"
        else:
            reason = "its supervisor has failed"
        words = self._last_words(before)
        if words.startswith("MemoryError"):
            heap = settings["config"]["heap"]
            reason = f"its heap of {heap} is too small (a chip's is about 160K)"
        raise UserError(f"board {self.name} did not start: {reason}; its last words: {words}")

    def _last_words(self, since: int) -> str:
        """The last line that the firmware has left in the log, else the log's own; the log may go
        with the board.
        """
        data = self.log.read_bytes()[since:].decode("utf-8", "replace")
        lines = [line for line in data.splitlines() if line.strip()]
        said = [line for line in lines if line.startswith(" ")]
        return (said or lines or ["none"])[-1].strip()


def _check_flash(path: Path) -> None:
    """Raises UserError for a file that is not an image of the whole flash."""
    from airwire.image import layout  # not needed by a board that has its flash

    try:
        seen = path.stat()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    size = _image_size(path.resolve(), seen.st_mtime_ns, seen.st_size)
    if size != layout.FLASH_SIZE:
        raise UserError(f"{path}: {size} bytes, the whole flash has {layout.FLASH_SIZE}")


@functools.lru_cache(maxsize=4)
def _image_size(path: Path, changed: int, size: int) -> int:
    # A program that starts many boards from one image has it looked through once.
    from airwire.image import inspect

    return inspect.load(path).size


@contextmanager
def _entered(
    lan: str | None, name: str, home: Path | str | None
) -> Iterator[tuple[dict[str, Any], Callable[[], None] | None]]:
    """What a supervisor is told of its LAN, and what takes its process there."""
    if lan is None:
        yield {}, None
        return
    from airwire.lan.client import Lan  # most boards are in none

    settings, entrance = Lan(lan, home).add_board(name)
    try:
        yield {"lan": settings}, entrance.enter
    finally:
        entrance.close()
