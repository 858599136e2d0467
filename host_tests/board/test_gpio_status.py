"""GPIOs that show what the module is doing: status GPIOs, indicators and their patterns, and the
button that is held for the factory settings.
"""

import time

import pytest

from airwire.board.pins import LED

pytestmark = pytest.mark.needs("led", "press", "wifi")

# Half periods of the patterns, seconds.
HALF = {"slow_blink": 1.0, "medium_blink": 0.4, "fast_blink": 0.1}

# A turn of a busy machine's loop: edges are this late at most.
LATE = 0.25

# What the reset button says, and when.
SLOW, FAST, RESET = 3.0, 8.0, 10.0


def edges(board, pin):
    return board.pad(pin)["edges"]


def test_status_gpio_follows_the_network(board):
    console = board.machine()
    board.configure(console, wlan_network_status__gpio=22)
    board.board.wait_pin(22, 0)
    board.join(console)
    board.board.wait_pin(22, 1)
    board.board.access_point(board.wifi[0], present=False)
    board.board.wait_pin(22, 0)
    board.configure(console, wlan_network_status__gpio=23)
    assert board.board.pad(22) == {}, "the old one is given back"


def test_stream_gpio(board, peer):
    console = board.machine()
    board.configure(console, system_oob_gpio=22)
    board.join(console)
    board.board.wait_pin(22, 0)
    handle = console.ok(f"tcpc {board.peer(console)} {peer.port}")
    board.board.wait_pin(22, 1)
    console.ok(f"close {handle}")
    board.board.wait_pin(22, 0)


def test_indicators_follow_the_states(board):
    """wlan: off, error, connecting, connected; network: down, asking, up."""
    console = board.machine()
    console.ok("set system.indicator.gpio wlan 21")
    console.ok("set system.indicator.gpio network 22")
    console.ok("set system.indicator.gpio softap 23")
    console.ok("set system.indicator.state wlan static_off|static_on|static_off|static_on")
    console.ok("set system.indicator.state network static_off|static_off|static_on")
    console.ok("set system.indicator.state softap static_on|static_off|static_off|static_off")
    board.board.wait_pin(23, 1)
    assert (board.board.pin(21), board.board.pin(22)) == (0, 0)
    board.configure(console, wlan_ssid="nobody has this", wlan_join_retries=1)
    assert console.run("network_up").code == 1
    board.board.wait_pin(21, 1)
    console.ok("network_down")
    board.board.wait_pin(21, 0)
    board.join(console)
    board.board.wait_pin(21, 1)
    board.board.wait_pin(22, 1)
    # Error and connected look alike here, so connected now blinks.
    console.ok("set sy i s wlan static_off|static_on|static_off|fast_blink")
    board.board.wait("edges 21", at_least=edges(board.board, 21) + 4)
    board.board.access_point(board.wifi[0], present=False)
    board.board.wait_pin(22, 0)


@pytest.mark.long
@pytest.mark.parametrize("pattern", HALF)
def test_patterns(board, pattern):
    """The time that a number of edges takes."""
    console = board.machine()
    console.ok("set system.indicator.gpio wlan 21")
    console.ok(f"set system.indicator.state wlan {pattern}|static_off|static_off|static_off")
    count = 2 if HALF[pattern] == 1 else 4
    # The first edge may be that from the pattern before.
    first = board.board.wait("edges 21", at_least=edges(board.board, 21) + 2)
    start = time.monotonic()
    board.board.wait("edges 21", at_least=first + count)
    took = time.monotonic() - start
    assert abs(took - count * HALF[pattern]) < LATE
    assert console.run("set system.indicator.state wlan static_on|static_on").code == 7
    console.ok("set system.indicator.state wlan static_on|static_off|static_off|static_off")
    board.board.wait_pin(21, 1)
    console.ok("set system.indicator.gpio wlan -1")
    assert board.board.pad(21) == {}


