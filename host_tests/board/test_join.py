"""Joins that cannot succeed, and unusual ones that can: the result codes of the spec, attempts as
set, and the other UART is served meanwhile.
"""

import threading
import time

import pytest

from host_tests.board.backends import SCAN_MS
from host_tests.board.held_up import HeldUp
from host_tests.conftest import figures

pytestmark = pytest.mark.needs("air", "uart1")

# wlan.join.result
SUCCESS, NO_SSID, NO_PASSKEY, NOT_FOUND, FAILED, ABORTED = 1, 3, 4, 6, 7, 8

# A `get` on the other UART is answered within this time, except during a scan. Reduced counts run
# on machines that are shared; a join that holds up the module does so for seconds.
ANSWER = figures()(0.8, 0.1)


class Getter:
    """Asks for a variable on UART0 again and again, and keeps how long each answer took, without
    what the machine of a virtual board has held it up.
    """

    def __init__(self, board):
        console = board.uart0
        self.board, self.console = board, console
        console.sync()
        console.command("set system.print_level 0")
        console.command("get wlan.ssid")
        self.times = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        held_up = HeldUp(self.board)
        while not self._ended.wait(0.005):
            held_up.seconds()
            start = time.monotonic()
            self.console.command("get wlan.join.retries")
            took = time.monotonic() - start
            self.times.append(took - held_up.seconds())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def check(self, scans):
        """Every answer came in time, but for those that had to wait for a scan."""
        assert self.times
        late = sorted(t for t in self.times if t > ANSWER)
        assert len(late) <= scans, late
        assert not late or late[-1] < SCAN_MS / 1000 + ANSWER, late


def join(board, ssid, passkey, **more):
    """One network_up on UART1, with UART0 being asked meanwhile: (response, log, Getter)."""
    console = board.machine(print_level=5)
    board.configure(console, wlan_ssid=ssid, wlan_passkey=passkey, **more)
    with Getter(board) as getter:
        reply = console.run("network_up")
    return reply, [line.decode() for line in reply.logs], getter


def outcome(board):
    """(join result, network status) as the variables say."""
    console = board.host
    return int(console.ok("get wl j s")), int(console.ok("get wl n s"))


def attempts(log):
    """How often the log says that a network was asked for."""
    return 1 + sum(line.startswith("Attempt ") for line in log)


def test_wrong_password(board):
    tries = 2
    reply, log, getter = join(board, "airwire-wpa2", "battery staple", wlan_join_retries=tries)
    assert (reply.code, reply.text) == (1, b"Command failed")
    assert log[:2] == ["[Associating to airwire-wpa2]", "Security type from probe: WPA2-AES"]
    assert log.count("Join failed: wrong password") == attempts(log) == tries
    assert log[-1] == "[Join failed]"
    assert outcome(board) == (FAILED, 0)
    getter.check(scans=1)


def test_wrong_password_without_a_probe(board):
    """With its security given a network is joined without a scan: nothing may block."""
    reply, log, getter = join(
        board, "airwire-wpa2", "battery staple", wlan_join_retries=1, wlan_security="wpa2_aes"
    )
    assert reply.code == 1
    assert log.count("Join failed: wrong password") == attempts(log) == 1
    assert outcome(board) == (FAILED, 0)
    getter.check(scans=0)


@pytest.mark.parametrize("tries", [1, 2])
def test_unknown_ssid(board, tries):
    board.board.access_point("airwire-hidden", present=False)
    reply, log, getter = join(board, "nowhere", "correct horse", wlan_join_retries=tries)
    assert reply.code == 1
    assert log.count("Join failed: SSID not found") == attempts(log) == tries
    assert outcome(board) == (NOT_FOUND, 0)
    getter.check(scans=tries)


