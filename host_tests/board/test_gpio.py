"""GPIOs by command: directions and levels both ways, who owns what, aliases, initial values, the
table of usage, and the analog ones.
"""

import pytest

from airwire import cli

pytestmark = pytest.mark.needs("led")

# What a board with factory settings uses.
USAGE = [
    "!  # Description",
    "#  0 factory reset button",
    "#  1 UART0 TX",
    "#  3 UART0 RX",
    *(f"# {n:2} SPI flash" for n in range(6, 12)),
    "# 16 UART1 RX",
    "# 17 UART1 TX",
]

# The ADC's step is less than a millivolt; what it prints is rounded down.
STEP = 2


def refused(console, line, text, code=1):
    """The command fails with these words."""
    reply = console.run(line)
    assert (reply.code, reply.text.decode()) == (code, text)


def usage(console):
    return console.ok("get gpio.usage").split("\r\n")


@pytest.mark.parametrize(
    "words,printed,mode,pull",
    [
        ("in", "input_highz", "in", "none"),
        ("input_highz", "input_highz", "in", "none"),
        ("input pull up", "input_pull_up", "in", "up"),
        ("ipd", "input_pull_down", "in", "down"),
        ("out", "output", "out", "none"),
        ("output 1", "output", "out", "none"),
        ("ood", "output_open_drain", "out", "none"),
        ("output open drain 1", "output_open_drain", "in", "none"),
        ("output_open_drain_pull_up 1", "output_open_drain_pull_up", "in", "up"),
    ],
)
def test_directions(board, words, printed, mode, pull):
    console = board.machine()
    assert console.ok(f"gpio_dir 18 {words}") == "Success"
    pad = board.board.pad(18)
    assert (pad["mode"], pad["pull"]) == (mode, pull)
    if printed == "output":
        assert console.ok("gge 18") == str(int(words.endswith("1")))
    assert usage(console) == [*USAGE, f"# 18 GPIO {printed}"]
    console.ok("gdi 18 none")
    assert board.board.pad(18) == {}
    assert usage(console) == USAGE


def test_levels_both_ways(board):
    console = board.machine()
    console.ok("gdi 18 input pull up")
    assert console.ok("gge 18") == "1"
    for level in (0, 1, 0):
        board.board.pin(18, level)
        assert console.ok("gpio_get 18") == str(level)
    board.board.pin(18, None)
    console.ok("gdi 18 input pull down")
    assert console.ok("gge 18") == "0"
    console.ok("gdi 5 out")
    for level in (1, 0, 1):
        console.ok(f"gse 5 {level}")
        assert board.board.pin(5) == level
        assert console.ok("gge 5") == str(level)
    # An open drain is pulled to ground by either side.
    console.ok("gdi 5 output open drain pull up 1")
    assert console.ok("gge 5") == "1"
    board.board.pin(5, 0)
    assert console.ok("gge 5") == "0"
    board.board.pin(5, None)
    console.ok("gse 5 0")
    assert board.board.pin(5) == 0


def array(marks):
    """A character for each GPIO from 0 on; `-` for those that are not named."""
    return "".join(marks.get(n, "-") for n in range(40))


