"""What survives: set and save, resets, power cuts in the middle of a save, damage, and the way
back to the factory's settings.
"""

import pytest

from airwire.board.pins import LED
from host_tests.board import peers
from host_tests.board.test_button import enable, press

# Two sets of settings that share no value; long enough for several flash operations.
OLD = {"wlan.ssid": "old network", "wwep.host": "old." + "o" * 240, "tcp.client.retries": "1"}
NEW = {"wlan.ssid": "new network", "wwep.host": "new." + "n" * 240, "tcp.client.retries": "2"}


def put(console, values):
    for name, value in values.items():
        assert console.ok(f'set {name} "{value}"') == "Set OK"


def read(console, names=OLD):
    return {name: console.ok(f"get {name}") for name in names}


@pytest.mark.needs("power")
def test_saved_settings_survive_and_others_do_not(board):
    console = board.machine()
    put(console, OLD)
    assert console.ok("save") == "Success"
    put(console, NEW)
    for restart in (board.reset, board.board.power_cut):
        boots = board.boots()
        restart()
        board.started(boots - (restart == board.reset))
        assert read(board.machine()) == OLD


def test_settings_survive_a_reboot(board):
    console = board.uart0.machine()
    put(console, OLD)
    console.ok("save")
    put(console, NEW)
    assert console.ok("reboot") == "Rebooting"
    console.until(b"[Ready]\r\n")
    assert read(console.machine()) == OLD


@pytest.mark.needs("flash", "counters")
def test_saving_twice_wears_nothing(board):
    console = board.machine()
    put(console, OLD)
    console.ok("save")
    worn = board.board.status()["flash"]
    console.ok("save")
    assert board.board.status()["flash"] == worn


@pytest.mark.needs("uart1")
def test_console_settings_are_those_of_the_saved_preset(board):
    """The host MCU finds the mode that it saved; UART0 always starts for a person."""
    console = board.uart1.machine()
    console.ok("save")
    board.reset()
    console.sync()
    assert console.ok("get system.cmd.mode") == "machine"
    assert console.ok("get system.print_level") == "0"
    assert console.ok("get system.cmd.echo") == "0"
    assert board.uart0.command("get system.cmd.mode") == ["human"]


@pytest.mark.needs("power", "flash")
def test_power_cuts_during_a_save(board, rng, counts):
    """The old or the new settings, whole, whatever operation of the flash is the last."""
    console = board.machine()
    put(console, NEW)
    console.ok("save")
    operations = _operations(board)
    put(console, OLD)
    console.ok("save")
    operations = _operations(board) - operations
    present, other, seen = OLD, NEW, []
    assert operations >= 4
    for after in sorted(rng.randint(1, operations) for _ in range(counts(10, 20))):
        put(console, other)
        boots = board.boots()
        board.board.power_cut(after=after, torn=bool(rng.getrandbits(1)))
        console.send(b"save\r\n")
        board.started(boots)
        console = board.machine()
        found = read(console)
        assert found in (present, other), f"cut at operation {after} of {operations}"
        seen.append(after)
        if found == other:
            present, other = other, present
    assert board.board.status()["cuts"] == len(seen)


def _operations(board):
    flash = board.board.status()["flash"]
    return flash["erased"] + flash["programmed"]


def test_factory_reset(board):
    console = board.uart0.machine()
    put(console, OLD)
    console.ok("save")
    mac = console.ok("get wlan.mac")
    reply = console.run("factory_reset 00:11:22:33:44:55")
    assert (reply.code, reply.text) == (7, b"MAC address does not match")
    assert console.run("factory_reset").code == 4
    assert read(console) == OLD
    assert console.ok(f"factory_reset {mac}") == "Rebooting"
    console.until(b"[Ready]\r\n")
    console.machine()
    assert read(console) == {
        "wlan.ssid": "",
        "wwep.host": "wwep.ww101.cypress.com",
        "tcp.client.retries": "0",
    }


def test_factory_reset_takes_the_mac_as_people_write_it(board):
    console = board.uart0.machine()
    mac = console.ok("get wlan.mac").replace(":", "").lower()
    assert console.ok(f"fac {mac}") == "Rebooting"
    console.until(b"[Ready]\r\n")


@pytest.mark.faulty
@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damaged_settings(board, damage):
    """A settings file that fails its check is not believed at all, and the fault log says so."""
    usb = board.uart0.machine()
    put(usb, OLD)
    usb.ok("save")
    usb.send(b"\x03")
    usb.until(b">>> ")
    script = {
        "flip": "f = open('/settings', 'r+b'); f.seek(9); f.write(b'?'); f.close()",
        "cut": "d = open('/settings', 'rb').read(); f = open('/settings', 'wb'); "
        "f.write(d[:-20]); f.close()",
        "empty": "open('/settings', 'wb').close()",
    }[damage]
    usb.send(script.encode() + b"\r\n")
    usb.until(b">>> ")
    usb.send(b"\x04")
    usb.until(b"[Ready]\r\n")
    usb.machine()
    assert usb.ok("get wlan.ssid") == ""
    faults = usb.ok("faults_print").split("\r\n")
    assert faults[0] == "! 1 faults"
    assert faults[-1] == "ValueError: settings file damaged: factory settings used"
    assert usb.ok("faults_reset") == "Success"
    put(usb, NEW)
    usb.ok("save")
    assert usb.ok("reboot") == "Rebooting"
    usb.until(b"[Ready]\r\n")
    usb.machine()
    assert read(usb) == NEW
    assert usb.ok("faults_print") == "! 0 faults"


@pytest.mark.needs("press", "led", "wifi", "power")
def test_the_product_after_a_power_cut(board, peer):
    """Saved with the client enabled: power, a press, and the write goes out."""
    peer.serve = peers.accept
    console = board.machine()
    enable(board, console, peer.port)
    board.configure(console, wlan_auto__join_enabled=1)
    console.ok("save")
    boots = board.boots()
    board.board.power_cut()
    board.started(boots)
    board.board.wait("wlan", equals=1010)
    board.board.wait_pin(LED, 0)
    press(board, 1)
    assert peer.next().endswith(b"050001")