def test_unknown_ssid_among_hidden_networks(board):
    """One of the hidden networks may be the one that is wanted: it is asked for by name."""
    reply, log, getter = join(board, "nowhere", "correct horse", wlan_join_retries=1)
    assert reply.code == 1
    assert log.count("Join failed: SSID not found") == attempts(log) == 1
    assert outcome(board) == (NOT_FOUND, 0)
    getter.check(scans=1)


def test_no_dhcp_answer(board):
    board.board.access_point("airwire-wpa2", dhcp=False)
    reply, log, getter = join(
        board, "airwire-wpa2", "correct horse", wlan_join_retries=2, network_dhcp_timeout=1
    )
    assert reply.code == 1
    assert log.count("Obtaining IPv4 address via DHCP") == 2
    assert log.count("Join failed: no DHCP answer") == attempts(log) == 2
    assert outcome(board) == (FAILED, 0)
    getter.check(scans=1)
    board.board.access_point("airwire-wpa2", dhcp=True)
    board.host.ok("network_up")
    assert outcome(board) == (SUCCESS, 2)


def test_associated_without_an_address(board):
    """While DHCP is silent the status is 1 and the result 2; a second network_up waits as well."""
    board.board.access_point("airwire-wpa2", dhcp=False)
    console, usb = board.machine(print_level=3), board.uart0.machine()
    board.configure(
        console,
        wlan_ssid="airwire-wpa2",
        wlan_passkey="correct horse",
        wlan_join_retries=1,
        network_dhcp_timeout=2,
    )
    console.send(b"network_up\r\n")
    console.log("Obtaining IPv4 address via DHCP")
    assert (usb.ok("get wlan.network.status"), usb.ok("get wlan.join.result")) == ("1", "2")
    assert usb.ok("get network.ip") == "0.0.0.0"
    board.board.access_point("airwire-wpa2", dhcp=True)
    assert console.reply().code == 0
    assert outcome(board) == (SUCCESS, 2)
    assert usb.ok("get network.ip") == board.board.status()["ip"]


@pytest.mark.air(dhcp_ms=0)
def test_an_address_that_comes_at_once(board):
    """Between two looks the network may have answered everything: the log tells of it."""
    reply, log, getter = join(board, "airwire-wpa2", "correct horse")
    assert reply.code == 0
    assert log[-3:] == [
        "Obtaining IPv4 address via DHCP",
        f"IPv4 address: {board.host.ok('get network.ip')}",
        "[Associated]",
    ]
    getter.check(scans=1)


def test_a_passkey_that_an_open_network_does_not_need(board):
    """It is left over from another network: each join goes without it."""
    console = board.machine(print_level=2)
    board.configure(console, wlan_ssid="airwire-open", wlan_passkey="tin snips 42")
    assert console.run("network_up").code == 0
    again = console.run("network_restart")
    assert again.code == 0 and not any(b"probe" in line for line in again.logs)


def test_a_network_that_has_become_another(board):
    """What worked before no longer does: the network is probed again, within one join."""
    console = board.machine(print_level=2)
    board.configure(console, wlan_ssid="airwire-wpa2", wlan_passkey="correct horse")
    assert console.run("network_up").code == 0
    board.board.access_point("airwire-wpa2", security="open", password="")
    console.ok("network_down")
    again = console.run("network_up")
    assert again.code == 0
    assert b"Security type from probe: Open" in again.logs
    assert outcome(board) == (SUCCESS, 2)


@pytest.mark.parametrize(
    "ssid, passkey", [("airwire-hidden", "correct horse"), ("airwire-open", "")]
)
def test_hidden_and_open_network(board, ssid, passkey):
    reply, log, getter = join(board, ssid, passkey)
    assert reply.code == 0
    assert log[0] == f"[Associating to {ssid}]"
    address = board.host.ok("get network.ip")
    assert log[-3:] == [
        "Obtaining IPv4 address via DHCP",
        f"IPv4 address: {address}",
        "[Associated]",
    ]
    assert outcome(board) == (SUCCESS, 2)
    assert board.host.ok("get wlan.info").startswith(f"{ssid} -")
    getter.check(scans=1)


