# network.*: the address in use, the buffers, when certificates end.
import sys

_INDEX = {b"ip": 0, b"netmask": 1, b"gateway": 2, b"dns": 3}


def get(leaf, session):
    if leaf == b"buffer.usage":
        udp = sys.modules.get("firmware.net.udp")  # imported with the first UDP stream
        return b"Rx:%d,Tx:0" % (udp.usage() if udp else 0)
    if leaf == b"tls.expiry":
        from firmware import forget
        from firmware.store import identities, variables

        forget("firmware.store.identities")
        return b"\r\n".join(identities.expiries(variables.get))
    return session.device.station.address(_INDEX[leaf])
