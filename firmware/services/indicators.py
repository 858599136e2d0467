# The indicators: what state of wlan, network or softap shows which pattern. All blink in step.
from firmware.store import variables

# Pattern -> steps of 100 ms that it is on, and then off.
_HALF = {b"slow_blink": 10, b"medium_blink": 4, b"fast_blink": 1}


def _lit(name, state, step):
    pattern = variables.get(b"system.indicator.state", name).split(b"|")[state]
    half = _HALF.get(pattern)
    if half is None:
        return pattern == b"static_on"
    return not step // half & 1


def wlan(device, step):
    """Off, error, connecting, connected."""
    station = device.station
    if station.state:
        state = 3
    elif station.result == 2:
        state = 2
    else:
        state = int(station.failed())
    return _lit(b"wlan", state, step)


def network(device, step):
    """No address, asking for one, address obtained."""
    return _lit(b"network", device.station.state, step)


def softap(device, step):
    """Off, error, no client, clients."""
    return _lit(b"softap", device.softap.ap.state if device.softap else device.softap_failed, step)
