# The soft-AP as a service: the access point, its DHCP and DNS servers, and its clients. It is up
# while run() runs, and the device has it, with this file, from before that to its end. Started by
# softap.auto_start and `network_up -i softap`.
import asyncio
import sys
import time
from binascii import hexlify

from micropython import const

from firmware import forget, forget_parts
from firmware.console import log
from firmware.net.softap import FAILED, SoftAp
from firmware.store import variables

_LOOK_MS = const(1000)  # between two looks at who is there


def create(device):
    """The service, on the parts of the device."""
    return SoftApService(device)


def _joined(mac):
    log.line(log.DETAIL, b"Soft-AP client joined: " + hexlify(mac, ":").upper())


def _left(mac):
    log.line(log.DETAIL, b"Soft-AP client left: " + hexlify(mac, ":").upper())


class SoftApService:
    def __init__(self, device):
        self.device = device
        self.ap = SoftAp(variables)
        self.dhcp = b"off"  # which DHCP server serves: own, or the driver's, built-in
        self.dhcp_server = self.dns_server = None  # ours, while they serve
        self.every = False  # the DNS server answers for all names: set while the module is set up
        self._settled = asyncio.Event()
        self.ups = 0  # when it came up: another number each time

    async def up(self):
        """Bring it up, or wait until it is. False when it cannot."""
        if self.ap.state <= FAILED:
            self._settled.clear()
            self.device.start("softap", self.run)
            await self._settled.wait()
        return self.ap.state > FAILED

    async def down(self):
        """Take it down; it is down when this returns."""
        task = self.device.stop("softap")
        while task and not task.done():
            await asyncio.sleep_ms(1)
        # When it had not begun to come up:
        self._settled.set()
        self._gone()

    def _gone(self):
        if self.device.softap is self:
            self.device.softap = None
            forget_parts("soft-AP")

    def close(self):
        """Off the air at once; for the end of the firmware too, when no `finally` runs."""
        for name in ("dhcp server", "dns server"):
            self.device.stop(name)
        for server in (self.dhcp_server, self.dns_server):
            if server:
                server.close()
        self.dhcp_server = self.dns_server = None
        self.dhcp = b"off"
        if self.ap.state > FAILED:
            mdns = sys.modules.get("firmware.services.mdns")
            if mdns and mdns.running:
                mdns.running.softap_down()
            self.ap.stop()
            log.event(b"Soft-AP down")

    async def run(self):
        """Service: up until cancelled."""
        device = self.device
        device.softap = self
        device.softap_failed = True
        try:
            try:
                from firmware.services import softap_start

                refusal = softap_start.start(self)
                if refusal:
                    log.line(log.STATUS, b"Soft-AP: " + refusal)
                    log.event(b"Soft-AP failed")
                    return
                device.softap_failed = False
                self.ups = time.ticks_ms()
                device.network_up()
            except (OSError, RuntimeError) as e:
                log.line(log.STATUS, b"Soft-AP: driver error %s" % str(e.args[0]).encode())
                log.event(b"Soft-AP failed")
                return
            finally:
                softap_start = None
                forget("firmware.net.subnet")
                forget("firmware.services.softap_start")
                forget("firmware.net.softap_start")
                self._settled.set()
            while True:
                self.look()
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            self.close()
            self._gone()

    def look(self):
        """See who is there now."""
        if self.ap.state > FAILED:
            self.ap.look(_joined, _left)
