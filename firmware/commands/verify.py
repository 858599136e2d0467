# Whether a network can be joined, before its settings are kept: network_verify.
from micropython import const

from firmware import forget
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command

from .stream import integer

_CHANNELS = const(14)
_SECURITY = (b"open", b"wep", b"wpa_aes", b"wpa_tkip", b"wpa2_aes", b"wpa2_mixed", b"wpa2_tkip")
_OPEN = const(0)
_WEP = const(1)
_HEX = b"0123456789abcdefABCDEF"


def _is_hex(text, digits):
    return len(text) == digits and not text.strip(_HEX)


@command(b"network_verify", b"nve", 4, 6)
async def network_verify(session, args):
    """network_verify wifi <ssid> <bssid> <channel> [<security> <psk>]
    Join a network once, to see whether its key is right, and go back to the one that is set.
    <security>: 0 open, 1 WEP, 2 WPA-AES, 3 WPA-TKIP, 4 WPA2-AES, 5 WPA2-Mixed, 6 WPA2-TKIP; <psk>:
    the key as 64 hex digits. Both are left out for an open network.
    """
    if args[0] != b"wifi":
        raise CommandError(errors.BAD_ARGUMENT)
    if len(args) == 5 and args[4] != b"0":
        raise CommandError(errors.TOO_FEW)
    bssid = args[2].replace(b":", b"")
    security = integer(args[4], 0, len(_SECURITY) - 1) if len(args) > 4 else _OPEN
    key = args[5] if len(args) > 5 and security != _OPEN else b""
    if (
        not 0 < len(args[1]) <= 32
        or not _is_hex(bssid, 12)
        or not (security <= _WEP or _is_hex(key, 64))
    ):
        raise CommandError(errors.BAD_ARGUMENT)
    integer(args[3], 0, _CHANNELS)  # the driver finds the access point by itself
    from firmware.net import join

    settings = {
        b"wlan.ssid": args[1],
        b"wlan.bssid": bssid,
        b"wlan.passkey": key,
        b"wlan.security": _SECURITY[security],
        b"wlan.join.retries": 1,
    }
    try:
        joined = await join.verify(session.device.station, settings)
    finally:
        forget("firmware.net.join")
    if not joined:
        raise CommandError(errors.FAILED)