def test_all_at_once(board):
    """Arrays have a character for each GPIO from 0 on; all of it is done, or nothing."""
    console = board.machine()
    digits = {4: "1", 5: "3", 18: "0", 19: "2", 21: "4", 22: "5", 23: "6"}
    assert console.ok(f"gpios_dir {array(digits)}") == "Success"
    assert usage(console) == [
        *USAGE[:4],
        "#  4 GPIO input_pull_up",
        "#  5 GPIO output",
        *USAGE[4:],
        "# 18 GPIO input_highz",
        "# 19 GPIO input_pull_down",
        "# 21 GPIO output_open_drain",
        "# 22 GPIO output_open_drain_pull_up",
    ]
    board.board.pin(18, 1)
    levels = console.ok("gpios_get")
    assert levels == array({n: "1" if n in (4, 18) else "0" for n in range(40)})
    # What gpios_get printed may be written back: inputs do not mind.
    console.ok(f"gpios_set {array({4: '0', 5: '1', 18: '0', 21: '0', 22: '1'})}")
    assert [board.board.pin(n) for n in (5, 21, 22)] == [1, 0, 1]
    console.ok(f"gses {'0' * 40} {array({5: '1', 21: '0'})}")
    assert [board.board.pin(n) for n in (5, 22)] == [0, 1]
    refused(console, f"gses {'1' * 40} {array({5: '1', 18: '1'})}", "GPIO 18 is an input")
    assert board.board.pin(5) == 0
    refused(console, f"gdis {array({5: '0', 16: '0'})}", "GPIO 16 is used by UART1 RX")
    assert board.board.pad(5)["mode"] == "out"
    for line in ("gdis 7", "gses 2", f"gses {'0' * 41}", "gses 1 x"):
        assert console.run(line).code == 7
    console.ok(f"gdis {'6' * 40}")
    assert usage(console) == USAGE


def test_what_cannot_be(board):
    console = board.machine()
    for number, owner in (
        (1, "UART0 TX"),
        (3, "UART0 RX"),
        (6, "SPI flash"),
        (11, "SPI flash"),
        (16, "UART1 RX"),
        (17, "UART1 TX"),
    ):
        for line in (f"gdi {number} in", f"gge {number}", f"gse {number} 1", f"adc {number}"):
            refused(console, line, f"GPIO {number} is used by {owner}")
        if owner != "SPI flash":
            refused(console, f"set gpio.init {number} in", f"GPIO {number} is used by {owner}", 7)
    assert console.run("set gpio.init 6 in").code == 7
    for number in range(34, 40):
        refused(console, f"gdi {number} out", f"GPIO {number} can only be an input", 7)
        refused(console, f"gdi {number} ipu", f"GPIO {number} has no pull resistors", 7)
        console.ok(f"gdi {number} in")
        refused(console, f"gse {number} 1", f"GPIO {number} is an input")
    for number in (20, 24, 28, 31):
        refused(console, f"gdi {number} in", f"There is no GPIO {number}", 7)
    for word in ("40", "-1", "x"):
        refused(console, f"gdi {word} in", "No such GPIO", 7)
    refused(console, "gge 5", "GPIO 5 has no direction: see gpio_dir")
    refused(console, "gdi 5 sideways", "Unknown direction", 7)
    assert console.run("gse 5 2").code == 7


def test_one_gpio_has_one_owner(board):
    """A second claim names the first, whoever makes it; what was given back is free."""
    console = board.machine()
    console.ok("gdi 22 out")
    refused(console, "set wlan.network.status_gpio 22", "GPIO 22 is used by GPIO output", 7)
    assert console.ok("get wlan.network.status_gpio") == "-1"
    console.ok("gdi 22 none")
    console.ok("set wlan.network.status_gpio 22")
    for line in ("gdi 22 in", "gdi 22 none", "gse 22 1", "pwm 22 100 50", "adc 22"):
        refused(console, line, "GPIO 22 is used by wlan.network.status_gpio")
    refused(
        console,
        "set system.indicator.gpio softap 22",
        "GPIO 22 is used by wlan.network.status_gpio",
        7,
    )
    assert usage(console)[-1] == "# 22 wlan.network.status_gpio"
    console.ok("set wlan.network.status_gpio -1")
    console.ok("set sy i g softap 22")
    assert usage(console)[-1] == "# 22 system.indicator.softap"
    console.ok("set sy i g softap -1")
    console.ok("gdi 22 in")
    assert usage(console)[-1] == "# 22 GPIO input_highz"


