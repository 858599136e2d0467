# What discovery by mDNS does when it starts, and when its link comes: the settings, the port, the
# first words. Forgotten after each use; what runs from then on is mdns.py's business.
import binascii
import errno
import random
import time

import network
from micropython import const

from firmware import forget
from firmware.console import log
from firmware.net import sockets
from firmware.net.subnet import Subnet, packed
from firmware.net.udp_port import Port
from firmware.store import variables

_PORT = const(5353)  # as in wire.mdns
_GROUP = b"224.0.0.251"
_HOSTNAME = const(32)  # the driver takes no longer one


def _own_name(text, mac):
    """mdns.name with the end of the MAC address in place of each #."""
    digits = binascii.hexlify(mac)
    left = text.count(b"#")
    name = b""
    for part in text.split(b"#"):
        name += part + digits[len(digits) - left : len(digits) - left + 1]
        left -= 1
    return name


def settings(station):
    """What the variables ask for: the arguments of mdns.Mdns behind the station."""
    interface = variables.get(b"mdns.interface")
    if interface == b"default":
        interface = variables.get(b"network.default_interface")
    ap = network.WLAN(network.WLAN.IF_AP) if interface == b"softap" else None
    name = _own_name(variables.get(b"mdns.name"), station.mac())
    from wire import mdns

    return ap, name, mdns.Responder(name, _services(name), variables.get(b"mdns.ttl"))


def _services(name):
    # Those of mdns.service.
    text = variables.get(b"mdns.service")
    if not text:
        return ()
    from wire import mdns_service

    try:
        return mdns_service.parse(text, name)
    except ValueError as e:  # from a settings file that nobody has checked
        log.line(log.STATUS, b"mdns.service: %s" % e.args[0].encode())
        return ()
    finally:
        forget("wire.mdns_service")


def take_port(service):
    """Take the port, if it is not ours already; returns the error's number."""
    if service.port is None:
        try:
            service.port = Port(_PORT, service.process)
            service.port.heard = service.heard
        except OSError as e:
            if e.errno != errno.EADDRINUSE:
                log.line(log.STATUS, b"mDNS: " + sockets.reason(e))
            return e.errno
    return 0


def associated(service):
    """The station is about to join."""
    network.hostname(service.wanted[:_HOSTNAME].decode())
    if take_port(service) == errno.EADDRINUSE:
        service.station.wlan.active(False)  # a reset by Ctrl-D left the chip's responder
        take_port(service)


def arrive(service, address, mask):
    """The link is up, with this address and netmask (dotted bytes)."""
    failure = take_port(service)
    responder = service.awake()
    service.net = net = Subnet(address, mask)
    port = service.port
    if port:
        log.line(log.STATUS, b"Starting mDNS")
        port.net = net
        if service.ap:
            port.use(service.ap.config("ifname"))
        port.join(_GROUP)
        responder.start(packed(address), time.ticks_ms(), random.getrandbits(16))
        service.tell(responder.name)
        service.send()
    else:
        if failure == errno.EADDRINUSE:
            log.line(log.STATUS, b"mDNS: the chip's responder is used until network_restart")
        service.settle(service.wanted)
