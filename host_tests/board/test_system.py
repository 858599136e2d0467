"""Deep sleep, what ends it and what the GPIOs do meanwhile, and safe mode with the way there and
back.
"""

import time

import pytest

DEEP_SLEEP = 4
LIMIT = 8  # faulty starts in a row that lead to safe mode


def sleep(board, **wake):
    console = board.host
    console.sync()
    for name, value in wake.items():
        console.command(f"set system.wakeup.{name} {value}")
    boots = board.boots()
    console.send(b"sleep\r\n")
    console.until(b"Sleeping\r\n")
    return boots


@pytest.mark.needs("counters")
def test_a_timer_ends_the_sleep(board):
    boots = sleep(board, timeout=1)
    board.board.wait("state", equals="asleep")
    board.started(boots)
    assert board.board.status()["cause"] == DEEP_SLEEP


@pytest.mark.needs("counters")
@pytest.mark.parametrize("event, idle, wakes", [("gpio4_low", None, 0), ("gpio4", 0, 1)])
def test_a_pin_ends_the_sleep(board, event, idle, wakes):
    board.board.pin(4, idle)
    boots = sleep(board, events=event)
    board.board.wait("state", equals="asleep")
    assert board.boots() == boots
    board.board.pin(4, wakes)
    board.started(boots)
    assert board.board.status()["cause"] == DEEP_SLEEP


@pytest.mark.needs("counters")
def test_a_reset_ends_the_sleep(board):
    boots = sleep(board)
    board.board.wait("state", equals="asleep")
    board.board.reset()
    board.started(boots)


def test_a_pin_that_cannot_wake_the_chip_is_refused(board):
    console = board.machine()
    for event in ("gpio5", "gpio22", "gpio40", "gpio4_up", "button", "gpio4|gpio2"):
        assert console.run(f"set system.wakeup.events {event}").code == 7, event
    console.ok("set system.wakeup.events none")


def asleep(board):
    return board.board.status()["state"] == "asleep"


@pytest.mark.needs("counters")
def test_gpios_have_their_state_of_gpio_sleep_while_the_module_sleeps(board):
    """What has none is let go of; a pull on what wakes the module counts; after the sleep all are
    what they are at a start.
    """
    console = board.machine()
    for line in (
        "gdi 18 out 1",
        "gdi 26 out 1",
        "gpio_dir 27 out",
        "set gpio.sleep 22 output_high",  # not a pad of the RTC
        "set gpio.sleep 25 output_low",
        "set gpio.sleep 26 input_pull_down",
        "set gpio.sleep 27 input_highz",
        "set gpio.sleep 4 input_pull_up",
        "set gpio.init 22 output 1",
        "set system.wakeup.events gpio4_low",
        "save",
    ):
        console.ok(line)
    boots = board.boots()
    assert console.ok("sleep") == "Sleeping"
    board.board.wait("state", equals="asleep")
    pins = (18, 22, 25, 26, 27, 4)
    assert [board.board.pin(n) for n in pins] == [None, 1, 0, 0, None, 1]
    board.board.pin(4, 0)
    board.started(boots)
    console.machine()
    assert [board.board.pin(n) for n in (18, 25, 26)] == [None] * 3
    pad = board.board.pad(22)
    assert (pad["mode"], pad["level"], pad["held"]) == ("out", 1, False)
    console.ok("gse 22 0")
    assert board.board.pin(22) == 0
    assert console.ok("get gpio.sleep 22") == "output_high", "it was saved"


def test_a_state_that_a_gpio_cannot_have_asleep_is_refused(board):
    console = board.machine()
    for gpio, state, code, text in (
        (34, "output_low", 7, "GPIO 34 can only be an input"),
        (35, "input_pull_up", 7, "GPIO 35 has no pull resistors"),
        (1, "input_highz", 7, "GPIO 1 is used by UART0 TX"),
        (6, "input_highz", 7, "Invalid argument"),
        (22, "asleep", 7, "Invalid argument"),
    ):
        reply = console.run(f"set gpio.sleep {gpio} {state}")
        assert (reply.code, reply.text.decode()) == (code, text)
    assert console.ok("get gpio.sleep all") == ""
    console.ok("set gpio.sleep 17 output_high")  # the host's line may be held idle


