"""One GPIO has one owner: whoever has it, every other claim is an error that names the owner and
changes nothing; what was given back is free for the next one.
"""

import time
from dataclasses import dataclass

import pytest

from airwire import declarations, project
from host_tests.board.console import PATIENCE

pytestmark = pytest.mark.needs("led", "counters")

# A GPIO that a board with factory settings does not use, and that can do everything but DAC.
GPIO = 33
INPUT_ONLY = 34
FIXED = {1: "UART0 TX", 3: "UART0 RX", 16: "UART1 RX", 17: "UART1 TX"}
FLASH = range(6, 12)

COMMAND, SET = 1, 7  # result codes of a claim that is refused


@dataclass(frozen=True)
class Claim:
    """A line that takes GPIO {}, the one that gives it back, and its name in gpio.usage."""

    line: str
    back: str
    owner: str
    output: bool = True

    @property
    def code(self) -> int:
        return SET if self.line.startswith("set") else COMMAND

    @property
    def by_command(self) -> bool:
        """What the command language has may change from one use to another."""
        return self.owner.split()[0] in ("GPIO", "PWM")


def variable(name: str, owner: str = "", output: bool = True) -> Claim:
    return Claim(f"set {name} {{}}", f"set {name} -1", owner or name, output)


CLAIMS = [
    Claim("gpio_dir {} in", "gpio_dir {} none", "GPIO input_highz", False),
    Claim("gpio_dir {} out", "gpio_dir {} none", "GPIO output"),
    Claim("pwm {} 1000 50", "pwm {} stop", "PWM 1000 Hz 50 %"),
    variable("wlan.network.status_gpio"),
    variable("system.oob.gpio"),
    *(
        variable(f"system.indicator.gpio {which}", f"system.indicator.{which}")
        for which in ("network", "softap", "wlan")
    ),
    variable("system.cmd.gpio"),
]
# They claim when the client runs; whoever sets one is told at once, also while it does not.
WWEP = [variable("wwep.led_gpio"), variable("wwep.button_gpio", output=False)]
OTHER_USES = ("adc {}", "gge {}", "gse {} 1", "gdi {} none")


def owners(console):
    """GPIO -> owner's name."""
    rows = console.ok("get gpio.usage").split("\r\n")[1:]
    return {int(row[1:4]): row[5:] for row in rows}


def wait_owner(console, gpio, owner):
    """A service takes and gives back its GPIOs a turn of the loop later."""
    end = time.monotonic() + PATIENCE
    while owners(console).get(gpio) != owner:
        assert time.monotonic() < end, owners(console)


def state(console):
    return (
        owners(console),
        console.ok("get system"),
        console.ok("get wwep"),
        console.ok("get wlan"),
    )


def stable(text):
    """Without what changes by itself."""
    return [line for line in text.split("\r\n") if ".memory." not in line]


def unchanged(before, after):
    return before[0] == after[0] and all(
        stable(a) == stable(b) for a, b in zip(before[1:], after[1:], strict=True)
    )


@pytest.fixture
def console(board):
    return board.machine()


def refused(console, claim, gpio, holder):
    reply = console.run(claim.line.format(gpio))
    assert (reply.code, reply.text.decode()) == (
        claim.code,
        f"GPIO {gpio} is used by {holder}",
    ), claim.line


def test_every_claim_against_every_owner(console):
    for holder in CLAIMS:
        console.ok(holder.line.format(GPIO))
        wait_owner(console, GPIO, holder.owner)
        before = state(console)
        for claim in CLAIMS + WWEP:
            if claim != holder and not (claim.by_command and holder.by_command):
                refused(console, claim, GPIO, holder.owner)
        if not holder.by_command:
            for line in OTHER_USES:
                refused(console, Claim(line, "", ""), GPIO, holder.owner)
        assert unchanged(before, state(console)), holder.owner
        console.ok(holder.back.format(GPIO))
        wait_owner(console, GPIO, None)