def test_a_variable_is_told_at_once(board):
    """Also where its part takes the GPIO later, or never."""
    console = board.machine()
    console.ok("gdi 5 out")
    for line in ("set wwep.led_gpio 5", "set wwep.button_gpio 5", "set bus.stream.cmd_gpio 5"):
        refused(console, line, "GPIO 5 is used by GPIO output", 7)
    assert console.ok("get wwep.led_gpio") == "2"
    console.ok("set wwep.enabled 1")
    board.board.wait_pin(2, 0)
    refused(console, "gdi 2 in", "GPIO 2 is used by wwep.led_gpio")
    refused(console, "gdi 0 in", "GPIO 0 is used by wwep.button_gpio")
    refused(console, "set wwep.button_gpio 2", "GPIO 2 is used by wwep.led_gpio", 7)
    console.ok("set wwep.led_gpio -1")
    board.board.wait("pin 2", equals=None)
    console.ok("gdi 2 in")


def test_what_is_taken_at_the_start_is_logged(board):
    """The first in line has it, the other waits for another setting."""
    console = board.machine()
    console.ok("set gpio.init 22 output 1")
    console.ok("set wlan.network.status_gpio 22")
    console.ok("save")
    board.uart0.sync()
    board.reset()
    assert usage(board.machine())[-1] == "# 22 GPIO output"
    said = board.uart0.until(b"[Ready]").decode()
    assert "wlan.network.status_gpio is off: GPIO 22 is used by GPIO output\r\n" in said
    console.ok("gdi 22 none")
    console.ok("set wlan.network.status_gpio 22")
    assert usage(console)[-1] == "# 22 wlan.network.status_gpio"


def test_the_buttons_gpio_may_be_used(board):
    """GPIO 0 is no reset button while it is something else."""
    console = board.machine()
    console.ok("gdi 0 out")
    assert usage(console)[1] == "#  0 GPIO output"
    console.ok("gdi 0 none")
    assert usage(console) == USAGE
    board.board.wait_pin(0, 1)


def test_alias(board):
    console = board.machine()
    console.ok("set gpio.alias 18 relay")
    assert console.ok("get gpio.alias 18") == "relay"
    console.ok("gdi relay out")
    assert usage(console)[-1] == "# 18 GPIO output (relay)"
    console.ok("gse relay 1")
    assert board.board.pin(18) == 1
    assert console.ok("gge relay") == "1"
    assert console.ok("get gp a all") == "gpio.alias 18: relay"
    refused(console, "set gp a 19 relay", "Another GPIO has this alias", 7)
    for word in ("19", "-1", "a(b)", "a\\n", "aliasof16letters"):
        assert console.run(f"set gp a 19 {word}").code == 7
    assert console.ok("get gp a 19") == ""
    console.ok("gdi relay none")
    console.ok("set wlan.network.status_gpio relay")
    assert console.ok("get wlan.network.status_gpio") == "18"
    console.ok('set gp a relay ""')
    refused(console, "gge relay", "No such GPIO", 7)


def test_initial_values(board):
    console = board.machine()
    console.ok("set gpio.init 5 output 1")
    console.ok("set gpio.init 18 ood")
    console.ok("set gp i 19 input pull up")
    assert console.ok("get gp i 18") == "output_open_drain 0"
    assert usage(console) == USAGE, "it is for the next start"
    console.ok("set gpio.alias 5 lamp")
    console.ok("set system.indicator.gpio wlan 23")
    console.ok("set system.indicator.state wlan static_on|static_off|static_off|static_off")
    console.ok("save")
    board.reset()
    console = board.machine()
    assert [board.board.pin(n) for n in (5, 18, 19, 23)] == [1, 0, 1, 1]
    assert usage(console)[-2:] == ["# 19 GPIO input_pull_up", "# 23 system.indicator.wlan"]
    assert "#  5 GPIO output (lamp)" in usage(console)
    refused(console, "set gpio.init 34 output", "GPIO 34 can only be an input", 7)
    console.ok("set gpio.init 5 none")
    console.ok("save")
    board.reset()
    assert board.board.pad(5) == {}


