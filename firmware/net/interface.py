# The interface that a service is to use, as its variable names it.


def address(station, name, get):
    """The module's address (dotted bytes) on the interface `name`: b"wlan", b"softap" or
    b"default"; None while that is down. `get` gives the value of a variable.
    """
    if name == b"default":
        name = get(b"network.default_interface")
    if name == b"softap":
        import network

        ap = network.WLAN(network.WLAN.IF_AP)
        return ap.ifconfig()[0].encode() if ap.active() else None
    found = station.address(0)
    return None if found == b"0.0.0.0" else found
