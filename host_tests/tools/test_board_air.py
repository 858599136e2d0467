"""The station of the simulated radio: each way to join, to fail and to lose the connection, step
by step.
"""

import pytest

from airwire.board import config
from airwire.board.air import Addresses, Station
from airwire.errors import UserError

LEASE = Addresses("127.0.0.9", "255.0.0.0", "127.0.1.9", "127.0.1.9")
KEY = b"correct horse"
# What it stands for in the network airwire-wpa2, by PBKDF2.
PSK = b"5ef4ea9a215f92e02a5a63a1e263ddac053ff89fea4353b2dc7e39b20a76c629"


class Radio:
    """A station with a clock of its own, which jumps from one due time to the next."""

    def __init__(self, **times):
        air = config.Air(**times, access_points=config.default_access_points())
        self.station = Station(air, LEASE)
        self.now = 100.0

    def do(self, event, *args):
        return getattr(self.station, event)(*args, self.now)

    def next(self):
        """Go to what is due next; the lines, and the seconds that it took."""
        before, self.now = self.now, self.station.due
        return self.station.tick(self.now), round(self.now - before, 3)

    def join(self, ssid, key=b"", bssid=""):
        self.do("active", True)
        return self.do("connect", ssid, key, bssid)


@pytest.fixture
def radio():
    return Radio()


def test_radio_is_off_at_first(radio):
    assert radio.station.line() == "wlan 1000 0 0 - - - - 0"
    assert radio.station.due is None
    assert radio.do("connect", b"airwire-open", b"", "") == []
    assert radio.do("scan") == ["scan-end"]


@pytest.mark.parametrize(
    ("ssid", "key", "rssi", "channel"),
    [
        (b"airwire-open", b"", -48, 1),
        (b"airwire-wpa2", KEY, -52, 6),
        (b"airwire-wpa2", PSK, -52, 6),
        (b"airwire-wpa2", PSK.upper(), -52, 6),
        (b"airwire-hidden", KEY, -60, 11),
        (b"airwire-weak", KEY, -88, 11),
    ],
)
def test_join(radio, ssid, key, rssi, channel):
    assert radio.join(ssid, key) == ["wlan 1001 0 0 - - - - 1"]
    assert radio.next() == ([f"wlan 1001 1 {rssi} - - - - 1 {channel}"], 0.08)
    address = "127.0.0.9 255.0.0.0 127.0.1.9 127.0.1.9"
    assert radio.next() == ([f"wlan 1010 1 {rssi} {address} 1 {channel}"], 0.04)
    assert radio.station.due is None


@pytest.mark.parametrize(
    ("ssid", "key", "bssid", "status", "seconds"),
    [
        (b"nowhere", b"", "", 201, 0.3),
        (b"airwire-gone", KEY, "", 201, 0.3),
        (b"airwire-open", b"", "0123456789ab", 201, 0.3),
        (b"airwire-wpa2", b"", "", 210, 0.3),
        (b"airwire-open", KEY, "", 210, 0.3),
        (b"airwire-wpa2", b"wrong horse", "", 202, 0.3),
    ],
)
def test_failure_is_shown_and_tried_again_for_ever(radio, ssid, key, bssid, status, seconds):
    radio.join(ssid, key, bssid)
    for attempt in range(20):
        lines, took = radio.next()
        # A wrong password ends in two ways by turns; the second shows as "connecting".
        shown = 1001 if status == 202 and attempt % 2 else status
        assert (lines, took) == ([f"wlan {shown} 0 0 - - - - 1"], seconds)
    assert radio.station.due is not None


@pytest.mark.parametrize(("retries", "last"), [(0, 202), (1, 15), (2, 202)])
def test_reconnects_limits_the_attempts(radio, retries, last):
    radio.do("reconnects", retries)
    radio.join(b"airwire-wpa2", b"wrong horse")
    for _ in range(retries + 1):
        assert radio.station.due is not None
        radio.next()
    assert radio.station.due is None
    assert radio.station.status == last
    radio.do("connect", b"", b"", "")  # the configuration stays, the counter starts again
    assert radio.station.due is not None


def test_a_failure_stays_visible_until_there_is_an_address(radio):
    radio.join(b"nowhere")
    radio.next()
    assert radio.do("connect", b"airwire-open", b"", "") == ["wlan 201 0 0 - - - - 1"]
    assert radio.next()[0] == ["wlan 201 1 -48 - - - - 1 1"]
    radio.next()
    assert radio.station.status == 1010


