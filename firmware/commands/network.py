# The network by command: wlan_scan, network_up, network_down, network_restart. The questions of
# `network_up -s` are in setup.py.
import asyncio
import binascii

from micropython import const

from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import station
from firmware.store import variables

# An access point sends a beacon as often; the driver has no newer reading in between.
_READING_MS = const(100)


def _softap(args):
    # `[-i] <interface>`, or none: True for the soft-AP, False for the station.
    if args and args[0] == b"-i":
        args = args[1:]
        if not args:
            raise CommandError(errors.TOO_FEW)
    if args and args[0][:1] == b"-":
        raise CommandError(errors.UNKNOWN_OPTION)
    if len(args) > 1:
        raise CommandError(errors.TOO_MANY)
    name = args[0] if args else b"default"
    if name == b"default":
        name = variables.get(b"network.default_interface")
    if name not in (b"wlan", b"softap"):
        raise CommandError(errors.BAD_ARGUMENT)
    return name == b"softap"


@command(b"wlan_scan", b"scan", 0, 1)
async def wlan_scan(session, args):
    """wlan_scan [-v]
    List the networks in reach, strongest first; -v adds rate, security and the length of the name.
    """
    verbose = args == [b"-v"]
    if args and not verbose:
        raise CommandError(errors.UNKNOWN_OPTION)
    found = await scan(session)
    security = session.device.station.security() if verbose else None
    return lambda: table(found, security)


async def scan(session):
    """The networks in reach, as Station.scan(). Raises CommandError."""
    await session.device.quiet()
    try:
        return session.device.station.scan()
    except OSError:
        raise CommandError(errors.FAILED)


def table(found, security=None):
    """Yield the lines of their list; with the names of security types, those of `scan -v`."""
    yield b"! %d networks found" % len(found)
    if security:
        yield b"!  # Ch RSSI MAC (BSSID)       Mbps Security   Type Length Network (SSID)"
    else:
        yield b"!  # Ch RSSI MAC (BSSID)       Network (SSID)"
    for i in range(len(found)):
        ssid, bssid, channel, rssi, mode, _ = found[i]
        row = b"# %2d %2d %4d %s " % (i, channel, rssi, binascii.hexlify(bssid, ":").upper())
        if security:
            name = (security[mode] if mode < len(security) else None) or b"Unknown"
            row += b"54 %s 0 %d " % (name, len(ssid))
        yield row + ssid


@command(b"wlan_get_rssi", b"rssi")
async def wlan_get_rssi(session, args):
    """wlan_get_rssi
    Print the signal of the access point in dBm, the average of wlan.rssi_average readings.
    """
    count = variables.get(b"wlan.rssi_average")
    total = 0
    for i in range(count):
        if i:
            await asyncio.sleep_ms(_READING_MS)
        rssi = session.device.station.rssi()
        if rssi is None:
            raise CommandError(errors.FAILED)
        total += rssi
    return b"%d" % round(total / count)


@command(b"network_up", b"nup", 0, 3)
async def network_up(session, args):
    """network_up [-s] [-i <interface>]
    Join the network of wlan.ssid, leaving another one. With -s choose one of the networks in reach
    first, by questions; it is saved. The interface softap is the module's own access point: it
    comes up.
    """
    asked = args[:1] == [b"-s"]
    softap = _softap(args[1:] if asked else args)
    if asked:
        if softap:
            raise CommandError(errors.BAD_ARGUMENT)
        from .setup import choose_network

        await choose_network(session)
    await _up(session, softap)


async def _up(session, softap):
    if softap:
        if not await session.device.access_point().up():
            raise CommandError(errors.FAILED)
        return
    link = session.device.station
    link.wanted = True
    try:
        await link.rejoin()
    except station.JoinError:
        link.wanted = False
        raise CommandError(errors.FAILED)


@command(b"network_down", b"ndo", 0, 2)
async def network_down(session, args):
    """network_down [-i <interface>]
    Leave the network, or take the module's own access point (softap) down.
    """
    await _down(session, _softap(args))


async def _down(session, softap):
    if not softap:
        session.device.station.down()
    elif session.device.softap:
        await session.device.softap.down()


@command(b"network_restart", b"nre", 0, 2)
async def network_restart(session, args):
    """network_restart [-i <interface>]
    Take an interface down and bring it up again, with its variables as they are now.
    """
    softap = _softap(args)
    await _down(session, softap)
    await _up(session, softap)
