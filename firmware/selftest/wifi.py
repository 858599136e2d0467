# Wi-Fi: the networks in reach. A scan holds the loop for two or three seconds, as `wlan_scan`
# does.
import sys


async def run(session, name):
    """A scan, but not beside streams, unless it was asked for by name."""
    device = session.device
    station = device.station
    if name is None and _streams(device):
        return None, None, b"", b"Streams are open"
    if station.joining:
        return None, None, b"", b"A join is under way"
    await device.quiet()
    was_on = station.wlan.active()
    try:
        found = station.scan()
    except OSError as e:
        return False, None, b"", b"Scan failed (%d)" % e.errno
    finally:
        if not was_on:
            station.wlan.active(False)
    if not found:
        return False, None, b"", b"No network in reach"
    return True, found[0][3], b"dBm", b"is the best of %d networks" % len(found)


def _streams(device):
    # Whether there is one. The table is made with the first.
    return "firmware.net.streams" in sys.modules and any(True for _ in device.streams.open())
