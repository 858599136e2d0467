# Joining an access point: the attempts of one join, with the words and results of what went wrong.
# It works on the station (station.py) and is imported at the first join.
import asyncio
import binascii
import time

from micropython import const

from .station import (
    ASSOCIATED,
    BAD_SECURITY,
    DOWN,
    FAILED,
    JOINING,
    NO_PASSKEY,
    NO_SSID,
    NOT_FOUND,
    SUCCESS,
    UP,
)

# The driver has no event for us, and a join takes seconds.
_POLL_MS = const(50)
_LEAVE_MS = const(1000)  # for the driver to leave a network that it kept through a soft reset
# MicroPython's driver goes on reporting why the last attempt failed until the new one succeeds, so
# the same failure is believed again only after this long; a wrong password is seen within 4 s.
_SAME_FAILURE_MS = const(5000)

_GOT_IP = const(1010)
_CONNECTING = const(1001)
_IDLE = const(1000)

# What the driver's status means: words for the log, join result.
_REASONS = {
    200: (b"access point lost", FAILED),
    201: (b"SSID not found", NOT_FOUND),
    202: (b"wrong password", FAILED),
    203: (b"association refused", FAILED),
    204: (b"wrong password", FAILED),  # the handshake of keys timed out
    210: (b"security does not match", NO_PASSKEY),
    211: (b"security does not match", BAD_SECURITY),
    212: (b"signal too weak", FAILED),
    15: (b"wrong password", FAILED),  # 4-way handshake time-out
}

# WLAN.scan()'s authmode -> name and whether a passkey is needed. 5 (enterprise) and unknown ones
# are not supported.
SECURITY = (
    b"Open",
    b"WEP",
    b"WPA-TKIP",
    b"WPA2-AES",
    b"WPA2-Mixed",
    None,
    b"WPA3-AES",
    b"WPA2-WPA3",
)

# What the driver calls the values of wlan.powersave.mode and wlan.rate.protocol.
_POWER_SAVE = {b"off": 0, b"performance": 1, b"powersave": 2}
_PROTOCOLS = {b"auto": 7, b"b": 1, b"bg": 3, b"bgn": 7}


async def attempts(station):
    """Join the network that is set, in as many attempts as are allowed: the join result."""
    ssid = station.get(b"wlan.ssid")
    if not ssid:
        return NO_SSID
    station.log.event(b"Associating to " + ssid)
    passkey = station.get(b"wlan.passkey")
    if 0 < len(passkey) < 8:
        station.log.line(station.log.STATUS, b"The passkey is shorter than 8 characters")
        return FAILED
    result = FAILED
    key = None
    for attempt in range(station.get(b"wlan.join.retries")):
        if attempt:
            station.log.line(station.log.STATUS, b"Attempt %d" % (attempt + 1))
        await asyncio.sleep_ms(_POLL_MS)  # others are served before a scan blocks (again)
        try:
            if key is None:
                key, result = await _probe(station, ssid, passkey)
            if key is not None:
                result = await _attempt(station, ssid, key)
        except OSError as e:
            station.log.line(
                station.log.STATUS, b"Join failed: driver error %s" % str(e.args[0]).encode()
            )
            result = FAILED
        if result == SUCCESS:
            station.proven = (ssid, passkey)
            station.ssid = ssid
        if result in (SUCCESS, NO_PASSKEY, BAD_SECURITY):
            break  # another attempt cannot change it
    return result


async def _probe(station, ssid, passkey):
    # -> (key to join with, join result). The key is b"" for an open network, None when the
    # network cannot be joined. Scans, which blocks, unless the network was joined before or
    # its security is given.
    station.wlan.active(True)
    security = station.get(b"wlan.security")
    if station.proven == (ssid, passkey) or security != b"auto":
        return b"" if security == b"open" else passkey, JOINING
    hidden = False
    for found in await _look_for(station, ssid):
        if found[0] == ssid:
            mode = found[4]
            name = SECURITY[mode] if mode < len(SECURITY) else None
            if name is None:
                station.log.line(
                    station.log.STATUS, b"Join failed: security type %d is not supported" % mode
                )
                return None, BAD_SECURITY
            station.log.line(station.log.STATUS, b"Security type from probe: " + name)
            if mode and not passkey:
                station.log.line(station.log.STATUS, b"Join failed: the network needs a passkey")
                return None, NO_PASSKEY
            return passkey if mode else b"", JOINING
        hidden = hidden or not found[0]
    if hidden:
        return (
            passkey,
            JOINING,
        )  # one of the hidden networks may be ours: asking for it by name tells
    station.log.line(station.log.STATUS, b"Join failed: SSID not found")
    return None, NOT_FOUND


async def _look_for(station, ssid):
    # The networks in reach, after as many scans as it takes to see one, or are allowed.
    for _ in range(station.get(b"wlan.scan.retries")):
        found = station.wlan.scan()
        if ssid in [network[0] for network in found]:
            return found
        await asyncio.sleep_ms(_POLL_MS)
    return station.wlan.scan()


async def _attempt(station, ssid, key):
    # One association and address. -> join result
    wlan = station.wlan
    dhcp = station.get(b"network.dhcp.enabled")
    wlan.active(True)
    wlan.config(
        reconnects=0,  # attempts are counted here, not in the driver
        txpower=station.get(b"wlan.tx_power"),
        pm=_POWER_SAVE[station.get(b"wlan.powersave.mode")],
        protocol=_PROTOCOLS[station.get(b"wlan.rate.protocol")],
    )
    if station.rssi() is not None:
        wlan.disconnect()
        await _until(lambda: station.rssi() is None, _LEAVE_MS)
    if not dhcp:
        wlan.ifconfig(
            tuple(
                [
                    station.get(b"static." + f).decode()
                    for f in (b"ip", b"netmask", b"gateway", b"dns")
                ]
            )
        )
    bssid = station.get(b"wlan.bssid").replace(b":", b"")
    bssid = None if bssid == b"0" * 12 else binascii.unhexlify(bssid)
    before = wlan.status()
    wlan.connect(ssid, key or None, bssid=bssid)
    start = time.ticks_ms()
    limit = station.get(b"wlan.join.timeout")
    while True:
        status = wlan.status()
        waited = time.ticks_diff(time.ticks_ms(), start)
        if status == _GOT_IP or station.rssi() is not None:
            if station.state == DOWN:
                station.state = ASSOCIATED
                if dhcp:
                    station.log.line(station.log.STATUS, b"Obtaining IPv4 address via DHCP")
                    limit = waited + station.get(b"network.dhcp.timeout") * 1000
            if status == _GOT_IP:
                break
        elif station.state == ASSOCIATED:
            return _fail(station, *_REASONS.get(status, _REASONS[200]))
        elif (
            status != _CONNECTING
            and status != _IDLE
            and (status != before or waited > _SAME_FAILURE_MS)
        ):
            return _fail(station, *_REASONS.get(status, (b"reason %d" % status, FAILED)))
        if waited > limit:
            return _fail(
                station, b"no DHCP answer" if station.state == ASSOCIATED else b"time-out", FAILED
            )
        await asyncio.sleep_ms(_POLL_MS)
    station.state = UP
    station.log.line(station.log.STATUS, b"IPv4 address: " + station.address(0))
    station.log.event(b"Associated")
    return SUCCESS


async def _until(condition, limit_ms):
    start = time.ticks_ms()
    while not condition() and time.ticks_diff(time.ticks_ms(), start) < limit_ms:
        await asyncio.sleep_ms(_POLL_MS)


def _fail(station, words, result):
    station.log.line(station.log.STATUS, b"Join failed: " + words)
    station.drop()
    return result
