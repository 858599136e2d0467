"""The radio in words: the control lines by which the firmware speaks to it, and what the numbers
of WLAN.status() mean to a person, as the firmware's console says it. The radio itself is `air`.
"""

from dataclasses import asdict
from typing import Any

from airwire.board import air
from airwire.board.air import Addresses, Station
from airwire.board.softap import Settings, SoftAp

_WORDS = {
    air.IDLE: "idle",
    air.CONNECTING: "connecting",
    air.GOT_IP: "joined",
    air.HANDSHAKE_FAILED: "wrong password",
    air.BEACON_TIMEOUT: "access point lost",
    air.NO_AP: "SSID not found",
    air.AUTH_FAIL: "wrong password",
    air.ASSOC_FAIL: "association refused",
    air.WRONG_SECURITY: "security does not match",
}


def words(status: int) -> str:
    """A status in words; the number itself where it has none."""
    return _WORDS.get(status, f"status {status}")


def summary(station: Station) -> dict[str, Any]:
    """What a board's status tells of its station."""
    return {
        "status": station.status,
        "ssid": station.joined.ssid if station.joined else None,
        "address": asdict(station.address) if station.address else None,
    }


def ap_summary(softap: SoftAp) -> dict[str, Any]:
    """What a board's status tells of its soft-AP."""
    return {
        "active": softap.active,
        "ssid": softap.settings.ssid.decode("utf-8", "replace"),
        "ip": softap.address.ip,
        "stations": softap.stations,
    }


def _unhex(word: str) -> bytes:
    return b"" if word == "-" else bytes.fromhex(word)


def _connect(station: Station, words: list[str], now: float) -> list[str]:
    hostname = _unhex(words[4]) if len(words) > 4 else b""
    bssid = _unhex(words[3]).hex()
    return station.connect(_unhex(words[1]), _unhex(words[2]), bssid, now, hostname)


def _static(station: Station, words: list[str], now: float) -> list[str]:
    return station.static(None if words[1] == "-" else Addresses(*words[1:5]), now)


# Line: (station, its words, the time) -> lines for the firmware.
LINES = {
    "wlan-active": lambda station, words, now: station.active(words[1] == "1", now),
    "wlan-connect": _connect,
    "wlan-disconnect": lambda station, words, now: station.disconnect(now),
    "wlan-reconnects": lambda station, words, now: station.reconnects(int(words[1]), now),
    "wlan-address": _static,
    "scan": lambda station, words, now: station.scan(now),
}


def _configure(softap: SoftAp, words: list[str]) -> list[str]:
    security, channel, hidden, most = (int(words[i]) for i in (2, 4, 5, 6))
    ssid, key = _unhex(words[1]), _unhex(words[3])
    return softap.configure(Settings(ssid, security, key, channel, bool(hidden), most))


# The same for the soft-AP: (soft-AP, words) -> lines for the firmware.
AP_LINES = {
    "ap-active": lambda softap, words: softap.switch(words[1] == "1"),
    "ap-config": _configure,
    "ap-address": lambda softap, words: softap.move(Addresses(*words[1:5]), words[5] == "1"),
}
