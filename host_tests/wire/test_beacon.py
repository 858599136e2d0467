# The status announcement: order, items that are left out, and JSON that any reader takes.
import json

from wire import beacon

EVERYTHING = b"mac,bssid,channel,ip,ssid,rssi,remote_terminal_port,time,uuid,version"


def test_order_is_the_announcement_s():
    assert beacon.chosen(EVERYTHING) == list(beacon.ORDER)
    assert beacon.chosen(b"uuid,version,mac") == [b"mac", b"version", b"uuid"]
    assert beacon.chosen(b"adc7,ssid,gpio0,mac,gpio22") == [
        b"mac",
        b"ssid",
        b"adc7",
        b"gpio0",
        b"gpio22",
    ]


def test_what_is_no_item_is_passed_over():
    assert beacon.chosen(b"") == beacon.chosen(b",, ,") == []
    assert beacon.chosen(b" mac , ip,gpio0,gpio0 ") == [b"mac", b"ip", b"gpio0"]
    for word in (b"MAC", b"macs", b"gpio", b"gpio-1", b"gpio01", b"gpio1x", b"adc", b"xgpio1"):
        assert beacon.chosen(word) == [], word


def test_pads():
    assert beacon.pad(b"gpio0") == (b"gpio", 0)
    assert beacon.pad(b"adc39") == (b"adc", 39)
    assert beacon.pad(b"ip") is None


def test_message():
    values = [(b"mac", b"58:8E"), (b"channel", 1), (b"ssid", None), (b"rssi", -40), (b"gpio0", 0)]
    values.append((b"time", 1665662949795))
    assert beacon.message(values) == (
        b'{"mac":"58:8E","channel":1,"rssi":-40,"gpio0":0,"time":1665662949795}'
    )
    assert beacon.message([]) == b"{}"


def test_quoted():
    for text in (
        "",
        "plain",
        'a"',
        "b\\",
        "\x7f",
        'a"b\\c/',
        "\n\r\t\0\x1f\x7f",
        "Z\u00fcrich",
        "\u4e2d\U0001f4f6",
    ):
        data = beacon.quoted(text.encode())
        assert json.loads(str(data, "utf-8")) == text, text
        assert not [c for c in data if c < 32]
    assert beacon.quoted(b"\x7f") == b'"\\u007f"'
    assert beacon.quoted(b"a b\x7f\x80") == b'"a b\\u007f\xc2\x80"'
    assert beacon.quoted(b"caf\xe9") == '"caf\u00e9"'.encode()  # Latin-1
