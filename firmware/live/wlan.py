# wlan.*: the station's state, and what became of its links.
import time

from firmware.net import link
from firmware.net.station import DOWN


def get(leaf, session):
    station = session.device.station
    if leaf == b"mac":
        return station.mac_text()
    if leaf == b"join.result":
        return station.result
    if leaf == b"verify.result":
        return station.verified
    if leaf == b"network.status":
        return station.state
    return b"\r\n".join(_info(station))


def _info(station):
    lines = [b"down"]
    if station.state != DOWN:
        lines = [
            b"%s %d dBm %s" % (station.ssid, station.rssi() or 0, station.address(0)),
            b"bssid: " + (link.bssid(station) or b"unknown"),
            b"channel: %d" % link.channel(station),
            b"netmask: " + station.address(1),
            b"gateway: " + station.address(2),
            b"dns: " + station.address(3),
            b"connected: %d s" % ((time.time_ns() - station.since) // 1_000_000_000),
        ]
    lines.append(b"joins: %d" % station.joins)
    lines.append(b"lost: %d" % station.losses)
    return lines