def test_open_network_with_a_passkey_left_over(board):
    """The probe says that none is needed."""
    reply, log, _ = join(board, "airwire-open", "left over")
    assert reply.code == 0
    assert "Security type from probe: Open" in log


def test_missing_passkey(board):
    reply, log, getter = join(board, "airwire-wpa2", "")
    assert reply.code == 1
    assert "Join failed: the network needs a passkey" in log
    assert attempts(log) == 1, "another attempt cannot change it"
    assert outcome(board) == (NO_PASSKEY, 0)
    getter.check(scans=1)


def test_no_ssid(board):
    reply, log, _ = join(board, "", "")
    assert (reply.code, log) == (1, ["[Join failed]"])
    assert outcome(board) == (NO_SSID, 0)


def test_static_address(board):
    reply, log, _ = join(
        board,
        "airwire-wpa2",
        "correct horse",
        network_dhcp_enabled=0,
        static_ip="127.0.0.77",
        static_netmask="255.0.0.0",
        static_gateway="127.0.1.9",
        static_dns="127.0.1.9",
    )
    assert reply.code == 0
    assert not any("DHCP" in line for line in log)
    console = board.host
    assert console.ok("get network.ip") == "127.0.0.77"
    assert console.ok("get network.netmask") == "255.0.0.0"
    assert console.ok("get network.gateway") == "127.0.1.9"
    assert console.ok("get network.dns") == "127.0.1.9"


def test_vanishing_access_point(board):
    """The loss is told, the status follows, and the link comes back with the network."""
    console = board.machine(print_level=3)
    board.board.access_point("airwire-hidden", present=False)
    board.configure(console, wlan_auto__join_retry__delay=0, wlan_auto__join_retries=0)
    board.join(console)
    board.board.access_point("airwire-wpa2", present=False)
    console.log("[Disassociated]")
    console.log("Join failed: SSID not found")
    board.board.access_point("airwire-wpa2", present=True)
    console.log("[Associated]")
    assert outcome(board) == (SUCCESS, 2)


def test_the_access_point_is_known_when_it_came_late(board):
    """One that no probe saw, and that might have been a hidden one."""
    console = board.machine(print_level=3)
    point = next(p for p in board.board.access_points() if p["ssid"] == "airwire-wpa2")
    board.board.access_point("airwire-wpa2", present=False)
    board.configure(
        console,
        wlan_ssid="airwire-wpa2",
        wlan_passkey="correct horse",
        wlan_join_retries=10,
        wlan_scan_retries=1,
    )
    console.send(b"network_up\r\n")
    console.log("Attempt 2")
    board.board.access_point("airwire-wpa2", present=True)
    assert console.reply().code == 0
    bssid = bytes.fromhex(point["bssid"]).hex(":").upper()
    assert f"bssid: {bssid}" in console.ok("get wlan.info").split("\r\n")


def test_network_down(board):
    console = board.machine(print_level=3)
    board.join(console)
    reply = console.run("network_down")
    assert (reply.code, reply.logs) == (0, [b"[Disassociated]"])
    assert int(console.ok("get wlan.network.status")) == 0
    assert console.ok("get network.ip") == "0.0.0.0"
    assert console.run("network_down").code == 0, "down already"


def test_network_down_ends_a_join(board):
    """With result 8, and at once; the network is not joined behind the back of who left it."""
    board.board.access_point("airwire-wpa2", dhcp=False)
    console, usb = board.machine(print_level=3), board.uart0.machine()
    board.configure(console, wlan_ssid="airwire-wpa2", wlan_passkey="correct horse")
    console.send(b"network_up\r\n")
    console.log("Obtaining IPv4 address via DHCP")
    usb.ok("network_down")
    reply = console.reply()
    assert (reply.code, reply.logs) == (1, [b"[Disassociated]", b"[Join failed]"])
    assert outcome(board) == (ABORTED, 0)
    board.board.access_point("airwire-wpa2", dhcp=True)
    console.ok("network_up")
    assert outcome(board) == (SUCCESS, 2)


