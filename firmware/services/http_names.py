# By which names and addresses the HTTP server may be called. Whoever calls it by another one was
# led here by a stranger's DNS. Imported to look at one name; nothing of it stays in RAM.
import sys

import network

from firmware.store import variables


def is_ours(device, host):
    """Whether `host` (bytes, lower case) is the module."""
    ap = network.WLAN(network.WLAN.IF_AP)
    for wlan in (device.station.wlan, ap):
        if wlan.active() and host != b"0.0.0.0" and host == wlan.ifconfig()[0].encode():
            return True
    # The chip's own responder and the router have this name; ours may have found it taken.
    if _is_named(host, network.hostname().encode()):
        return True
    mdns = sys.modules.get("firmware.services.mdns")
    if mdns and mdns.running and mdns.running.told and _is_named(host, mdns.running.told):
        return True
    get = variables.get
    # Names that only our own DNS server gives: elsewhere they may be somebody's.
    if ap.active() and get(b"softap.dns_server.enabled"):
        if _is_among(host, get(b"softap.dns_server.url")):
            return True
    return _is_among(host, get(b"http.server.hosts"))


def _is_named(host, name):
    name = name.lower()
    return host == name or host == name + b".local"


def _is_among(host, names):
    for name in names.lower().split(b","):
        name = name.strip()
        if name == b"*" or name == host:
            return True
    return False
