# Discovery: the module is found as <mdns.name>.local, with the services of mdns.service, by mDNS;
# and by LLMNR and NetBIOS (windows_names.py), once mDNS has settled that the name is ours.
#
# The chip has a responder of its own, which takes the port with the station's first address and
# gives it back when the station is switched off. So ours is opened before a join; where it comes
# too late, the chip's answers for the name, without services, until the network is restarted.
#
# Most of what is heard is about others. So the codec sleeps, and is not in RAM, while nothing has
# been about us for a while: until then a datagram has to have a part of our names in it. What is
# needed when a link comes is in mdns_link.py, and in RAM only then.
import asyncio
import sys
import time

from micropython import const

from firmware import forget, forget_parts
from firmware.console import log
from firmware.net.station import ASSOCIATED, UP
from firmware.net.udp_port import SIZE

from .name_heard import about

_EVERYBODY = ("224.0.0.251", 5353)
# A new datagram may be due earlier than what a task sleeps for: the shortest delay is 20 ms.
_STEP_MS = const(20)
# The soft-AP comes and goes, and DHCP may give another address while a link stays up.
_LOOK_MS = const(1000)
_WAKEFUL = const(10)  # looks until the codec sleeps: longer than all its delays
# For the radio to send the goodbye before it leaves.
_GOODBYE_MS = const(10)

running = None  # the service, for live/mdns.py


def create(device):
    return Mdns(device.station, *_link().settings(device.station))


def _link():
    # Forgotten at once: it is in RAM for as long as the call takes that it is asked for.
    from . import mdns_link

    forget("firmware.services.mdns_link")
    return mdns_link


def _forget_codec():
    forget("wire.mdns")
    forget("wire.mdns_records")
    if "wire.dns_server" not in sys.modules:
        forget("wire.dns")


class Mdns:
    """`ap` is the WLAN of the soft-AP where that is served, `name` the one that is wanted, `codec`
    a wire.mdns.Responder for it.
    """

    def __init__(self, station, ap, name, codec):
        self.station = station
        self.ap = ap
        self.wanted = name
        self.codec = codec
        self._buf = bytearray(SIZE)  # of the codec while it is awake
        self._held = self._heads = None  # of the codec while it sleeps
        self._quiet = 0  # looks since something was about us
        self.port = None
        self.net = None  # the link, while it is up
        self._later = None  # task that sends what is due later
        self.told = None  # the name that the log has
        self._windows = ()  # ports of windows_names

    # The service

    async def run(self):
        """Service: answers until it is cancelled, and then says goodbye."""
        global running
        watchers = self.station.watchers
        watchers.append(self._follow)
        running = self
        try:
            if not self._addresses():
                _link().take_port(self)
            while True:
                self._look()
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            running = None
            watchers.remove(self._follow)
            self._leave()
            if self.port:
                self.port.close()
            _forget_codec()
            forget_parts("discovery")

    def softap_down(self):
        """The soft-AP is about to go down."""
        if self.ap:
            self._leave()

    def _follow(self, state):
        # The station is about to join, is up, or is about to leave.
        if state == ASSOCIATED:
            _link().associated(self)
        elif state == UP:
            self._look()
        elif not self.ap:
            self._leave()

    def _addresses(self):
        # Address and netmask of the interface (dotted bytes), or None while it is down.
        if self.ap:
            if self.ap.active():
                return [part.encode() for part in self.ap.ifconfig()[:2]]
        elif self.station.state == UP:
            return self.station.address(0), self.station.address(1)
        return None

    def _look(self):
        found = self._addresses()
        if not found:
            self._leave()
        elif not self.net or self.net.address != found[0]:
            self._leave()
            _link().arrive(self, *found)
        elif self.port and self.codec:
            self.send()  # what found no memory before
        if self.codec:
            self._quiet += 1
            if self._quiet > _WAKEFUL and not self._later:
                self._sleep()

    def _leave(self):
        # Say goodbye, while there is still a link to say it on.
        if not self.net:
            return
        if self._later:
            self._later.cancel()
            self._later = None
        if self.port:
            try:
                self.awake().stop(time.ticks_ms())
                if self._flush():
                    time.sleep_ms(_GOODBYE_MS)
            except MemoryError:
                pass  # the records end by their time
            self.port.net = None
        self.settle(None)
        self.net = self.told = None

    def tell(self, name):
        """Log under which name the module is found."""
        if name != self.told:
            self.told = name
            log.line(log.STATUS, b"mDNS domain: %s.local" % name)

    def settle(self, name):
        """The name is ours; None: no longer."""
        for port in self._windows:
            port.close()
        self._windows = ()
        if name:
            from . import windows_names

            forget("firmware.services.windows_names")
            self._windows = windows_names.serve(name, self.net, self.station.mac())

    # The codec

    def awake(self):
        """The codec, awake."""
        self._quiet = 0
        if not self.codec:
            from wire import mdns

            self._buf = bytearray(SIZE)
            self.codec = mdns.awake(self._held)
            self._held = self._heads = None
        return self.codec

    def _sleep(self):
        self._heads = self.codec.heads()
        self._held = self.codec.held()
        self.codec = self._buf = None
        _forget_codec()

    # Datagrams

    def process(self, data, peer):
        """The reply to a datagram that has come, or None."""
        if not self.codec and not about(data, self._heads):
            return None
        responder = self.awake()
        buf = self._buf
        length = len(data)
        buf[:length] = data
        size = responder.process(buf, length, peer, time.ticks_ms())
        return memoryview(buf)[:size] if size else None

    def heard(self):
        """Datagrams were processed. In the pump: no port may be opened or closed here."""
        if self.net and self.codec:
            self.send()

    def _flush(self):
        # Multicast all that is due; returns how many datagrams.
        count = 0
        while True:
            size = self.codec.poll(time.ticks_ms(), self._buf)
            if not size:
                return count
            self.port.send(memoryview(self._buf)[:size], _EVERYBODY)
            count += 1

    def send(self):
        """Multicast all that is due, now and later."""
        self._flush()
        if not self._later and self._wait() is not None:
            self._later = asyncio.create_task(self._send_later())

    async def _send_later(self):
        # It holds nothing of the codec, which does not sleep while it runs: asyncio's queue may
        # keep a task that has ended, and that would keep the codec in RAM.
        settled = self._is_settled()
        try:
            while True:
                wait = self._wait()
                if wait is None:
                    break
                await asyncio.sleep_ms(max(1, min(wait, _STEP_MS)))
                self._flush()
                settled = self._follow_names(settled)
        finally:
            if self._later is asyncio.current_task():
                self._later = None

    def _is_settled(self):
        return self.codec.established

    def _wait(self):
        return self.codec.wait(time.ticks_ms())

    def _follow_names(self, settled):
        # Whether the names are ours now; `settled`: whether they were.
        codec = self.codec
        if codec.established != settled:
            settled = not settled
            if settled:
                self.tell(codec.name)
            self.settle(codec.name if settled else None)
        return settled