def test_pwm(board):
    console = board.machine()
    console.ok("pwm_update 21 1000 25")
    pad = board.board.pad(21)
    assert (pad["mode"], pad["frequency"]) == ("pwm", 1000)
    assert abs(pad["duty"] - 16384) < 8
    assert usage(console)[-1] == "# 21 PWM 1000 Hz 25 %"
    console.ok("pwm 21 40000000 100")
    pad = board.board.pad(21)
    assert (pad["frequency"], pad["duty"], pad["level"]) == (40_000_000, 65535, 1)
    for line in ("pwm 21 0 50", "pwm 21 40000001 50", "pwm 21 100 101", "pwm 21 100 -1"):
        assert console.run(line).code == 9
    refused(console, "pwm 34 100 50", "GPIO 34 can only be an input", 7)
    pins = (4, 5, 12, 13, 18, 19, 22, 23)
    for i in range(7):
        console.ok(f"pwm {pins[i]} {100 + i} 50")
    refused(console, f"pwm {pins[7]} 107 50", "Too many PWM outputs or frequencies")
    console.ok(f"pwm {pins[7]} 100 50")
    console.ok("pwm 21 stop")
    assert board.board.pad(21) == {}
    refused(console, "pwm 21 stop", "GPIO 21 is no PWM output")
    console.ok("gdi 21 out 1")
    refused(console, "pwm 21 stop", "GPIO 21 is no PWM output")
    assert board.board.pin(21) == 1
    console.ok("gdi 21 none")
    console.ok("gdi 4 out 1")
    assert board.board.pin(4) == 1


def test_command_line_of_the_board(board, monkeypatch, capsys):
    """`airwire board pin` shows what an analog output does, `airwire board adc` feeds the ADC."""

    def airwire(*words):
        code = cli.main(["board", words[0], "--board", board.board.name, *words[1:]])
        said = capsys.readouterr()
        return said.out if code == 0 else f"{code} {said.err}"

    monkeypatch.setenv("AIRWIRE_HOME", str(board.board.directory.parents[1]))
    console = board.machine()
    console.ok("pwm 21 1000 50")
    assert airwire("pin", "21") == "pwm 1000 Hz 50.0 %\n"
    console.ok("dac 26 51")
    assert airwire("pin", "26") == "dac 51 (0.66 V)\n"
    assert airwire("adc", "34", "900") == ""
    assert abs(int(console.ok("adc 34")) - 900) <= STEP
    assert "a pad stands 0 to 3300 mV" in airwire("adc", "34", "3301")
    assert "no GPIO" in airwire("adc", "40", "1")
    assert "millivolts" in airwire("adc", "34", "much")


def test_dac(board):
    console = board.machine()
    for level in (0, 255, 128):
        console.ok(f"dac_set_level 25 {level}")
        assert board.board.pad(25)["dac"] == level
    assert usage(console)[-1] == "# 25 DAC"
    assert console.run("dac 25 256").code == 9
    refused(console, "dac 5 1", "GPIO 5 has no DAC", 7)
    refused(console, "gdi 25 none", "GPIO 25 stays a DAC until the next reboot")
    board.reset()
    assert board.board.pad(25) == {}


@pytest.mark.needs("wifi")
def test_adc(board):
    console = board.machine()
    for millivolts in (150, 1000, 1650, 3000):
        board.board.adc(35, millivolts)
        assert abs(int(console.ok("adc_take_sample 35")) - millivolts) <= STEP
    refused(console, "adc 18", "GPIO 18 has no ADC", 7)
    board.board.adc(4, 500)
    assert abs(int(console.ok("adc 4")) - 500) <= STEP
    console.ok("gdi 4 in")
    assert abs(int(console.ok("adc 4")) - 500) <= STEP
    console.ok("gdi 4 out")
    refused(console, "adc 4", "GPIO 4 is used by GPIO output")
    console.ok("gdi 4 none")
    board.join(console)
    refused(console, "adc 4", "GPIO 4 has no ADC while Wi-Fi is on")
    board.board.adc(35, 700)
    assert abs(int(console.ok("adc 35")) - 700) <= STEP
