# The soft-AP's side of network.py: its words to the supervisor and back. The driver has done what
# a call asks for when it returns: who has UDP port 67 is settled by then.

from binascii import hexlify

import _board
from micropython import const

_ADDRESSES = const(2)
_STATIONS = const(6)  # in _board.softap: where they begin

_waiting = False  # for the supervisor's answer


def _done(fields):
    global _waiting
    _waiting = False


def _tell(line):
    global _waiting
    _waiting = True
    _board.takers[b"ap-done"] = _done
    _board.hold(True)
    try:
        _board.send(line)
        while _waiting:
            _board.listen()
    finally:
        _board.hold(False)


def switch(on):
    _tell(b"ap-active %d\n" % on)


def stations():
    """Of each its address, as esp_wifi_ap_get_sta_list() has it."""
    return [(bytes.fromhex(str(mac, "ascii")),) for mac in _board.softap[_STATIONS:]]


def channel():
    """The radio's, which may be the station's network's."""
    return int(_board.softap[1])


def addresses():
    return tuple([str(part, "ascii") for part in _board.softap[_ADDRESSES:_STATIONS]])


def move(four):
    """ifconfig(): the built-in DHCP server is stopped, then started again; without a name server
    IDF gives up in between."""
    serve = four[3] != "0.0.0.0"
    _tell(b"ap-address %s %d\n" % (" ".join(four).encode(), serve))
    if not serve:
        raise RuntimeError("Wifi Unknown Error 0x5001")


def configure(c):
    """esp_wifi_set_config() with all that WLAN.config() has collected."""
    key = c["key"] if c["security"] else b""
    if c["security"] and len(key) < 8:
        raise OSError("Wifi Invalid Password")
    words = (hexlify(c["ssid"]) or b"-", c["security"], hexlify(key) or b"-", c["channel"])
    _tell(b"ap-config %s %d %s %d %d %d\n" % (words + (c["hidden"], c["max_clients"])))
