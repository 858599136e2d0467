# Discovery: the module is found as <mdns.name>.local, with the services of mdns.service, by mDNS;
# and by LLMNR and NetBIOS (windows_names.py), once mDNS has settled that the name is ours.
#
# The chip has a responder of its own, which takes the port with the station's first address and
# gives it back when the station is switched off. So ours is opened before a join; where it comes
# too late, the chip's answers for the name, without services, until the network is restarted.
#
# Most of what is heard is about others. So the codec sleeps, and is not in RAM, while nothing has
# been about us for a while: until then a datagram has to have a part of our names in it.
import asyncio
import binascii
import errno
import random
import sys
import time

import network
from micropython import const

from firmware import forget
from firmware.console import log
from firmware.net import sockets
from firmware.net.station import ASSOCIATED, UP
from firmware.net.subnet import Subnet, packed
from firmware.net.udp_port import Port
from firmware.store import variables

from . import windows_names

_PORT = const(5353)  # as in wire.mdns
_GROUP = b"224.0.0.251"
_EVERYBODY = (_GROUP.decode(), _PORT)
_BUFFER_SIZE = const(1472)
# A new datagram may be due earlier than what a task sleeps for: the shortest delay is 20 ms.
_STEP_MS = const(20)
# The soft-AP comes and goes, and DHCP may give another address while a link stays up.
_LOOK_MS = const(1000)
_WAKEFUL = const(10)  # looks until the codec sleeps: longer than all its delays
# For the radio to send the goodbye before it leaves.
_GOODBYE_MS = const(10)
_HOSTNAME = const(32)  # the driver takes no longer one

running = None  # the service, for live/mdns.py


def create(device):
    return Mdns(device.station)


def own_name(text, mac):
    """mdns.name with the end of the MAC address in place of each #."""
    digits = binascii.hexlify(mac)
    left = text.count(b"#")
    name = b""
    for part in text.split(b"#"):
        name += part + digits[len(digits) - left : len(digits) - left + 1]
        left -= 1
    return name


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


