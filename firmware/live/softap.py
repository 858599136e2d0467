# softap.*: the state of the soft-AP, and who is in it.
from binascii import hexlify


def get(leaf, session):
    softap = session.device.softap  # None while it is down
    if softap:
        softap.look()
    if leaf == b"client_list":
        rows = [b"!  # MAC               IP"]
        if softap:
            rows.extend(_clients(softap))
    elif softap and softap.ups:
        rows = _info(softap)
    else:
        state = b"failed" if session.device.softap_failed else b"down"
        rows = (b"state: " + state, b"clients: 0")
    return b"\r\n".join(rows)


def _clients(softap):
    # Who is there, and then with another mark who has a lease and is away.
    present = softap.ap.clients()
    known = {}
    if softap.dhcp_server:
        for address, mac in softap.dhcp_server.leases():
            known[mac] = b"%d.%d.%d.%d" % tuple(address)
    elif present:
        for row in softap.ap.wlan.status("stations"):
            if len(row) > 1 and row[1]:  # what the driver gave; older ones do not tell
                known[bytes(row[0])] = row[1].encode()
    rows = [(b"#", mac) for mac in present]
    rows += [(b"-", mac) for mac in sorted(known) if mac not in present]
    for number in range(len(rows)):
        mark, mac = rows[number]
        address = known.get(mac, b"0.0.0.0")
        yield b"%s%2d %s %s" % (mark, number, hexlify(mac, ":").upper(), address)


def _info(softap):
    ap = softap.ap
    yield b"state: up"
    yield b"ssid: " + ap.ssid
    yield b"security: " + (b"WPA2-AES" if ap.secure else b"Open")
    yield b"channel: %d" % ap.wlan.config("channel")
    yield b"ip: " + ap.wlan.ifconfig()[0].encode()
    yield b"dhcp_server: " + softap.dhcp
    yield b"dns_server: " + (b"own" if softap.dns_server else b"off")
    yield b"clients: %d" % len(ap.clients())
