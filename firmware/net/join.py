# Joining an access point: the attempts of one join, with the words and results of what went wrong.
# It works on the station (station.py) and is imported at the first join.
import asyncio
import binascii
import time

from micropython import const

from .station import (
    ABORTED,
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
    JoinError,
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
    if station.proven and station.proven[:2] != (ssid, passkey):
        station.proven = None
    result = FAILED
    key = None
    for attempt in range(station.get(b"wlan.join.retries")):
        if attempt:
            station.log.line(station.log.STATUS, b"Attempt %d" % (attempt + 1))
        await station.quiet()  # others are served before a scan blocks (again)
        if station.result == ABORTED:
            return ABORTED
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
        except MemoryError:  # other commands take it just now
            station.drop()
            station.tell(DOWN)  # gives back what can be
            result = FAILED
        if result == SUCCESS:
            station.proven = (ssid, passkey, key)
            station.ssid = ssid
            station.joins += 1
            station.since = time.time_ns()
        elif station.proven and result not in (NOT_FOUND, ABORTED):
            station.proven = key = None  # the network may be another by now: probe it again
            continue
        if result in (SUCCESS, NO_PASSKEY, BAD_SECURITY, ABORTED):
            break  # another attempt cannot change it
        if result == NOT_FOUND and not station.seen:
            key = None  # none of the hidden ones: the next probe may see it
    return result


async def verify(station, settings):
    """Join once with `settings` (name -> value) in the place of those that are set, and go back:
    whether that worked. What was connected is not any more.
    """
    get = station.get
    while station.joining:
        await station.joining.wait()
    before = station.ssid, station.proven, station.result, station.seen
    active = station.wlan.active()
    was_up = station.state == UP
    station.joining = done = asyncio.Event()
    station.result = station.verified = JOINING
    station.get = lambda name: settings[name] if name in settings else get(name)
    try:
        _leave(station)
        station.verified = result = await attempts(station)
    finally:
        _leave(station)
        station.wlan.active(active)
        station.get = get
        station.ssid, station.proven, station.result, station.seen = before
        station.joining = None
        done.set()
    if was_up and result != ABORTED:
        try:
            await station.up()
        except JoinError:
            pass  # the log says why
    return result == SUCCESS


def _leave(station):
    if station.state != DOWN:
        station.drop()
        station.log.event(b"Disassociated")


async def _probe(station, ssid, passkey):
    # -> (key to join with, join result). The key is b"" for an open network, None when the
    # network cannot be joined. Scans, which blocks, unless the network was joined before or
    # its security is given.
    station.wlan.active(True)
    security = station.get(b"wlan.security")
    if not station.proven:
        station.seen = ()
    if security != b"auto":
        return b"" if security == b"open" else passkey, JOINING
    if station.proven:
        return station.proven[2], JOINING
    hidden = False
    networks = await _look_for(station, ssid)
    station.seen = [network[1:3] for network in networks if network[0] == ssid]
    for found in networks:
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
    station.tell(ASSOCIATED)
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
    elif not wlan.ipconfig("dhcp4"):  # static before: the client stays off until it is asked
        wlan.ifconfig("dhcp")
    bssid = station.get(b"wlan.bssid").replace(b":", b"")
    bssid = None if bssid == b"0" * 12 else binascii.unhexlify(bssid)
    if bssid:
        station.seen = ((bssid, 0),)
    elif station.seen and not station.seen[0][1]:
        station.seen = ()  # that was asked for before, and is not any more
    before = wlan.status()
    wlan.connect(ssid, key or None, bssid=bssid)
    start = time.ticks_ms()
    limit = station.get(b"wlan.join.timeout")
    while True:
        if station.result == ABORTED:
            return ABORTED
        status = wlan.status()
        waited = time.ticks_diff(time.ticks_ms(), start)
        if status == _GOT_IP or station.rssi() is not None:
            if station.state == DOWN:
                _associated(station, dhcp)
                if dhcp:
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
    station.ups += 1
    station.log.line(station.log.STATUS, b"IPv4 address: " + station.address(0))
    station.tell(UP)
    station.log.event(b"Associated")
    return SUCCESS


def _associated(station, dhcp):
    station.state = ASSOCIATED
    if dhcp:
        station.log.line(station.log.STATUS, b"Obtaining IPv4 address via DHCP")


async def _until(condition, limit_ms):
    start = time.ticks_ms()
    while not condition() and time.ticks_diff(time.ticks_ms(), start) < limit_ms:
        await asyncio.sleep_ms(_POLL_MS)


def _fail(station, words, result):
    station.log.line(station.log.STATUS, b"Join failed: " + words)
    station.drop()
    return result