def test_no_dhcp_answer(radio):
    radio.do("change", "airwire-open", {"dhcp": False})
    radio.join(b"airwire-open")
    assert radio.next()[0] == ["wlan 1001 1 -48 - - - - 1 1"]
    assert radio.station.due is None
    radio.do("change", "airwire-open", {"dhcp": True})
    radio.next()
    assert radio.station.status == 1010


def test_dhcp_withheld_while_the_request_is_under_way(radio):
    radio.join(b"airwire-open")
    radio.next()
    radio.do("change", "airwire-open", {"dhcp": False})
    assert radio.next()[0] == []
    assert radio.station.status == 1001


def test_access_point_vanishes_and_returns(radio):
    radio.join(b"airwire-open")
    radio.next(), radio.next()
    radio.do("change", "airwire-open", {"present": False})
    assert radio.station.status == 1010  # nobody has noticed yet
    assert radio.next() == (["wlan 1001 0 0 - - - - 1"], 1.0)
    assert radio.next() == (["wlan 201 0 0 - - - - 1"], 0.3)
    radio.do("change", "airwire-open", {"present": True})
    radio.next(), radio.next()
    assert radio.station.status == 1010


def test_access_point_back_before_it_is_missed(radio):
    radio.join(b"airwire-open")
    radio.next(), radio.next()
    radio.do("change", "airwire-open", {"present": False})
    radio.do("change", "airwire-open", {"present": True, "rssi": -70})
    assert radio.station.due is None
    assert radio.station.line().startswith("wlan 1010 1 -70 ")


def test_access_point_vanishes_during_the_attempt(radio):
    radio.join(b"airwire-open")
    radio.do("change", "airwire-open", {"present": False})
    radio.next()
    assert radio.station.status == 201


def test_disconnect_is_idle(radio):
    radio.join(b"airwire-open")
    radio.next(), radio.next()
    assert radio.do("disconnect") == ["wlan 1000 0 0 - - - - 1"]
    assert radio.station.due is None


def test_switching_off_leaves(radio):
    radio.join(b"airwire-open")
    radio.next(), radio.next()
    assert radio.do("active", False) == ["wlan 1000 0 0 - - - - 0"]
    assert radio.do("active", False) == []
    assert radio.do("active", True) == ["wlan 1000 0 0 - - - - 1"]
    assert radio.station.due is None  # nobody has asked to connect


def test_connect_while_connected_starts_again(radio):
    radio.join(b"airwire-open")
    radio.next(), radio.next()
    radio.do("connect", b"airwire-wpa2", KEY, "")
    radio.next(), radio.next()
    assert radio.station.joined.ssid == "airwire-wpa2"


def test_lossy_joins(radio):
    radio.do("change", "airwire-open", {"lossy_joins": 2})
    radio.do("reconnects", 1)
    radio.join(b"airwire-open")
    radio.next(), radio.next()
    assert radio.station.status == 203
    radio.do("connect", b"airwire-open", b"", "")
    radio.next(), radio.next()
    assert radio.station.status == 1010


def test_scan(radio):
    radio.join(b"airwire-open")
    assert radio.do("scan") == []
    radio.next(), radio.next()
    lines, _ = radio.next()
    assert lines[-1] == "scan-end"
    assert len(lines) == 5  # all but the one that is not there
    name = b"airwire-wpa2".hex()
    bssid = radio.station.find("airwire-wpa2").bssid
    assert lines[1] == f"scan {name} {bssid} 6 -52 3 0"
    assert lines[2].startswith("scan - 02") and lines[2].endswith(" 11 -60 3 1")
    assert radio.now == 101.5


def test_bssid_chooses(radio):
    bssid = radio.station.find("airwire-open").bssid
    radio.join(b"airwire-open", b"", bssid)
    radio.next(), radio.next()
    assert radio.station.status == 1010


def test_power_on_forgets(radio):
    radio.do("reconnects", 3)
    radio.join(b"airwire-open")
    radio.next(), radio.next()
    radio.station.power_on()
    assert radio.station.line() == "wlan 1000 0 0 - - - - 0"
    assert radio.station.due is None


@pytest.mark.parametrize(
    ("ssid", "changes"),
    [("elsewhere", {}), ("airwire-open", {"colour": 1}), ("airwire-open", {"rssi": 5})],
)
def test_bad_changes_change_nothing(radio, ssid, changes):
    before = config.default_access_points()
    with pytest.raises(UserError):
        radio.do("change", ssid, {"present": False, **changes})
    assert radio.station.air.access_points == before