@pytest.mark.long
@pytest.mark.needs("counters", "uart1")
def test_it_goes_to_sleep_when_no_command_came(board):
    console = board.machine()
    board.configure(console, system_wakeup_timeout=1, system_gotosleep_timeout=2)
    board.uart0.sync()
    end = time.monotonic() + 3
    while time.monotonic() < end:  # also where only the other console is used
        board.uart0.command("get wlan.mac")
        assert not asleep(board)
    console.send(b"write 0 2\n")  # a command that waits for its data is no silence
    end = time.monotonic() + 3
    while time.monotonic() < end:
        assert not asleep(board)
    console.send(b"xy")
    assert console.reply().code == 1
    boots = board.boots()
    board.board.wait("state", equals="asleep")
    board.started(boots)
    assert board.board.status()["cause"] == DEEP_SLEEP
    assert board.machine().ok("get system.gotosleep.timeout") == "0", "it was not saved"


def to_safe_mode(board):
    """Eight starts that end before they have proven themselves; the console, in safe mode."""
    console = board.host
    console.sync()
    console.command("set wwep.enabled 1")
    console.command("save")
    for _ in range(LIMIT):
        assert console.command("get system.safemode") == ["0"]
        board.reset()
        console.sync()
    assert console.command("get system.safemode") == ["1"]
    # No service runs: the LED's pin is nobody's.
    assert "2" not in board.board.status()["pins"]
    return console


@pytest.mark.needs("counters")
def test_eight_faulty_starts_lead_to_safe_mode_and_a_reset_of_the_log_back(board):
    console = to_safe_mode(board)
    console.command("reboot")
    console.until(b"[Safe mode]\r\n")
    console.sync()
    console.command("faults_reset")
    console.send(b"reboot\r\n")
    console.until(b"[Ready]\r\n")
    console.sync()
    assert console.command("get system.safemode") == ["0"]


@pytest.mark.needs("counters", "uart1")
def test_the_header_of_safe_mode_and_leaving_it_by_factory_reset(board):
    """Responses begin with S instead of R, as long as safe mode lasts; what led there may have
    been a setting.
    """
    console = to_safe_mode(board)
    console.send(b"set system.cmd.mode machine\r\n")
    console.until(b"S000008\r\nSet OK\r\n")
    for line, frame in (
        (b"get system.safemode", b"S000003\r\n1\r\n"),
        (b"set wlan.ssid mine", b"S000008\r\nSet OK\r\n"),
        (b"get uart.baud 1", b"S000008\r\n115200\r\n"),
        (b"get wlan.passkey", b"S000000\r\n"),
        (b"frobnicate", b"S300017\r\nUnknown command\r\n"),
        (b"", b"S000007\r\nReady\r\n"),
    ):
        console.send(line + b"\r\n")
        assert console.read(len(frame)) == frame
    console.send(b"get all\r\n")  # in several pieces
    assert console.read(2) == b"S0"
    size = int(console.read(7)[:5])
    assert console.read(size).endswith(b"wwep.tls.port: 40508\r\n")
    board.uart0.sync()
    mac = board.uart0.command("get wlan.mac")[0]
    boots = board.boots()
    console.send(f"factory_reset {mac}\r\n".encode())
    console.until(b"S000011\r\nRebooting\r\n")
    board.started(boots)
    console.machine()
    console.send(b"get system.safemode\r\n")
    assert console.read(12) == b"R000003\r\n0\r\n"
    assert console.ok("get wwep.enabled") == "0"


@pytest.mark.needs("counters")
def test_orderly_ends_are_not_faulty_starts(board):
    console = board.host
    for _ in range(LIMIT + 1):
        console.sync()
        console.send(b"reboot\r\n")
        console.until(b"[Ready]\r\n")
    console.sync()
    assert console.command("get system.safemode") == ["0"]
    board.board.power_cut()
    console.until(b"[Ready]\r\n")
