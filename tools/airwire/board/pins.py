"""The pads of the chip as seen from outside: what is wired to them, what drives them, and their
level.

The firmware reports how it configures a pin; the outside drives levels or lets go. No I/O and no
time here.
"""

from dataclasses import asdict, dataclass

from airwire.errors import UserError

# The ESP32's highest GPIO number.
MAX_PIN = 39
# The supply: more destroys the chip.
MAX_MILLIVOLTS = 3300

# The dev board's wiring: button number -> GPIO (pressed connects it to ground), and the LED.
BUTTONS = {"0": 0, "1": 4}
LED = 2
# Low while the chip comes out of a reset, it has the ROM's loader start instead of the firmware.
BOOT = 0
# TX and RX of the host MCU's UART: a jumper between them has it hear itself.
UART1 = {17, 16}
# Pads with a resistor to the supply on the dev board: BOOT must not float.
PULLED_UP = (BOOT,)

# The pads that the RTC has: it powers them in a deep sleep.
RTC_PINS = (0, 2, 4, *range(12, 16), *range(25, 28), *range(32, 40))

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
    millivolts: int | None = None  # what is on the pad for an ADC, from outside
    frequency: int = 0  # of a PWM, hertz
    duty: int = 0  # of a PWM, 0 to 65535
    dac: int = 0  # level of a DAC, 0 to 255
    wired_up: bool = False  # pulled up by a resistor of the board
    held: bool = False  # keeps its configuration whatever the firmware says, also asleep
    jumper: int | None = None  # the GPIO that a jumper joins it to

    def drives(self) -> int | None:
        """The level that something drives here; None where nothing does."""
        if self.mode == "out":
            return self.output
        if self.driven is not None:
            return self.driven
        # Constant at the ends of a PWM's range only.
        return {0: 0, 65535: 1}.get(self.duty) if self.mode == "pwm" else None

    def rests(self) -> int | None:
        """The level that resistors give it while nothing drives it."""
        if self.mode == "pwm":
            return None
        if self.wired_up:
            return 1
        return {"up": 1, "down": 0}.get(self.pull) if self.mode == "in" else None


