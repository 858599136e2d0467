"""The pads of the chip as seen from outside: what is wired to them, what drives them, and their
level.

The firmware reports how it configures a pin; the outside drives levels or lets go. No I/O and no
time here.
"""

from dataclasses import asdict, dataclass

from airwire.errors import UserError

# The ESP32's highest GPIO number.
MAX_PIN = 39

# The dev board's wiring: button number -> GPIO (pressed connects it to ground), and the LED.
BUTTONS = {"0": 0, "1": 4}
LED = 2

# A person holds a button for seconds; a test that needs hours has lost its way.
MAX_HOLD = 3600.0
# Contacts of a tact switch give a handful of edges; this many fit into the time in which they
# settle.
MAX_BOUNCE = 100


@dataclass
class Pin:
    """One pad. `driven`: the level from outside (None: released). `mode`: in, out or free, as the
    firmware says.
    """

    driven: int | None = None
    mode: str = "free"
    pull: str = "none"
    output: int = 0
    edges: int = 0  # changes of the level that the firmware drives, since the board came up

    @property
    def level(self) -> int | None:
        """The level on the pad; None when nothing defines it."""
        if self.mode == "out":
            return self.output
        if self.driven is not None:
            return self.driven
        return {"up": 1, "down": 0}.get(self.pull) if self.mode == "in" else None


class Pins:
    """All pads of a board."""

    def __init__(self) -> None:
        self._pins: dict[int, Pin] = {}

    def __getitem__(self, number: int) -> Pin:
        """The pad of that GPIO number. Raises UserError when the chip has no such pin."""
        if not isinstance(number, int) or not 0 <= number <= MAX_PIN:
            raise UserError(f"no GPIO {number!r}: 0 to {MAX_PIN}")
        return self._pins.setdefault(number, Pin())

    def drive(self, number: int, level: int | None) -> str:
        """Drive a pad from outside, or release it. Returns the line for the firmware."""
        self[number].driven = level
        return drive_line(number, level)

    def driven_lines(self) -> list[str]:
        """What a firmware that has just started must know."""
        return [
            drive_line(number, pin.driven)
            for number, pin in self._pins.items()
            if pin.driven is not None
        ]

    def configured(self, words: list[str]) -> None:
        """A line from the firmware: in N PULL, out N LEVEL, free N. Raises ValueError,
        UserError.
        """
        pin = self[int(words[1])]
        if words[0] == "in":
            if words[2] not in ("none", "up", "down"):
                raise ValueError(f"pull {words[2]}")
            pin.pull = words[2]
        elif words[0] == "out":
            level = int(words[2] != "0")
            pin.edges += pin.mode == "out" and level != pin.output
            pin.output = level
        pin.mode = words[0]

    def reset(self) -> None:
        """The chip's reset lets go of every pin; what is wired outside stays as it is."""
        for pin in self._pins.values():
            pin.mode, pin.pull, pin.output = "free", "none", 0

    def status(self) -> dict[str, dict]:
        """Every pad that somebody uses."""
        used = {
            n: p for n, p in sorted(self._pins.items()) if p.mode != "free" or p.driven is not None
        }
        return {str(n): {**asdict(p), "level": p.level} for n, p in used.items()}


def button_pin(button: str | int) -> int:
    """The GPIO of a button of the dev board. Raises UserError."""
    if str(button) not in BUTTONS:
        raise UserError(f"no button {button!r}: {' or '.join(BUTTONS)} (0 is GPIO0, 1 is GPIO4)")
    return BUTTONS[str(button)]


def check_press(hold: float, bounce: int) -> None:
    """Whether a button can be held for so many seconds, with so many edges. Raises UserError."""
    if not 0 <= hold <= MAX_HOLD:  # NaN fails as well
        raise UserError(f"hold is 0 to {MAX_HOLD:.0f} s, not {hold:g}")
    if not 0 <= bounce <= MAX_BOUNCE:
        raise UserError(f"bounce is 0 to {MAX_BOUNCE} edges, not {bounce}")


def drive_line(number: int, level: int | None) -> str:
    """The control line that tells the firmware's side about an outside level."""
    return f"pin {number} {'z' if level is None else level}"
