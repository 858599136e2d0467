"""The commands of GPIOs: digital, analog, and who uses which.

A GPIO is named by its number or by its alias (the variable gpio.alias). One that something else
uses is refused: CommandFailed, with that user's name.
"""

from collections.abc import Mapping

from airwire.client import replies
from airwire.client.commands import Commands

Gpio = int | str

# Digits of gpios_dir.
_DIRECTIONS = {
    "input_highz": "0",
    "input_pull_up": "1",
    "input_pull_down": "2",
    "output": "3",
    "output_open_drain": "4",
    "output_open_drain_pull_up": "5",
    "none": "6",
}
_GPIOS = 40


class PinCommands(Commands):
    """The pins of a module."""

    def gpio_dir(self, gpio: Gpio, direction: str, level: int | None = None) -> None:
        """Give a GPIO a direction: input_highz, input_pull_up, input_pull_down, output,
        output_open_drain, output_open_drain_pull_up; none gives it back. level: of an output, from
        the first moment on. Raises InvalidArgument, CommandFailed.
        """
        self.command("gpio_dir", gpio, direction, *([] if level is None else [int(level)]))

    def gpio_get(self, gpio: Gpio) -> int:
        """The level of a GPIO that has a direction. Raises CommandFailed for others."""
        return int(self.command("gpio_get", gpio))

    def gpio_set(self, gpio: Gpio, level: int) -> None:
        """Set the level of an output. Raises CommandFailed for others."""
        self.command("gpio_set", gpio, int(level))

    def gpios_dir(self, directions: Mapping[int, str]) -> None:
        """Give several GPIOs, by their numbers, directions in one command: all or, when one of
        them is refused, none.
        """
        self.command("gpios_dir", _array({g: _DIRECTIONS[d] for g, d in directions.items()}))

    def gpios_get(self) -> list[int]:
        """The levels of all 40 GPIOs; 0 for those without a direction."""
        return [int(level) for level in replies.text(self.command("gpios_get"))]

    def gpios_set(self, levels: Mapping[int, int]) -> None:
        """Set the levels of several outputs in one command: all or, when one is none, none."""
        array = _array({gpio: str(int(level)) for gpio, level in levels.items()})
        self.command("gpios_set", array, _array(dict.fromkeys(levels, "1")))

    def gpio_usage(self) -> dict[int, str]:
        """The GPIOs in use, and what uses each."""
        return replies.usage(self.command("get", "gpio.usage"))

    def adc(self, gpio: Gpio) -> int:
        """The voltage on a GPIO in millivolts, 142 to about 3100. Raises InvalidArgument for one
        without an ADC, CommandFailed for one whose ADC the radio has.
        """
        return int(self.command("adc_take_sample", gpio))

    def dac(self, gpio: Gpio, level: int) -> None:
        """Put a voltage on GPIO 25 or 26, where it stays until the next reboot. level: 0 to 255,
        which is the supply voltage. Raises BoundsError.
        """
        self.command("dac_set_level", gpio, level)

    def pwm(self, gpio: Gpio, frequency: int, duty: int) -> None:
        """Let a GPIO be high for `duty` percent of each period. frequency: 1 to 40,000,000 Hz.
        Raises BoundsError, CommandFailed when there are too many.
        """
        self.command("pwm_update", gpio, frequency, duty)

    def pwm_stop(self, gpio: Gpio) -> None:
        """End that, and give the GPIO back."""
        self.command("pwm_update", gpio, "stop")


def _array(digits: Mapping[int, str]) -> str:
    """One character for each GPIO from 0 on, `-` for those that stay as they are."""
    wrong = [gpio for gpio in digits if not 0 <= gpio < _GPIOS]
    if wrong:
        raise ValueError(f"there is no GPIO {wrong[0]}")
    return "".join(digits.get(gpio, "-") for gpio in range(max(digits, default=0) + 1))