def test_the_wwep_clients_gpios(board, console):
    board.configure(console, wwep_led__gpio=-1, wwep_button__gpio=-1, wwep_enabled=1)
    for holder in WWEP:
        console.ok(holder.line.format(GPIO))
        wait_owner(console, GPIO, holder.owner)
        for claim in (*CLAIMS[1:4], *(claim for claim in WWEP if claim != holder)):
            refused(console, claim, GPIO, holder.owner)
        console.ok(holder.back.format(GPIO))
        wait_owner(console, GPIO, None)


def test_gpios_that_nobody_may_have(console):
    before = state(console)
    for claim in CLAIMS + WWEP:
        for gpio, holder in FIXED.items():
            refused(console, claim, gpio, holder)
        for gpio in FLASH:
            reply = console.run(claim.line.format(gpio))
            assert reply.code == claim.code
        reply = console.run(claim.line.format(INPUT_ONLY))
        assert reply.code == (7 if claim.output else 0), claim.line
        if reply.code == 0:
            console.ok(claim.back.format(INPUT_ONLY))
            wait_owner(console, INPUT_ONLY, None)
    console.ok("set wwep.button_gpio 0")  # as it was
    assert unchanged(before, state(console))


def test_every_variable_that_takes_a_gpio(console):
    """Also those whose part takes it at the next start, or in a later release."""
    console.ok(f"gdi {GPIO} out 1")
    names = []
    for row in declarations.variables(project.ROOT):
        words = row.type.split()
        if words[0] == "gpio":
            names.append(row.name)
        elif words[0] == "index" and words[2] == "gpio":
            names += [f"{row.name} {index}" for index in words[1].split("|")]
    assert len(names) >= len(CLAIMS) - 3
    for name in names:
        before = console.ok(f"get {name}")
        refused(console, variable(name), GPIO, "GPIO output")
        refused(console, variable(name), 17, "UART1 TX")
        assert console.run(f"set {name} 6").code == SET
        assert console.ok(f"get {name}") == before
    assert console.ok(f"gge {GPIO}") == "1"


def test_initial_directions_do_not_take_what_another_has(console):
    console.ok(f"set gpio.init {GPIO} out")
    console.ok(f"set wlan.network.status_gpio {GPIO}")
    refused(console, Claim("gpio_dir {} in", "", ""), GPIO, "wlan.network.status_gpio")
    reply = console.run(f"set gpio.init {GPIO} in")
    assert reply.text.decode() == f"GPIO {GPIO} is used by wlan.network.status_gpio"
    assert console.ok(f"get gpio.init {GPIO}") == "output 0"
    console.ok("set gpio.init 5 in")  # that of another GPIO is no matter of this one
    console.ok(f"set gpio.init {GPIO} none")


def test_a_dac_has_its_gpio_until_the_reboot(console):
    console.ok("dac 25 100")
    before = state(console)
    for claim in CLAIMS:
        if claim.by_command:
            text = "GPIO 25 stays a DAC until the next reboot"
            assert console.run(claim.line.format(25)).text.decode() == text
        else:
            refused(console, claim, 25, "DAC")
    assert unchanged(before, state(console))


@pytest.mark.needs("uart1")
def test_flow_control_has_its_gpios_while_it_is_on(board):
    console = board.uart0.machine()
    console.ok("gdi 14 out")
    console.ok("set uart.flow 1 on")
    text = "GPIO 14 is used by GPIO output"
    assert console.run("uart_update 1").text.decode() == text
    assert 15 not in owners(console), "half of it is nothing"
    console.ok("gdi 14 none")
    console.ok("uart_update 1")
    for gpio, holder in ((14, "UART1 RTS"), (15, "UART1 CTS")):
        for claim in CLAIMS:
            refused(console, claim, gpio, holder)
    console.ok("set uart.flow 1 off")
    console.ok("uart_update 1")
    for gpio in (14, 15):
        console.ok(f"gdi {gpio} in")


@pytest.mark.needs("uart1")
def test_stream_mode_has_its_gpios(board):
    console = board.uart0.machine()
    board.configure(
        console, bus_mode="stream", bus_stream_cmd__gpio=21, bus_stream_connected__gpio=22
    )
    console.ok("save")
    board.reset()
    console = board.uart0.machine()
    for gpio, holder in ((21, "bus.stream.cmd_gpio"), (22, "bus.stream.connected_gpio")):
        for claim in WWEP:
            refused(console, claim, gpio, holder)
