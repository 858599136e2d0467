# network.*: the address in use, the buffers, when certificates end.
import sys

_INDEX = {b"ip": 0, b"netmask": 1, b"gateway": 2, b"dns": 3}


def get(leaf, session):
    if leaf == b"buffer.usage":
        udp = sys.modules.get("firmware.net.udp")  # while there are UDP streams
        return b"Rx:%d,Tx:0" % (udp.usage() if udp else 0)
    if leaf == b"tls.expiry":
        return b"\r\n".join(_expiry())
    return session.device.station.address(_INDEX[leaf])


def _expiry():
    from firmware.store import identity_rows, variables
    from wire import x509

    lines = [b"!  # Expiry               Certificate"]
    try:
        for ref, kind, _, text, end in identity_rows.rows(variables.get, False):
            if kind != b"key":
                time = b"-" if end is None else x509.iso(end)
                lines.append(b"# %2d %-20s %s (%s)" % (len(lines) - 1, time, ref, text))
    finally:
        identity_rows.drop()
    return lines
