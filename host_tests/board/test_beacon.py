"""The status announcement: which values, in which order, when, and to whom."""

import json
import socket

import pytest

from host_tests.board.ear import Ear
from host_tests.board.http_peers import HttpServer, raw

pytestmark = [pytest.mark.needs("wifi"), pytest.mark.long]

KEYS = [
    *("mac", "bssid", "channel", "ip", "ssid", "rssi"),
    *("remote_terminal_port", "time", "version", "uuid"),
]
# How late a datagram may come on a busy machine, beside its fellows of before.
LATE = 0.4


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 0))
        return taken.getsockname()[1]


@pytest.fixture
def heard(board):
    """(console, ear) of a board that has joined and announces itself every second."""
    console = board.machine()
    port = free_port()
    board.configure(console, broadcast_interval=1, broadcast_udp_port=port)
    board.join(console)
    with Ear(console.ok("get network.ip"), port) as ear:
        yield console, ear


def announced(console, ear):
    """The values of a datagram that was sent after this was called: setting the interval sends one
    at once.
    """
    while ear.next(0.01):
        pass
    console.ok("set broadcast.interval 1")
    return json.loads(ear.next()[0])


def test_values(board, heard):
    console, ear = heard
    data, port, _ = ear.next()
    assert port == ear.port
    values = json.loads(data)
    assert list(values) == KEYS
    assert values["mac"] == console.ok("get wlan.mac")
    assert values["ip"] == console.ok("get network.ip")
    assert values["ssid"] == board.wifi[0]
    assert values["rssi"] < 0 and 1 <= values["channel"] <= 14
    assert values["remote_terminal_port"] == int(console.ok("get remote_terminal.port"))
    assert abs(values["time"] - int(console.ok("get time.rtc ms"))) < 60_000
    assert values["version"] == console.ok("version")
    assert values["uuid"] == console.ok("get system.uuid")
    scanned = [row.split() for row in console.ok("scan").splitlines() if row.startswith("# ")]
    assert b"Warning" not in board.uart0.quiet()
    seen = {row[4]: int(row[2]) for row in scanned if row[5:] == [board.wifi[0]]}
    assert seen[values["bssid"]] == values["channel"]


def test_on_time(heard, counts):
    """Against the first: no delay adds up."""
    _, ear = heard
    first = ear.next()[2]
    for second in range(1, counts(4, 30)):
        late = ear.next()[2] - first - second
        assert abs(late) < LATE, f"{late:+.3f} s at {second} s"


def test_what_is_chosen(board, heard):
    console, ear = heard
    console.ok("gpio_dir 22 out 1")
    for chosen, keys in (
        ("version,mac,gpio22,ip", ["mac", "ip", "version", "gpio22"]),
        ("gpio21,gpio22,gpio99,adc22,nothing,gpio6", ["gpio22"]),
        ('""', []),
    ):
        console.ok(f"set broadcast.data {chosen}")
        values = announced(console, ear)
        assert list(values) == keys, chosen
        assert values.get("gpio22", 1) == 1
    if "air" in board.can:
        board.board.adc(34, 1500)
        console.ok("set broadcast.data adc34,adc4")  # the radio has the second converter
        assert list(values := announced(console, ear)) == ["adc34"]
        assert abs(values["adc34"] - 1500) < 20


def test_interval(heard):
    """0 ends it, another one begins at once; every setting acts without a restart."""
    console, ear = heard
    assert ear.next()
    console.ok("set broadcast.interval 0")
    ear.next(0.1)
    assert ear.next(1.5) is None
    console.ok("set broadcast.interval 60")
    assert ear.next()
    console.ok("set broadcast.interval 1")
    assert ear.next()
    port = free_port()
    with Ear(console.ok("get network.ip"), port) as other:
        console.ok(f"set broadcast.udp.port {port}")
        assert other.next()[1] == port
        console.ok("set broadcast.interface softap")  # which is down
        other.next(0.1)
        assert other.next(1.5) is None
        console.ok("set broadcast.interface wlan")
        assert other.next()


