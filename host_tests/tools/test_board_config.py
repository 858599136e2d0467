"""Configuration files of the virtual board: the example is the default, and each mistake is one
line.
"""

import subprocess
import sys

import pytest

from airwire.board import config
from airwire.errors import UserError


def load(tmp_path, text):
    path = tmp_path / "board.toml"
    path.write_text(text)
    return config.load(path)


def test_example_shows_the_defaults(tmp_path):
    example = load(tmp_path, config.EXAMPLE)
    default = config.load(None)
    assert [point.ssid for point in example.air.access_points] == ["workshop"]
    assert example.air.access_points[0] == config.AccessPoint(
        "workshop", security="wpa2", password="correct horse"
    )
    example.air.access_points = default.air.access_points
    assert example == default


def test_way_to_the_supervisor(tmp_path):
    example = load(tmp_path, config.EXAMPLE)
    assert config.BoardConfig.from_dict(example.to_dict()) == example


POINT = '[[air.access_point]]\nssid = "x"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[bord]", "bord: no such key"),
        ("board = 1", "board: must be a table"),
        ("[board]\nheep = 1", "board.heep: no such key"),
        ("[board]\naddress = 1", "board.address: 1 is not a number from 2 to 254"),
        ("[board]\naddress = true", "board.address: True is not"),
        ("[board]\nmac = '123'", "board.mac: '123' is not 12 hexadecimal digits"),
        ("[board]\narch = 'mips'", "board.arch: 'mips' is none of amd64, i386"),
        ("[board]\nheap = '12Q'", "board.heap: '12Q' is not a size"),
        ("[board]\nheap = '5'", "board.heap: 5 bytes are too small a heap; 5K?"),
        ("[board]\nport_shift = 1", "board.port_shift: 1 is none of auto, 0, 8000"),
        ("[board]\ncommand = 'x'", "board.command: a list of strings"),
        ("[air]\nscan_ms = -1", "air.scan_ms: -1 is not a number"),
        ("[air]\nscan = 1", "air.scan: no such key"),
        ("[air]\naccess_point = 3", "air.access_point: write [[air.access_point]]"),
        ("[[air.access_point]]", "ssid: a string of 1 to 32 bytes"),
        (POINT + POINT, "SSID 'x' is given twice"),
        (POINT + "security = 'wpa9'", "security: 'wpa9' is none of open"),
        (POINT + "security = 'wpa2'", "'x': password: wpa2 needs one"),
        (POINT + "password = 'long enough'", "an open network has none"),
        (POINT + "security = 'wpa2'\npassword = 'short'", "password: a string of 8 to 64"),
        (POINT + "channel = 15", "channel: 15 is not a number from 1 to 14"),
        (POINT + "dhcp = 1", "dhcp: 1 is neither true nor false"),
        (POINT + "names = { 'a..b' = '1.2.3.4' }", "names: 'a..b' is not a host name"),
        (POINT + "names = { a = '1.2.3' }", "names: a: '1.2.3' is not an IPv4 address"),
        (POINT.replace("x", "y") * 33, "33 networks, 32 at most"),
        ("[board", "not TOML"),
    ],
)
def test_mistakes(tmp_path, text, complaint):
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    message = caught.value.message
    assert complaint in message
    assert message.startswith(str(tmp_path)) and "\n" not in message


def test_mistake_on_the_command_line(tmp_path, home):
    path = tmp_path / "bad.toml"
    path.write_text("[board]\nheap = 3\n")
    words = [sys.executable, "-m", "airwire", "board", "up", "--config"]
    for config_path, complaint in ((path, "heap"), (tmp_path / "none.toml", "No such file")):
        done = subprocess.run(
            [*words, str(config_path)], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("airwire: ") and done.stderr.count("\n") == 1
        assert complaint in done.stderr
    assert not home.exists()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("present", "off", False),
        ("dhcp", "true", True),
        ("rssi", "-70", -70),
        ("password", "1234 5678", "1234 5678"),
        ("names", "a.b=1.2.3.4,c=5.6.7.8", {"a.b": "1.2.3.4", "c": "5.6.7.8"}),
    ],
)
def test_changes_as_typed(key, text, value):
    assert config.parse_change(key, text) == value


@pytest.mark.parametrize(("key", "text"), [("present", "perhaps"), ("rssi", "loud")])
def test_bad_changes_as_typed(key, text):
    with pytest.raises(UserError):
        config.parse_change(key, text)
