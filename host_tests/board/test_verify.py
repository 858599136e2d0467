"""network_verify: a key is tried as the web app does, and nothing else changes."""

import hashlib

import pytest

pytestmark = pytest.mark.needs("wifi", "air")

ANY = "000000000000"
WPA2 = 4


def psk(ssid, password):
    return hashlib.pbkdf2_hmac("sha1", password.encode(), ssid.encode(), 4096, 32).hex()


def known(board, ssid):
    return next(point for point in board.board.access_points() if point["ssid"] == ssid)


def test_right_and_wrong(board):
    """Without joining for good: settings, state and the result of the last join are as before."""
    console = board.machine()
    ssid, password = board.wifi
    point = known(board, ssid)
    where = f'"{ssid}" {point["bssid"].replace(":", "")} {point["channel"]}'
    right, wrong = psk(ssid, password), psk(ssid, "incorrect horse")
    assert console.ok(f"nve wifi {where} {WPA2} {right}") == "Success"
    assert console.ok("get wl n s") == "0"
    assert console.ok("get wlan.join.result") == "0"
    assert console.ok("get wlan.ssid") == ""
    assert console.run(f"nve wifi {where} {WPA2} {wrong}").code == 1
    assert console.run(f"nve wifi {where}").code == 1
    assert console.run(f'nve wifi "nowhere" {ANY} 1 {WPA2} {right}').code == 1
    assert console.run(f'nve wifi "{ssid}" 112233445566 1 {WPA2} {right}').code == 1
    assert console.ok(f'nve wifi "{ssid}" {ANY} 1 {WPA2} {right.upper()}') == "Success"


def test_it_goes_back(board):
    """To the network that it was on, whatever came of it."""
    console = board.machine(print_level=1)
    board.join(console)
    ssid = board.wifi[0]
    bssid = console.ok("get wlan.info").split("\r\n")[1]
    assert bssid == "bssid: " + bytes.fromhex(known(board, ssid)["bssid"]).hex(":").upper()
    for key, code in ((psk(*board.wifi), 0), (psk(ssid, "incorrect horse"), 1)):
        reply = console.run(f'network_verify wifi "{ssid}" {ANY} 1 {WPA2} {key}')
        assert reply.code == code
        assert reply.logs[0] == b"[Disassociated]" and reply.logs[-1] == b"[Associated]"
        assert console.ok("get wl n s") == "2"
        assert console.ok("get wlan.join.result") == "1"
        # Who has lost the answer with the network asks for it.
        assert console.ok("get wlan.verify.result") == ("7" if code else "1")
        assert console.ok("get wlan.info").split("\r\n")[1] == bssid


def test_an_open_network(board):
    points = board.board.access_points()
    ssid = next(point["ssid"] for point in points if point["security"] == "open")
    console = board.machine()
    assert console.ok(f'nve wifi "{ssid}" {ANY} 1') == "Success"
    assert console.ok(f'nve wifi "{ssid}" {ANY} 1 0') == "Success"
    assert console.run(f'nve wifi "{ssid}" {ANY} 1 {WPA2} {psk(ssid, "whatever")}').code == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("", 4),
        ('wifi "net" 000000000000', 4),
        ('wifi "net" 000000000000 1 4', 4),
        (f'softap "net" 000000000000 1 4 {"0" * 64}', 7),
        (f'wifi "net" 0000000000 1 4 {"0" * 64}', 7),
        (f'wifi "net" 000000000000 x 4 {"0" * 64}', 7),
        (f'wifi "net" 000000000000 15 4 {"0" * 64}', 9),
        (f'wifi "net" 000000000000 1 7 {"0" * 64}', 9),
        (f'wifi "net" 000000000000 1 4 {"0" * 63}', 7),
        (f'wifi "net" 000000000000 1 4 {"g" * 64}', 7),
        (f'wifi "" 000000000000 1 4 {"0" * 64}', 7),
        (f'wifi "net" 000000000000 1 4 {"0" * 64} more', 5),
    ],
)
def test_what_it_does_not_take(board, arguments, code):
    assert board.machine().run(f"network_verify {arguments}").code == code