@pytest.mark.long
@pytest.mark.sampled(1)
@pytest.mark.parametrize("wwep", [False, True], ids=["alone", "with wwep"])
def test_factory_reset_by_holding_button_0(board, wwep):
    """Also while the same button and LED serve the WWEP client."""
    console = board.machine()
    board.configure(console, wlan_ssid="mine", wwep_enabled=int(wwep))
    console.ok("save")
    start = time.monotonic()
    board.board.hold(0)
    if wwep:
        board.board.wait_pin(LED, 1)  # a press is a press
        board.board.wait("edges 2", at_least=2)
    else:
        board.board.wait_pin(LED, 1)
    assert abs(time.monotonic() - start - SLOW) < 1.0
    slow = edges(board.board, LED)
    board.board.wait("edges 2", at_least=slow + 4)
    assert abs(time.monotonic() - start - SLOW - 2.0) < 1.0
    # Fast: five edges within a second, which slow blinking takes two and a half for.
    while time.monotonic() - start < FAST:
        board.board.wait("edges 2", at_least=edges(board.board, LED) + 1)
    quick = edges(board.board, LED)
    begun = time.monotonic()
    board.board.wait("edges 2", at_least=quick + 5)
    assert time.monotonic() - begun < 1.5
    boots = board.boots()
    board.started(boots)
    assert abs(time.monotonic() - start - RESET) < 2.0
    board.board.release(0)
    assert board.machine().ok("get wlan.ssid") == ""


@pytest.mark.long
def test_released_in_time_nothing_happens(board, counts):
    """Reduced: while the LED still blinks slowly; else while it blinks fast. It is the button's
    meanwhile.
    """
    console = board.machine()
    board.configure(console, wlan_ssid="mine")
    boots = board.boots()
    start = time.monotonic()
    board.board.hold(0)
    board.board.wait("edges 2", at_least=2)
    while time.monotonic() - start < counts(SLOW, FAST):
        board.board.wait("edges 2", at_least=edges(board.board, LED) + 1)
    reply = console.run("gdi 2 out")
    assert (reply.code, reply.text) == (1, b"GPIO 2 is used by factory reset button")
    board.board.release(0)
    board.board.wait_pin(LED, None)
    still = edges(board.board, LED) if board.board.pad(LED) else None
    assert still is None, "the LED is given back"
    assert console.ok("get wlan.ssid") == "mine"
    assert board.boots() == boots
    console.ok("gdi 2 out")


@pytest.mark.long
@pytest.mark.needs("counters")
def test_a_reset_while_the_button_is_held_does_nothing_half_way(board):
    """The ten seconds begin anew with the start, and the settings are what was saved. The reset is
    the firmware's own: with button 0 held, a reset from outside is for the chip's download mode.
    """
    console = board.machine()
    board.configure(console, wlan_ssid="mine")
    console.ok("save")
    board.configure(console, wlan_ssid="not saved")
    boots = board.boots()
    board.board.hold(0)
    board.board.wait("edges 2", at_least=2)
    console.send(b"reboot\r\n")
    board.started(boots)
    start = time.monotonic()
    assert board.machine().ok("get wlan.ssid") == "mine"
    while time.monotonic() - start < SLOW / 2:  # what was held before does not count
        assert board.board.pad(LED) == {}
    board.board.release(0)
    while time.monotonic() - start < SLOW + 1:
        assert board.board.pad(LED) == {}
    assert console.ok("get wlan.ssid") == "mine"
    assert board.boots() == boots + 1
    assert console.ok("faults_print") == "! 0 faults"


@pytest.mark.long
def test_a_gpio_0_that_is_no_button_resets_nothing(board):
    """It is low for long, as an input of somebody's circuit may be: no blinking begins."""
    console = board.machine()
    console.ok("gdi 0 in")
    boots = board.boots()
    board.board.pin(0, 0)
    start = time.monotonic()
    while time.monotonic() - start < SLOW + 1.5:
        assert console.ok("gge 0") == "0"
    assert board.boots() == boots
    assert board.board.pad(LED) == {}
