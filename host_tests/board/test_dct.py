"""A module with a DCT: its factory settings, which saved ones replace and a factory reset brings
back, and what it says of the module's making.
"""

import pytest

from airwire.image import layout
from airwire.wire import dct

ENTRIES = [
    (dct.MANUFACTURING, b"maker", dct.TEXT, b"Example Works"),
    (dct.MANUFACTURING, b"serial", dct.TEXT, b"EW-00017"),
    (dct.VARIABLES, b"gpio.alias 18", dct.TEXT, b"relay"),
    (dct.VARIABLES, b"no.such_variable", dct.TEXT, b"1"),
    (dct.VARIABLES, b"system.cmd.timestamp", dct.TEXT, b"uptime"),
    (dct.VARIABLES, b"system.uuid", dct.TEXT, b"1"),
    (dct.VARIABLES, b"tcp.client.retries", dct.TEXT, b"7"),
    (dct.VARIABLES, b"tcp.client.retry_period", dct.TEXT, b"no number"),
    (dct.VARIABLES, b"uart.baud 1", dct.TEXT, b"230400"),
    (dct.VARIABLES, b"wlan.passkey", dct.TEXT, b"factory pass"),
    (dct.VARIABLES, b"wlan.ssid", dct.TEXT, b'two words "x"'),
]
FACTORY = {
    "gpio.alias 18": "relay",
    "tcp.client.retries": "7",
    "tcp.client.retry_period": "1000",
    "uart.baud 1": "230400",
    "wlan.passkey": "********",
    "wlan.ssid": 'two words "x"',
}


PASSKEY = (dct.VARIABLES, b"softap.passkey", dct.TEXT, b"factory key")


@pytest.fixture
def passkey():
    """For a test whose module has its soft-AP's passkey from the factory, too."""
    return PASSKEY


@pytest.fixture
def flash_image(flash_image, request, tmp_path):
    """The usual image, of a module with a DCT: what the board fixture starts."""
    image = bytearray(flash_image.read_bytes())
    entries = [*ENTRIES, PASSKEY] if "passkey" in request.fixturenames else ENTRIES
    image[layout.DCT.offset : layout.DCT.end] = dct.image(entries)
    path = tmp_path / "flash.bin"
    path.write_bytes(image)
    return path


def read(console):
    return {name: console.ok(f"get {name}") for name in FACTORY}


def partition(board):
    return board.board.flash.read_bytes()[layout.DCT.offset : layout.DCT.end]


@pytest.mark.needs("flash", "uart1")
def test_factory_settings(board):
    """They are in force at the first start, saved ones replace them, and a reset brings them
    back. A name or value that this version does not take costs the others nothing.
    """
    console = board.uart0.machine()
    assert read(console) == FACTORY
    assert board.uart1.machine().ok("get system.cmd.timestamp") == "uptime"
    assert console.ok("set tcp.client.retries 3") == "Set OK"
    assert console.ok("set wlan.ssid other") == "Set OK"
    assert console.ok('set gpio.alias 18 ""') == "Set OK"
    assert console.ok("save") == "Success"
    board.reset()
    saved = {**FACTORY, "gpio.alias 18": "", "tcp.client.retries": "3", "wlan.ssid": "other"}
    assert read(board.uart0.machine()) == saved
    mac = console.ok("get wlan.mac")
    assert console.ok(f"factory_reset {mac}") == "Rebooting"
    console.until(b"[Ready]\r\n")
    assert read(board.uart0.machine()) == FACTORY
    assert partition(board) == dct.image(ENTRIES)


@pytest.mark.needs("flash")
def test_load_where_nothing_was_saved(board, passkey):
    """The factory's settings, again and again: with a passkey among them, the first start has
    nothing to save.
    """
    console = board.uart0.machine()
    for start in range(2):
        assert console.ok("set wlan.ssid other") == "Set OK"
        assert console.ok("set udp.server.port 7") == "Set OK"
        assert console.ok("load") == "Success"
        assert read(console) == FACTORY
        assert console.ok("get udp.server.port") == "3000"
        if not start:
            board.reset()
            assert read(board.uart0.machine()) == FACTORY
    board.board.power_cut(stay_off=True)
    board.board.wait_off()
    assert "settings" not in board.files()


@pytest.mark.needs("flash")
def test_the_module_says_how_it_was_made(board):
    console = board.uart0.machine()
    assert console.ok("get system.manufacturer") == "Example Works"
    assert console.ok("get system.product") == ""
    assert console.ok("get system.serial") == "EW-00017"
    assert console.ok("get sy md") == ""
    assert console.run("set system.serial 1").code == 7
    # To look into the flash takes memory that a list may not have.
    assert "system.serial" not in console.ok("get system")
