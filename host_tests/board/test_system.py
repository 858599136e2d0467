"""Deep sleep and what ends it, and safe mode with the way there and back."""

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


@pytest.mark.needs("counters")
def test_eight_faulty_starts_lead_to_safe_mode_and_a_reset_of_the_log_back(board):
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
    console.command("reboot")
    console.until(b"[Safe mode]\r\n")
    console.sync()
    console.command("faults_reset")
    console.send(b"reboot\r\n")
    console.until(b"[Ready]\r\n")
    console.sync()
    assert console.command("get system.safemode") == ["0"]


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
