"""The commands of the module itself: variables, settings, help, faults, restart."""

import time

from airwire.client import replies
from airwire.client.commands import Commands, Word
from airwire.client.errors import Timeout
from airwire.client.replies import Fault, Version, text

# From `reboot` until the module answers: a second in practice; a chip that formats its flash takes
# longer.
BOOT_SECONDS = 30.0

# After its last reply the module closes its streams and the radio before it resets. What it would
# answer meanwhile is not of the new start.
_GOING_DOWN_SECONDS = 0.3

# Seconds by which the module's clock, which counts whole ones, can be ahead of ours.
_UPTIME_SLACK = 1.0


class SystemCommands(Commands):
    """What a module does by itself."""

    def get(self, variable: str) -> str:
        """The value of a variable, by name (`wlan.ssid`) or shortcut (`wl s`).

        A secret is shown as asterisks. Raises UnknownOption for a name that there is not; of a
        group, this is the text that get_group() takes apart.
        """
        return text(self.command("get", *variable.split()))

    def get_group(self, group: str = "all") -> dict[str, str]:
        """The variables of a group (`wlan`, `tcp.client`), or all: name and value."""
        return replies.values(self.command("get", *group.split()))

    def set(self, variable: str, *values: Word) -> None:
        """Change a variable until the next reset; save() keeps all changes.

        Any value but text is written as the module reads it: numbers in decimal, True as 1. Raises
        UnknownOption for an unknown name, InvalidArgument for a value that it does not take.
        """
        self.command("set", *variable.split(), *values)

    def save(self) -> None:
        """Keep the present values of all variables through resets, machine mode among them.

        Raises CommandFailed when the flash is full.
        """
        self.command("save")

    def version(self) -> Version:
        """Name, version, build date, chip and board."""
        return replies.version(self.command("version"))

    def help(self, *topic: str) -> str:
        """The module's own words about a command or a variable. Raises UnknownOption."""
        return text(self.command("help", *topic))

    def commands(self) -> dict[str, str]:
        """The commands of this firmware, each with its shortcut."""
        return replies.commands(self.command("help", "commands"))

    def variables(self) -> dict[str, str]:
        """The variables of this firmware, each with its access: `r`, `w` or `rw`."""
        return replies.variables(self.command("help", "variables"))

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

    def _restart(self, name: str, *args: Word, timeout: float) -> None:
        with self.exclusive():
            self.command(name, *args)
            begun = time.monotonic()
            self._restarted()
            while True:
                self._link.hush(_GOING_DOWN_SECONDS)
                self._link.attach(max(0.0, begun + timeout - time.monotonic()), booting=True)
                if float(self.get("time.uptime")) <= time.monotonic() - begun + _UPTIME_SLACK:
                    return
                if time.monotonic() - begun > timeout:
                    raise Timeout(f"{name}: the module did not restart within {timeout:g} s")
