# The network by command: wlan_scan, network_up, network_down.
import binascii

from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import station

_INTERFACES = (b"default", b"wlan")


def _interface(args):
    # `[-i] <interface>`; only the station exists so far.
    if args and args[0] == b"-i":
        args = args[1:]
        if not args:
            raise CommandError(errors.TOO_FEW)
    if args and args[0][:1] == b"-":
        raise CommandError(errors.UNKNOWN_OPTION)
    if len(args) > 1:
        raise CommandError(errors.TOO_MANY)
    if args and args[0] not in _INTERFACES:
        raise CommandError(errors.BAD_ARGUMENT)


@command(b"wlan_scan", b"scan", 0, 1)
def wlan_scan(session, args):
    """wlan_scan [-v]
    List the networks in reach, strongest first; -v adds rate, security and the length of the name.
    """
    verbose = args == [b"-v"]
    if args and not verbose:
        raise CommandError(errors.UNKNOWN_OPTION)
    try:
        found = session.device.station.scan()
    except OSError:
        raise CommandError(errors.FAILED)
    lines = [b"! %d networks found" % len(found)]
    if verbose:
        lines.append(b"!  # Ch RSSI MAC (BSSID)       Mbps Security   Type Length Network (SSID)")
        security = session.device.station.security()
    else:
        lines.append(b"!  # Ch RSSI MAC (BSSID)       Network (SSID)")
    for i in range(len(found)):
        ssid, bssid, channel, rssi, mode, _ = found[i]
        row = b"# %2d %2d %4d %s " % (i, channel, rssi, binascii.hexlify(bssid, ":").upper())
        if verbose:
            name = (security[mode] if mode < len(security) else None) or b"Unknown"
            row += b"54 %s 0 %d " % (name, len(ssid))
        lines.append(row + ssid)
    return lines


@command(b"wlan_get_rssi", b"rssi")
def wlan_get_rssi(session, args):
    """wlan_get_rssi
    Print the signal of the access point in dBm.
    """
    rssi = session.device.station.rssi()
    if rssi is None:
        raise CommandError(errors.FAILED)
    return b"%d" % rssi


@command(b"network_up", b"nup", 0, 2)
async def network_up(session, args):
    """network_up [-i <interface>]
    Join the network of wlan.ssid, leaving another one.
    """
    _interface(args)
    link = session.device.station
    link.wanted = True
    try:
        await link.rejoin()
    except station.JoinError:
        link.wanted = False
        raise CommandError(errors.FAILED)


@command(b"network_down", b"ndo", 0, 2)
def network_down(session, args):
    """network_down [-i <interface>]
    Leave the network.
    """
    _interface(args)
    session.device.station.down()
