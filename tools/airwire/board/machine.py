"""The machine: power, resets, watchdog, and what the firmware process and the outside tell each
other.

It starts the process, restarts it for every kind of reset with the chip's reset cause, and passes
control lines between it and pins, UARTs and radio. The control socket, the DNS server and files of
the board are the supervisor's.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from airwire.board import causes, logbook, nor, paths, radio
from airwire.board.air import Station
from airwire.board.channel import Channel
from airwire.board.download import Download
from airwire.board.panics import PanicLoop
from airwire.board.pins import BOOT, UART1, Pins
from airwire.board.process import Process, starvation
from airwire.board.softap import SoftAp
from airwire.board.uart import Uart
from airwire.board.watchdog import Watchdog
from airwire.errors import UserError

# What a chip takes at least from reset to its first instruction, and time for the kernel to clear
# the old process.
_RESTART_DELAY = 0.002


class Machine:
    """One board's chip. `changed` is called after everything that a waiting client may look at."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        directory: Path,
        identity: dict[str, Any],
        command: Sequence[str],
        environment: dict[str, str],
        station: Station,
        softap: SoftAp,
        changed: Callable[[], None],
    ) -> None:
        """`identity` are the constant values of board.json. Its path is added as the last word of
        `command`.
        """
        self._loop, self._directory, self._identity = loop, directory, identity
        self._command, self._environment, self._changed = list(command), environment, changed
        self.station, self.softap = station, softap
        self.pins = Pins()
        links = [directory / name for name in paths.UARTS]
        self.uarts = [
            Uart(loop, links[0], stdin=True, interrupt=self._interrupt),
            Uart(loop, links[1]),
        ]
        self.state = "off"
        self.starts = self.boots = self.panics = self.cuts = 0
        self.cause: int | None = None
        self.last_exit = ""
        self._process: Process | None = None
        self._download: Download | None = None
        self._enabled = True  # EN is high
        self.boot_pulled = False  # GPIO0 is low, by other means than the button
        # What GPIO0 was when the chip came out of its reset: it is latched there.
        self._latched: bool | None = None
        self._channel: Channel | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._kill_cause: int | None = None
        self._stay_off = False
        self._latches = True
        self._raw = False  # the REPL is, and stays so through a soft reset
        self._gone: asyncio.Future | None = None
        self._panic_loop = PanicLoop()
        self._watchdog = Watchdog(loop, self._bitten)
        self._air_timer: asyncio.TimerHandle | None = None
        # What ends the coming sleep: seconds (None: no timer), GPIO and level (None: no pin).
        self._wake: tuple[float | None, int | None, int] = (None, None, 0)
        self._cut: tuple[int, bool, bool] | None = None  # flash operation, torn, stay off

    # Power and resets

    def power_on(self) -> None:
        """Switch on; nothing happens when it is on."""
        self._stay_off = False
        if self.state == "off":
            self._panic_loop.clear()
            self._went_down(causes.POWER_ON, latches=True)

    def power_cut(self, stay_off: bool = False) -> None:
        """Take the power away at once, and give it back unless told otherwise."""
        self._cut = None
        self._panic_loop.clear()
        self._stay_off = stay_off
        self._kill(causes.POWER_ON)

    def arm_power_cut(self, after: int, torn: bool, stay_off: bool) -> None:
        """Cut the power at the `after`-th flash operation from now; `torn`: that one is half
        done.
        """
        if after < 1:
            raise UserError(f"power cut after {after} flash operations: the first is 1")
        if self.state != "running":
            raise UserError(f"the board is not running but {self.state}")
        self._cut = (self._flash_operations() + after, torn, stay_off)
        self._send(f"cut {after} {int(torn)}")

    def reset(self) -> None:
        """Pull the EN pin. Raises UserError when it is off, as after too many panics."""
        if self.state == "off":
            raise UserError(f"the board is off ({self.last_exit}): switch it on first")
        self._kill(causes.HARD)

    def enable(self, high: bool) -> None:
        """The level of EN: while it is low the chip is held in its reset."""
        if high == self._enabled:
            return
        self._enabled = high
        if self.state == "off":
            return
        if not high:
            self._kill(causes.HARD)
            return
        self._latched = self._boots_loader()
        if self.state == "held":
            self._went_down(causes.HARD)

    async def shut_down(self) -> None:
        """Power off for good; returns when the process is gone and the ports are closed."""
        self.power_cut(stay_off=True)
        while self._process is not None:
            self._gone = self._loop.create_future()
            await self._gone
        self._watchdog.stop()
        for timer in (self._restart, self._air_timer):
            if timer is not None:
                timer.cancel()
        for uart in self.uarts:
            uart.close()

    def _kill(self, cause: int) -> None:
        self._kill_cause = cause
        if self._process is not None:
            self._process.kill()
            return
        self._end_download(power_lost=True)
        self._went_down(cause, latches=True)

    def _start(self, cause: int) -> None:
        self._restart = None
        self._kill_cause = None
        self.cause = cause
        self.starts += 1
        if self._latched is None:
            self._latched = self._latches and self._boots_loader()
        loads, self._latched = self._latched, None
        if loads:
            self._start_download()
        else:
            self._start_firmware(cause)

    def _boots_loader(self) -> bool:
        return self.boot_pulled or self.pins.level(BOOT) == 0

    def _start_download(self) -> None:
        mac = bytes.fromhex(self._identity["mac"])
        self._download = Download(
            self._loop, self._directory, self.uarts[0], mac, self._leave_download
        )
        self._become("download")

    def _leave_download(self) -> None:
        """The host has the loader start the firmware, whatever GPIO0 is."""
        self._end_download(power_lost=False)
        self._went_down(causes.HARD)

    def _end_download(self, power_lost: bool) -> None:
        if self._download is not None:
            self._download.close(power_lost)
            self._download = None

    def _start_firmware(self, cause: int) -> None:
        config = self._directory / paths.INTERPRETER_CONFIG
        config.write_text(json.dumps({**self._identity, "reset_cause": cause, "raw": self._raw}))
        self._channel = Channel(self._loop, self._control_line)
        ends = [uart.attach() for uart in self.uarts]
        # A chip's sys.stderr is the console too.
        console = ends[0].fileno()
        descriptors = (console,) * 3 + (ends[1].fileno(), self._channel.firmware_end.fileno())
        command = [*self._command, str(config)]
        self._process = Process(
            self._loop, command, self._directory, self._environment, descriptors, self._exited
        )
        for end in (*ends, self._channel.firmware_end):
            end.close()
        for uart in self.uarts:
            uart.receiver.starved = starvation(self._process.pid)
        self._become("starting")

    def _exited(self, code: int) -> None:
        self._channel.drain()  # what it reported before it ended
        self._process = None
        self._channel.close()
        self._channel = None
        cause = self._kill_cause
        killed = cause is not None
        for uart in self.uarts:
            uart.detach(power_lost=killed)
            uart.default()
        self._raw = code == causes.RAW_EXIT
        if not killed:
            cause = causes.EXITS.get(code, causes.HARD)
        self.last_exit = causes.NAMES[cause]
        if not killed and cause == causes.DEEP_SLEEP:
            self._sleep()
            return
        if not killed and code not in causes.EXITS:
            self._panicked(code)
        # The watchdog resets the processor only, as the firmware itself does.
        self._went_down(cause, latches=killed and cause != causes.WATCHDOG)

    def _sleep(self) -> None:
        # Only the RTC goes on: its timer, its pins and its memory.
        self.pins.fall_asleep(self._wake[1])
        self._clear_digital()
        seconds, _, _ = self._wake
        if seconds is not None:
            self._restart = self._loop.call_later(seconds, self._went_down, causes.DEEP_SLEEP)
        self._become("asleep")
        self._look_at_wake_pin()

    def _look_at_wake_pin(self) -> None:
        _, number, level = self._wake
        if self.state == "asleep" and number is not None and self.pins.level(number) == level:
            self._went_down(causes.DEEP_SLEEP)

    def _panicked(self, code: int) -> None:
        self.panics += 1
        self.last_exit = f"panic (exit code {code})" if code >= 0 else f"panic (signal {-code})"
        said = self.uarts[0].last_sent().decode("utf-8", "replace")
        self.log("\n".join([self.last_exit, *(f"  {line}" for line in said.splitlines() if line)]))
        if self._panic_loop.is_one():
            self.log(f"{PanicLoop.COUNT} panics in {PanicLoop.SECONDS:.0f} s: the board stays off")
            self._stay_off = True

    def _went_down(self, cause: int, latches: bool = False) -> None:
        """The chip has stopped for `cause`: what a reset of that kind clears, and the restart.
        `latches`: the whole chip was reset, and looks at GPIO0.
        """
        if cause == causes.DEEP_SLEEP:
            self.pins.wake_up()
        elif cause != causes.SOFT:  # Wi-Fi, pads and the watchdog live through a soft reset
            self.pins.reset()
            self._clear_digital()
        else:
            self.pins.end_pwm()
        if cause == causes.POWER_ON:
            (self._directory / paths.RTC_MEMORY).unlink(missing_ok=True)
        if self._restart is not None:
            self._restart.cancel()
            self._restart = None
        if self._stay_off:
            self._become("off")
        elif not self._enabled:
            self._become("held")
        else:
            self._latches = latches
            self._restart = self._loop.call_later(_RESTART_DELAY, self._start, cause)
            self._become("restarting")

    def _clear_digital(self) -> None:
        # What a reset and a sleep clear but for the pads.
        self._raw = False
        self.station.power_on()
        self.softap.power_on()
        self._arm_air()
        self._watchdog.stop()

    def _become(self, state: str) -> None:
        self.state = state
        if state == "off" and self._gone is not None and not self._gone.done():
            self._gone.set_result(None)
        self._changed()

    # The firmware's side

    def _send(self, line: str) -> None:
        if self.state == "running" and not self._channel.send(line):
            self.log(f"the firmware reads no control lines; lost: {line}")

    def _control_line(self, words: list[str]) -> None:
        handler = _CONTROL_LINES.get(words[0])
        try:
            if handler is None:
                raise ValueError("unknown")
            handler(self, words)
        except (ValueError, IndexError, UserError) as error:
            self.log(f"control line {' '.join(words)!r}: {error}")
        self._changed()

    def _ready(self, words: list[str]) -> None:
        self.boots += 1
        self.state = "running"
        for line in (*self.pins.driven_lines(), self.softap.line(), self.station.line()):
            self._send(line)
        if self._cut is not None:
            operation, torn, _ = self._cut
            self._send(f"cut {max(1, operation - self._flash_operations())} {int(torn)}")

    def _pin_line(self, words: list[str]) -> None:
        self.pins.configured(words)

    def _uart_line(self, words: list[str]) -> None:
        baud, bits, stop, rxbuf, flow = (int(words[i]) for i in (2, 3, 5, 6, 7))
        number = int(words[1])
        if number not in (0, 1):
            raise ValueError("no such UART")
        self.uarts[number].configure(baud, bits, words[4], stop, rxbuf, flow)

    def _radio_line(self, words: list[str]) -> None:
        lines = radio.LINES[words[0]](self.station, words, time.monotonic())
        self._air_says(lines)

    def _softap_line(self, words: list[str]) -> None:
        self._air_says(radio.AP_LINES[words[0]](self.softap, words))

    def _watchdog_line(self, words: list[str]) -> None:
        self._watchdog.feed(int(words[1]) / 1000)

    def _bitten(self) -> None:
        self.log("watchdog expired")
        self._kill(causes.WATCHDOG)

    def _sleep_line(self, words: list[str]) -> None:
        seconds = None if words[1] == "-" else int(words[1]) / 1000
        number = None if words[2] == "-" else int(words[2])
        self._wake = seconds, number, int(words[3])

    def _flash_cut_line(self, words: list[str]) -> None:
        self.cuts += 1
        stay_off = self._cut is not None and self._cut[2]
        self.power_cut(stay_off)

    def _interrupt(self) -> bool | None:
        if self._process is None:
            return self._download is None  # to a loader it is a byte like others
        return self._process.interrupt()

    # Outside

    def drive(self, number: int, level: int | None) -> None:
        """Drive a pad from outside; None lets go."""
        self._send(self.pins.drive(number, level))
        self._look_at_wake_pin()
        self._changed()

    def apply(self, number: int, millivolts: int) -> None:
        """Put a voltage on a pad."""
        self._send(self.pins.apply(number, millivolts))
        self._changed()

    def jumper(self, first: int, second: int, on: bool) -> None:
        """Join two pads by a jumper, or take it off."""
        self._send(self.pins.jumper(first, second, on))
        if {first, second} == UART1:
            self.uarts[1].looped = on
        self._look_at_wake_pin()
        self._changed()

    def took_all(self) -> bool:
        """Whether the firmware knows of every change of the pads; true while none runs."""
        return self._channel is None or self._channel.taken()

    def change_access_point(self, ssid: str, changes: dict[str, Any]) -> None:
        """Change the air. Raises UserError."""
        self.air_says(self.station.change(ssid, changes, time.monotonic()))

    def air_says(self, lines: list[str]) -> None:
        """Tell the firmware what happened on the air."""
        self._air_says(lines)
        self._changed()

    def _air_says(self, lines: list[str]) -> None:
        for line in lines:
            self._send(line)
        self._arm_air()

    def _arm_air(self) -> None:
        if self._air_timer is not None:
            self._air_timer.cancel()
        due = self.station.due
        delay = 0 if due is None else max(0.0, due - time.monotonic())
        self._air_timer = None if due is None else self._loop.call_later(delay, self._air_tick)

    def _air_tick(self) -> None:
        self._air_timer = None
        self.air_says(self.station.tick(time.monotonic()))

    # Files

    def flash_counters(self) -> dict[str, int]:
        """Erases and programs since the flash was made, and the erases of its most worn block."""
        return nor.counters(self._directory / paths.FLASH_COUNTERS)

    def _flash_operations(self) -> int:
        counters = self.flash_counters()
        return counters["erased"] + counters["programmed"]

    def log(self, text: str) -> None:
        """Add to the board's log."""
        logbook.add(self._directory / paths.LOG, text)

    @property
    def pid(self) -> int | None:
        """Of the firmware's process, while there is one."""
        return None if self._process is None else self._process.pid

    def status(self) -> dict[str, Any]:
        """Everything that can be seen from outside, as plain values."""
        return {
            **{key: getattr(self, key) for key in _COUNTERS},
            "cause_name": causes.NAMES.get(self.cause, "none"),
            "uart": [uart.status() for uart in self.uarts],
            "flash": self.flash_counters(),
            "wlan": radio.summary(self.station),
            "softap": radio.ap_summary(self.softap),
            "pins": self.pins.status(),
        }


_COUNTERS = ("state", "pid", "starts", "boots", "panics", "cuts", "cause", "last_exit")

_CONTROL_LINES = {
    "ready": Machine._ready,
    "in": Machine._pin_line,
    "out": Machine._pin_line,
    "free": Machine._pin_line,
    "pwm": Machine._pin_line,
    "dac": Machine._pin_line,
    "uart": Machine._uart_line,
    "wdt": Machine._watchdog_line,
    "hold": lambda machine, words: machine.pins.hold(int(words[1]), words[2] == "1"),
    "sleep-hold": lambda machine, words: machine.pins.hold_in_sleep(words[1] == "1"),
    "sleep": Machine._sleep_line,
    "flash-cut": Machine._flash_cut_line,
    **dict.fromkeys(radio.LINES, Machine._radio_line),
    **dict.fromkeys(radio.AP_LINES, Machine._softap_line),
}
