# network.*: the address in use.

_INDEX = {b"ip": 0, b"netmask": 1, b"gateway": 2, b"dns": 3}


def get(leaf, session):
    return session.device.station.address(_INDEX[leaf])