class Pins:
    """All pads of a board."""

    def __init__(self) -> None:
        self._pins: dict[int, Pin] = {}
        self._below: dict[int, list[str]] = {}  # what the firmware said of held pads meanwhile
        self._hold_all = False  # in a deep sleep holds keep all pads, not only those of the RTC

    def __getitem__(self, number: int) -> Pin:
        """The pad of that GPIO number. Raises UserError when the chip has no such pin."""
        if not isinstance(number, int) or not 0 <= number <= MAX_PIN:
            raise UserError(f"no GPIO {number!r}: 0 to {MAX_PIN}")
        return self._pins.setdefault(number, Pin(wired_up=number in PULLED_UP))

    def level(self, number: int) -> int | None:
        """The level on a pad, or on the two that a jumper joins; None when nothing defines it."""
        pin = self[number]
        pins = [pin] if pin.jumper is None else [pin, self[pin.jumper]]
        found = [pin.drives() for pin in pins] + [pin.rests() for pin in pins]
        return next((level for level in found if level is not None), None)

    def jumper(self, first: int, second: int, on: bool) -> str:
        """Join two pads by a jumper, or take it off. Returns the line for the firmware. Raises
        UserError.
        """
        one, other = self[first], self[second]
        if first == second:
            raise UserError(f"a jumper joins two GPIOs, not {first} with itself")
        if not on and one.jumper != second:
            raise UserError(f"no jumper joins GPIO {first} and {second}")
        for number, pin, end in ((first, one, second), (second, other, first)):
            if on and pin.jumper not in (None, end):
                raise UserError(f"GPIO {number} is joined to GPIO {pin.jumper}")
        one.jumper, other.jumper = (second, first) if on else (None, None)
        return jumper_line(first, second, on)

    def drive(self, number: int, level: int | None) -> str:
        """Drive a pad from outside, or release it. Returns the line for the firmware."""
        self[number].driven = level
        return drive_line(number, level)

    def driven_lines(self) -> list[str]:
        """What a firmware that has just started must know."""
        pins = self._pins.items()
        levels = [drive_line(n, pin.driven) for n, pin in pins if pin.driven is not None]
        voltages = [f"adc {n} {pin.millivolts}" for n, pin in pins if pin.millivolts is not None]
        jumpers = [
            jumper_line(n, pin.jumper, True)
            for n, pin in pins
            if pin.jumper is not None and n < pin.jumper
        ]
        return levels + voltages + jumpers

    def apply(self, number: int, millivolts: int) -> str:
        """Put a voltage on a pad. Returns the line for the firmware. Raises UserError."""
        if not isinstance(millivolts, int) or not 0 <= millivolts <= MAX_MILLIVOLTS:
            raise UserError(f"{millivolts!r} mV: a pad stands 0 to {MAX_MILLIVOLTS} mV")
        self[number].millivolts = millivolts
        return f"adc {number} {millivolts}"

    def configured(self, words: list[str]) -> None:
        """A line from the firmware: in N PULL, out N LEVEL, pwm N FREQUENCY DUTY, dac N LEVEL,
        free N. Raises ValueError,
        UserError.
        """
        pin = self[int(words[1])]
        if pin.held:
            self._below[int(words[1])] = words
            return
        if words[0] == "in":
            if words[2] not in ("none", "up", "down"):
                raise ValueError(f"pull {words[2]}")
            pin.pull = words[2]
        elif words[0] == "out":
            level = int(words[2] != "0")
            pin.edges += pin.mode == "out" and level != pin.output
            pin.output = level
        elif words[0] == "pwm":
            pin.frequency, pin.duty = int(words[2]), int(words[3])
        elif words[0] == "dac":
            pin.dac = int(words[2])
        pin.mode = words[0]

    def hold(self, number: int, on: bool) -> None:
        """Hold a pad as it is, or let it be what the firmware has made of it meanwhile."""
        self[number].held = on
        if not on and number in self._below:
            self.configured(self._below.pop(number))

    def hold_in_sleep(self, on: bool) -> None:
        """Whether a deep sleep keeps the holds of pads that the RTC does not have."""
        self._hold_all = on

    def reset(self) -> None:
        """The chip's reset lets go of every pin; what is wired outside stays as it is."""
        for pin in self._pins.values():
            pin.mode, pin.pull, pin.output, pin.held = "free", "none", 0, False
        self._below.clear()
        self._hold_all = False

    def fall_asleep(self, waker: int | None) -> None:
        """A deep sleep lets go of every pin that is not held; the one that wakes the chip stays an
        input.
        """
        for number, pin in self._pins.items():
            if pin.held and (self._hold_all or number in RTC_PINS):
                self._below[number] = ["free", str(number)]
            elif number != waker:
                pin.mode, pin.pull, pin.output, pin.held = "free", "none", 0, False

    def wake_up(self) -> None:
        """After a sleep only what is held is left."""
        for pin in self._pins.values():
            if not pin.held:
                pin.mode, pin.pull, pin.output = "free", "none", 0

    def end_pwm(self) -> None:
        """A soft reset ends every PWM; its pad is left low."""
        for pin in self._pins.values():
            if pin.mode == "pwm":
                pin.mode, pin.output = "out", 0

    def status(self) -> dict[str, dict]:
        """Every pad that somebody uses."""
        used = {
            n: p
            for n, p in sorted(self._pins.items())
            if p.mode != "free"
            or p.driven is not None
            or p.millivolts is not None
            or p.jumper is not None
        }
        return {str(n): {**asdict(p), "level": self.level(n)} for n, p in used.items()}


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


def jumper_line(first: int, second: int, on: bool) -> str:
    """The control line that tells it about a jumper."""
    return f"jumper {first} {second} {int(on)}"
