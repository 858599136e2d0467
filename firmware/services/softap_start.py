# How the soft-AP and its servers come up, in the order that the driver's own DHCP server makes
# necessary. Imported for that moment only.
from micropython import const

from firmware import forget
from firmware.console import log
from firmware.net import sockets, softap_start
from firmware.net.softap import FAILED
from firmware.net.subnet import packed
from firmware.services import dhcp_server

_MASK = b"\xff\xff\xff\x00"
_FIRST = const(2)  # of the pool, unless the module itself has an address in it


def start(service):
    """Bring all of it up: None, or why its address cannot be. Raises OSError, RuntimeError: of the
    driver.
    """
    ap = service.ap
    text = ap.get(b"softap.static.ip")
    own = packed(text)
    refusal = _unfit(own, service.device.station)
    if refusal:
        ap.stop()
        ap.state = FAILED
        return b"%s %s" % (text, refusal)
    key = _passkey(ap.get)
    ap.stop()  # it may be up since before a soft reset
    server = refusal = None
    if ap.get(b"softap.dhcp_server.enabled"):
        server = dhcp_server.create(service.device)
        service.dhcp_server = server
        refusal = _open(server)
    softap_start.start(ap, key)
    log.line(log.STATUS, b"Soft-AP: %s%s" % (ap.ssid, b"" if key else b" (open)"))
    log.line(log.STATUS, b"IPv4 address: " + text)
    if refusal:  # the driver's own server may have had it, which is stopped by now
        refusal = _open(server)
    interface = ap.wlan.config("ifname")
    _start_dns(service, own, interface)
    if server and not refusal:
        server.serve(_pool(ap.get, own, service.dns_server), interface)
        service.dhcp = b"own"
        service.device.start("dhcp server", server.run)
    elif server:
        service.dhcp_server = None
        softap_start.serve(ap)
        service.dhcp = b"built-in"
        log.line(log.STATUS, b"DHCP: %s: the built-in server serves" % refusal)
    log.event(b"Soft-AP up")
    return None


def _unfit(own, station):
    # Why `own` cannot be the address, or None.
    if own[3] in (0, 255):
        return b"is the network's own or its broadcast address"
    other, mask = packed(station.address(0)), packed(station.address(1))
    if any(other) and not any((own[i] ^ other[i]) & mask[i] & _MASK[i] for i in range(4)):
        return b"is in the network that the station has joined"
    return None


def _passkey(get):
    # b"" for an open network. Another one is made when it was set to what stands for it.
    if get(b"softap.passkey") == b"********":
        from firmware.services import passkey

        passkey.make()
        forget("firmware.services.passkey")
    return get(b"softap.passkey")


def _open(server):
    # None, or why there is no port for our server.
    try:
        server.open()
    except OSError as e:
        return sockets.reason(e)
    return None


def _pool(get, own, dns):
    # What clients get and are told, by the variables: the arguments of wire.dhcp.Server.
    count = get(b"softap.dhcp_server.pool")
    first = _FIRST
    if first <= own[3] < first + count:
        first = own[3] + 1
    portal = b""
    if get(b"softap.captive_portal_enabled"):
        portal = b"http://%s/" % get(b"softap.static.ip")
    return (
        own,
        _MASK,
        own[:3] + bytes((first,)),
        count,
        get(b"softap.dhcp_server.lease_time"),
        own,
        own if dns else b"",
        get(b"softap.dhcp_server.domain"),
        portal,
    )


def _start_dns(service, own, interface):
    names = service.ap.get(b"softap.dns_server.url").split(b",")
    names = [name.strip() for name in names if name.strip()]
    # Without names there is nothing to answer, and a socket saved.
    if not (service.ap.get(b"softap.dns_server.enabled") and names or service.every):
        return
    from firmware.services import dns_server

    try:
        service.dns_server = dns_server.create(names, own, interface, service.every)
    except OSError as e:
        log.line(log.STATUS, b"DNS: " + sockets.reason(e))
        return
    service.device.start("dns server", service.dns_server.run)
