# How the soft-AP comes up, and what the driver's DHCP server has to do with it. Imported for that
# moment only.
import binascii

import machine
from micropython import const

from .softap import FAILED, LONELY

_OPEN = const(0)
_WPA2 = const(3)
_MASK = "255.255.255.0"
_NO_ADDRESS = "0.0.0.0"
_PROTOCOLS = {b"auto": 7, b"b": 1, b"bg": 3, b"bgn": 7}


def name(template):
    """The SSID that a template means: each # is a digit of the MAC address, which ends where they
    end.
    """
    digits = binascii.hexlify(machine.unique_id()).upper()
    left = template.count(b"#")
    ssid = bytearray(template)
    for i in range(len(ssid)):
        if ssid[i] == 35:
            ssid[i] = digits[-1 - (left - 1) % len(digits)]
            left -= 1
    return bytes(ssid)


def start(ap, passkey):
    """On the air, without the DHCP server that the driver has. Raises OSError, RuntimeError, and
    it is down then.
    """
    ap.stop()
    ap.ssid = name(ap.get(b"softap.ssid"))
    ap.secure = bool(passkey)
    settings = {"security": _WPA2 if passkey else _OPEN}
    if passkey:
        settings["key"] = passkey
    channel = ap.get(b"softap.channel")
    if channel:
        settings["channel"] = channel
    # The driver takes settings only while it is on the air: for a moment it has its own.
    try:
        ap.wlan.active(True)
        ap.wlan.config(
            ssid=ap.ssid,
            max_clients=ap.get(b"softap.max_clients"),
            protocol=_PROTOCOLS[ap.get(b"softap.rate.protocol")],
            **settings,
        )
        _move(ap, _NO_ADDRESS)
    except:
        ap.stop()
        ap.state = FAILED
        raise
    ap.state = LONELY


def serve(ap):
    """Have the driver's DHCP server serve, if it gets its port."""
    _move(ap, ap.get(b"softap.static.ip").decode())


def _move(ap, dns):
    # The driver's DHCP server is stopped, and started again with the name server set: without one
    # the driver raises in between, and it stays stopped.
    own = ap.get(b"softap.static.ip").decode()
    try:
        ap.wlan.ifconfig((own, _MASK, own, dns))
    except RuntimeError:
        if dns != _NO_ADDRESS:
            raise