@pytest.mark.needs("air")
def test_what_cannot_be_sent(board, heard):
    """broadcast.udp.ip may be a single host's; that there is no way to it is said once. While the
    network is down nothing is tried, and when it is back all goes on.
    """
    console, ear = heard
    console.ok("set broadcast.udp.ip 127.0.0.1")
    assert announced(console, ear)
    console.ok("set system.print_level 2")
    console.ok("set broadcast.udp.ip 192.0.2.1")
    assert console.log("Broadcast") == "Broadcast failed: No route to host"
    assert ear.next(2.5) is None
    assert not console.run("ver").logs
    console.ok("set system.print_level 0")
    console.ok("set broadcast.udp.ip 255.255.255.255")
    assert ear.next()
    console.ok("network_down")
    ear.next(0.1)
    assert ear.next(1.5) is None
    console.ok("network_up")
    assert json.loads(ear.next()[0])["ip"] == console.ok("get network.ip")


@pytest.mark.needs("air")
def test_beside_eight_streams(board, heard, peer):
    """Eight streams leave it a socket; it holds none between two announcements."""
    console, ear = heard
    for _ in range(8):
        console.ok(f"tcp_client {board.peer(console)} {peer.port}")
    while ear.next(0.01):
        pass
    assert ear.next() and ear.next()


NAMES = pytest.mark.air(
    {"ssid": "two", "bssid": "02:00:00:00:00:01", "channel": 1, "rssi": -40},
    {"ssid": 'the "other"', "bssid": "02:00:00:00:00:03", "channel": 4, "rssi": -60},
    {"ssid": "hid", "bssid": "02:00:00:00:00:04", "channel": 5, "rssi": -60, "hidden": True},
)


@NAMES
@pytest.mark.needs("air")
def test_access_points(board):
    """The one that was joined; of a nameless one the address is not known, and left out."""
    console = board.machine()
    port = free_port()
    board.configure(console, broadcast_interval=1, broadcast_udp_port=port)
    for ssid, bssid, channel in (
        ("two", "02:00:00:00:00:01", 1),
        (r"the \"other\"", "02:00:00:00:00:03", 4),
        ("hid", None, 5),
    ):
        console.ok(f'set wlan.ssid "{ssid}"')
        console.ok("network_up")
        with Ear(console.ok("get network.ip"), port) as ear:
            values = announced(console, ear)
        assert (values.get("bssid"), values["channel"]) == (bssid, channel)
        assert values["ssid"] == ssid.replace("\\", "")
    console.ok("network_down")
    console.ok("set wlan.bssid 02:00:00:00:00:04")
    console.ok("network_up")
    with Ear(console.ok("get network.ip"), port) as ear:
        assert json.loads(ear.next()[0])["bssid"] == "02:00:00:00:00:04"


@pytest.mark.whole_heap
def test_posts(board, heard):
    """What is announced is posted too; why it cannot be is said once."""
    console, ear = heard
    with HttpServer() as server:
        server.answers |= {"/status": b"", "/no": raw(b"nonsense")}
        at = f"{board.peer(console)}:{server.port}"
        console.ok(f"set broadcast.http.host http://{at}/status")
        for _ in range(2):
            asked = server.next()
            assert asked.line == "POST /status HTTP/1.1"
            assert asked.headers["Content-Type"] == "application/json"
            assert list(json.loads(asked.body)) == KEYS
        assert json.loads(ear.next()[0])["mac"] == json.loads(asked.body)["mac"]
        assert console.ok("list") == "! # Type  Info"
        console.ok("set system.print_level 2")
        for path, why in (
            ("/nowhere", "HTTP response: 404"),
            ("/no", "No HTTP"),
            (":x", "URL with a bad port"),
        ):
            console.ok(f"set broadcast.http.host {at}{path}")
            assert console.log("Broadcast") == f"Broadcast by HTTP failed: {why}"
        console.ok(f"set broadcast.http.host anna:secret@{at}/status")
        assert "no credentials" in console.log("Broadcast")
        console.ok("set broadcast.http.host None")