def test_auto_join(board):
    """Joined at the start, with a further join after a failed one."""
    console = board.machine(print_level=3)
    board.configure(
        console,
        wlan_ssid="airwire-wpa2",
        wlan_passkey="correct horse",
        wlan_auto__join_enabled=1,
        wlan_auto__join_retries=1,
        wlan_auto__join_retry__delay=0,
        wlan_join_retries=1,
    )
    console.ok("save")
    board.reset()
    # Levels are those of a start: UART1 got its print level saved, but a person sees it on UART0.
    board.board.wait("wlan", equals=1010)
    for ssid in ("airwire-wpa2", "airwire-hidden"):
        board.board.access_point(ssid, present=False)
    board.reset()
    usb = board.uart0
    usb.until(b"[Join failed]")
    usb.until(b"[Join failed]")
    board.board.access_point("airwire-wpa2", present=True)
    assert "[Associating" not in usb.quiet(1.0).decode(), "no more than set"


def test_scan(board):
    console = board.machine()
    lines = console.ok("scan").split("\r\n")
    assert lines[0] == "! 4 networks found"
    assert lines[1] == "!  # Ch RSSI MAC (BSSID)       Network (SSID)"
    assert [line.split()[1] for line in lines[2:]] == ["0", "1", "2", "3"]
    assert [line.split()[2:4] for line in lines[2:]] == [
        ["1", "-48"],
        ["6", "-52"],
        ["11", "-60"],
        ["11", "-88"],
    ]
    assert [line.split()[5:] for line in lines[2:]] == [
        ["airwire-open"],
        ["airwire-wpa2"],
        [],
        ["airwire-weak"],
    ]
    verbose = console.ok("wlan_scan -v").split("\r\n")
    assert verbose[3].endswith(" 54 WPA2-AES 0 12 airwire-wpa2")
    assert (console.run("scan -x").code, console.run("scan -v -v").code) == (6, 5)


def test_network_up_leaves_another_network(board):
    """It joins the network that is set now, not the one that it happens to be in."""
    console = board.machine()
    board.join(console)
    board.configure(console, wlan_ssid="airwire-open", wlan_passkey='""')
    assert console.run("network_up").code == 0
    assert console.ok("get wlan.info").startswith("airwire-open ")


@pytest.mark.needs("wifi", "air")
def test_statistics(board):
    """wlan.info: the link as it is, and how many there were, whatever the clock does."""
    console = board.machine()
    assert console.ok("get wlan.info") == "down\r\njoins: 0\r\nlost: 0"
    board.join(console)
    first, *rest = console.ok("get wlan.info").split("\r\n")
    address = console.ok("get network.ip")
    ssid, signal, unit, shown = first.split()
    assert (ssid, int(signal) < 0, unit, shown) == (board.wifi[0], True, "dBm", address)
    scanned = next(row for row in console.ok("scan").splitlines() if row.endswith(f" {ssid}"))
    _, _, channel, _, bssid, _ = scanned.split()
    found = dict(line.split(": ") for line in rest)
    assert found["bssid"] == bssid and found["channel"] == channel
    for name in ("netmask", "gateway"):
        assert found[name] == console.ok(f"get network.{name}")
    assert (found["joins"], found["lost"]) == ("1", "0")
    console.ok("set time.rtc 1790000000")
    connected = console.ok("get wlan.info").partition("connected: ")[2].split()
    assert int(connected[0]) < 60 and connected[1] == "s"
    board.board.access_point(ssid, present=False)
    while console.ok("get wlan.network.status") == "2":
        pass
    assert console.ok("get wlan.info").endswith("joins: 1\r\nlost: 1")
    board.board.access_point(ssid, present=True)
    console.ok("network_up")
    console.ok("network_down")
    assert console.ok("get wlan.info") == "down\r\njoins: 2\r\nlost: 1"
