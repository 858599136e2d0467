# What is known of the access point that the station has joined. Imported on first use.
import binascii


def channel(station):
    return station.wlan.config("channel")


def bssid(station):
    """Its address as text, or None where it is not known: the driver does not tell it, so it is
    the one on this channel that the probe saw under this name, where there is one alone.
    """
    here = channel(station)
    found = [bssid for bssid, at in station.seen if at in (0, here)]
    return binascii.hexlify(found[0], ":").upper() if len(found) == 1 else None