class Mdns:
    def __init__(self, station):
        self._station = station
        name = variables.get(b"mdns.interface")
        if name == b"default":
            name = variables.get(b"network.default_interface")
        self._ap = network.WLAN(network.WLAN.IF_AP) if name == b"softap" else None
        self._name = own_name(variables.get(b"mdns.name"), station.mac())
        from wire import mdns

        self._codec = mdns.Responder(self._name, _services(self._name), variables.get(b"mdns.ttl"))
        self._held = self._heads = None  # of the codec while it sleeps
        self._quiet = 0  # looks since something was about us
        self._buf = bytearray(_BUFFER_SIZE)
        self._port = None
        self._net = None  # the link, while it is up
        self._later = None  # task that sends what is due later
        self._told = None  # the name that the log has
        self._windows = ()  # ports of windows_names

    # What `get` shows

    def domain(self):
        """The name under which the module is found, or tries to be; b"" while the link is
        down.
        """
        if not self._net:
            return b""
        name = self._name
        if self._port:
            name = self._codec.name if self._codec else self._told
        return name + b".local"

    def answerer(self):
        """Who answers: b"module", b"chip", b"none" while the link is down."""
        if not self._net:
            return b"none"
        return b"module" if self._port else b"chip"

    # The service

    async def run(self):
        """Service: answers until it is cancelled, and then says goodbye."""
        global running
        watchers = self._station.watchers
        watchers.append(self._follow)
        running = self
        try:
            if not self._addresses():
                self._open()
            while True:
                self._look()
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            running = None
            watchers.remove(self._follow)
            self._leave()
            if self._port:
                self._port.close()

    def softap_down(self):
        """The soft-AP is about to go down."""
        if self._ap:
            self._leave()

    def _follow(self, state):
        # The station is about to join, is up, or is about to leave.
        if state == ASSOCIATED:
            network.hostname(self._name[:_HOSTNAME].decode())
            if self._open() == errno.EADDRINUSE:
                self._station.wlan.active(False)  # a reset by Ctrl-D left the chip's responder
                self._open()
        elif state == UP:
            self._look()
        elif not self._ap:
            self._leave()

    def _addresses(self):
        # Address and netmask of the interface (dotted bytes), or None while it is down.
        if self._ap:
            if self._ap.active():
                return [part.encode() for part in self._ap.ifconfig()[:2]]
        elif self._station.state == UP:
            return self._station.address(0), self._station.address(1)
        return None

    def _look(self):
        found = self._addresses()
        if not found:
            self._leave()
        elif not self._net or self._net.address != found[0]:
            self._leave()
            self._arrive(Subnet(*found))
        elif self._port and self._codec:
            self._send()  # what found no memory before
        if self._codec:
            self._quiet += 1
            if self._quiet > _WAKEFUL and not self._later:
                self._sleep()

    def _open(self):
        # Take the port, if it is not ours already; returns the error's number.
        if self._port is None:
            try:
                self._port = Port(_PORT, self._buf, self._process)
                self._port.heard = self._heard
            except OSError as e:
                if e.errno != errno.EADDRINUSE:
                    log.line(log.STATUS, b"mDNS: " + sockets.reason(e))
                return e.errno
        return 0

    def _arrive(self, net):
        failure = self._open()
        responder = self._awake()
        self._net = net
        if self._port:
            log.line(log.STATUS, b"Starting mDNS")
            self._port.net = net
            if self._ap:
                self._port.use(self._ap.config("ifname"))
            self._port.join(_GROUP)
            seed = random.getrandbits(16)
            responder.start(packed(net.address), time.ticks_ms(), seed)
            self._tell(responder.name)
            self._send()
        else:
            if failure == errno.EADDRINUSE:
                log.line(log.STATUS, b"mDNS: the chip's responder is used until network_restart")
            self._settle(self._name)

    def _leave(self):
        # Say goodbye, while there is still a link to say it on.
        if not self._net:
            return
        if self._later:
            self._later.cancel()
            self._later = None
        if self._port:
            try:
                self._awake().stop(time.ticks_ms())
                if self._flush():
                    time.sleep_ms(_GOODBYE_MS)
            except MemoryError:
                pass  # the records end by their time
            self._port.net = None
        self._settle(None)
        self._net = self._told = None

    def _tell(self, name):
        if name != self._told:
            self._told = name
            log.line(log.STATUS, b"mDNS domain: %s.local" % name)

    def _settle(self, name):
        # The name is ours; None: no longer.
        for port in self._windows:
            port.close()
        self._windows = ()
        if name:
            mac = self._station.mac()
            self._windows = windows_names.serve(name, self._net, mac, self._buf)

    # The codec

    def _awake(self):
        self._quiet = 0
        if not self._codec:
            from wire import mdns

            self._codec = mdns.awake(self._held)
            self._held = self._heads = None
        return self._codec

    def _sleep(self):
        self._heads = self._codec.heads()
        self._held = self._codec.held()
        self._codec = None
        forget("wire.mdns")
        forget("wire.mdns_records")
        if "wire.dns_server" not in sys.modules:
            forget("wire.dns")

    # Datagrams

    def _process(self, buf, length, peer):
        if not self._codec and not windows_names.about(buf, length, self._heads):
            return 0
        return self._awake().process(buf, length, peer, time.ticks_ms())

    def _heard(self):
        # In the pump: no port may be opened or closed here.
        if self._net and self._codec:
            self._send()

    def _flush(self):
        # Multicast all that is due; returns how many datagrams.
        count = 0
        while True:
            size = self._codec.poll(time.ticks_ms(), self._buf)
            if not size:
                return count
            self._port.send(size, _EVERYBODY)
            count += 1

    def _send(self):
        self._flush()
        if not self._later and self._codec.wait(time.ticks_ms()) is not None:
            self._later = asyncio.create_task(self._send_later())

    async def _send_later(self):
        responder = self._codec  # it does not sleep while this runs
        settled = responder.established
        try:
            while True:
                wait = responder.wait(time.ticks_ms())
                if wait is None:
                    break
                await asyncio.sleep_ms(max(1, min(wait, _STEP_MS)))
                self._flush()
                if responder.established != settled:
                    settled = not settled
                    if settled:
                        self._tell(responder.name)
                    self._settle(responder.name if settled else None)
        finally:
            if self._later is asyncio.current_task():
                self._later = None
