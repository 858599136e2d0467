"""The commands of the module itself: variables, settings, help, faults, restart."""

import contextlib
import time

from airwire.client import replies
from airwire.client.commands import Word
from airwire.client.errors import CommandFailed, LostFrame, Timeout
from airwire.client.replies import Fault, PartResult, Version, text
from airwire.client.streams import StreamCommands

# From `reboot` until the module answers: a second in practice; a chip that formats its flash takes
# longer.
BOOT_SECONDS = 30.0

# All parts take about five; on a slow line a UART's takes six more.
SELFTEST_SECONDS = 30.0

# After its last reply the module closes its streams and the radio before it resets. What it would
# answer meanwhile is not of the new start.
_GOING_DOWN_SECONDS = 0.3

# Seconds by which the module's clock, which counts whole ones, can be ahead of ours.
_UPTIME_SLACK = 1.0


class SystemCommands(StreamCommands):
    """What a module does by itself."""

    def get(self, variable: str, index: Word | None = None) -> str:
        """The value of a variable, by name (`wlan.ssid`) or shortcut (`wl s`).

        index: where a variable has several values (`uart.baud`) or formats (`time.rtc`). A secret
        is shown as asterisks. Raises UnknownOption for a name that there is not, TooFewArguments
        where the index lacks, InvalidArgument for a wrong one.
        """
        return text(self.command("get", *variable.split(), *([] if index is None else [index])))

    def get_all(self, variable: str) -> dict[str, str]:
        """The values of a variable that has several, by their index. Of the variables that each
        GPIO has, those that are not the default.
        """
        found = replies.values(self.long("get", *variable.split(), "all"))
        return {name.rpartition(" ")[2]: value for name, value in found.items()}

    def get_group(self, group: str = "all") -> dict[str, str]:
        """The variables of a group (`wlan`, `tcp.client`), or all: name and value, `uart.baud 1`
        where there are several. Those whose text has several lines are not among them.
        """
        return replies.values(self.long("get", *group.split()))

    def set(self, variable: str, *values: Word) -> None:
        """Change a variable until the next reset; save() keeps all changes.

        Where a variable has several values, the index comes first: set("uart.baud", 1, 9600). Any
        value but text is written as the module reads it: numbers in decimal, True as 1. Raises
        UnknownOption for an unknown name, InvalidArgument for a value that it does not take.
        """
        self.command("set", *variable.split(), *values)

    def save(self, file: str | None = None) -> None:
        """Keep the present values of all variables through resets, machine mode among them; or
        write them, but no passwords, to a new file.

        Raises CommandFailed when the flash is full, or there is a file of that name.
        """
        self.command("save", *([] if file is None else [file]))

    def load(self, file: str | None = None) -> None:
        """Give all variables the values that were saved last; or those of a file that save()
        wrote, or carry out a file of `set` lines. A file with a wrong line changes nothing.

        Raises CommandFailed, whose text tells the lines. A file that switches machine mode off
        ends the conversation, and the next command begins it again.
        """
        self.command("load", *([] if file is None else [file]))

    def version(self) -> Version:
        """Name, version, build date, chip and board."""
        return replies.version(self.command("version"))

    def help(self, *topic: str) -> str:
        """The module's own words about a command or a variable. Raises UnknownOption."""
        return text(self.long("help", *topic))

    def commands(self) -> dict[str, str]:
        """The commands of this firmware, each with its shortcut."""
        return replies.commands(self.long("help", "commands"))

    def variables(self) -> dict[str, str]:
        """The variables of this firmware, each with its access: `r`, `w` or `rw`."""
        return replies.variables(self.long("help", "variables"))

    def selftest(self, *parts: str, timeout: float = SELFTEST_SECONDS) -> list[PartResult]:
        """What became of each part of the module: those that are named, else `flash`, `files`,
        `dct`, `ram`, `loop` and `wifi`. What has failed is in the list.

        `uart` wants a jumper between TX and RX of UART1, and another port than that one here;
        `12-14` a jumper between two GPIOs. Raises UnknownOption for a part that there is not,
        InvalidArgument for a GPIO, CommandFailed for what something else uses.
        """
        try:
            payload = self.command("selftest", *parts, timeout=timeout)
        except CommandFailed as refused:
            if not refused.text.startswith("!"):
                raise
            payload = refused.text.encode(errors="surrogateescape")
        return replies.selftest(payload)

    def faults(self) -> list[Fault]:
        """The fault log, oldest first: what went wrong that nobody expected."""
        return replies.faults(self.command("faults_print"))

    def reset_faults(self) -> None:
        """Clear the fault log."""
        self.command("faults_reset")

    def reboot(self, timeout: float = BOOT_SECONDS) -> None:
        """Restart the module, and wait until it answers again, in machine mode.

        What was not saved is lost, streams are closed. Raises Timeout.
        """
        self._restart("reboot", timeout=timeout)

    def factory_reset(self, timeout: float = BOOT_SECONDS) -> None:
        """Forget all settings, restart, and wait as reboot() does. Raises Timeout."""
        self._restart("factory_reset", self.get("wlan.mac"), timeout=timeout)

    def sleep(self, seconds: int = 0, event: str = "none") -> None:
        """Send the module to sleep: for so many seconds (0: for ever), or until the event, `gpio4`
        when it is high, `gpio4_low` when it is low. Returns as soon as it goes; wait_awake() waits
        for its end.

        Sleep ends with a restart, as reboot() does: what was not saved is lost.
        """
        with self.exclusive():
            self.set("system.wakeup.timeout", seconds)
            self.set("system.wakeup.events", event)
            self.command("sleep")
            self._restarted()
            self._link.hush(_GOING_DOWN_SECONDS)

    def wait_awake(self, timeout: float) -> None:
        """Wait until a module that sleeps, or has no power, answers again. Raises Timeout."""
        with self.exclusive():
            self._link.attach(timeout, booting=True)

    def uart_update(
        self,
        uart: int = 1,
        *,
        baud: int | None = None,
        flow: bool | None = None,
        here: bool = True,
    ) -> None:
        """Change rate and flow control of a UART, and give it all that uart.* says.

        here: it is the one that this program talks to, and the port follows. Other formats than
        8N1 are for UARTs that something else talks to. Raises PortError for a port
        that cannot; CommandFailed for what cannot be: above 230,400 baud without flow control.
        """
        with self.exclusive():
            if here:
                self._link.check_line()
            if flow is not None:
                self.set("uart.flow", uart, flow)
            if baud is not None:
                self.set("uart.baud", uart, baud, "raw")
            rate = int(self.get("uart.baud", uart))
            rtscts = self.get("uart.flow", uart) == "on"
            self.command("uart_update", uart)
            if here:
                self._link.change_line(rate, rtscts)
                self._link.attach()

    def _restart(self, name: str, *args: Word, timeout: float) -> None:
        with self.exclusive():
            self.command(name, *args)
            begun = time.monotonic()
            self._restarted()
            while True:
                self._link.hush(_GOING_DOWN_SECONDS)
                self._link.attach(max(0.0, begun + timeout - time.monotonic()), booting=True)
                # What greeted the module while it started may have waited there, and be answered
                # only now.
                with contextlib.suppress(LostFrame):
                    if float(self.get("time.uptime")) <= time.monotonic() - begun + _UPTIME_SLACK:
                        return
                if time.monotonic() - begun > timeout:
                    raise Timeout(f"{name}: the module did not restart within {timeout:g} s")
