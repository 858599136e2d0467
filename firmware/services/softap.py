# The soft-AP as a service: the access point, its DHCP and DNS servers, and its clients. It is up
# while run() runs. Started by softap.auto_start and `network_up -i softap`.
import asyncio
import os
from binascii import hexlify

from micropython import const

from firmware.console import log
from firmware.net import sockets
from firmware.net.softap import DOWN, FAILED, SoftAp
from firmware.services import dhcp_server, dns_server
from firmware.store import variables

_LOOK_MS = const(1000)  # between two looks at who is there
_PASSKEY = b"softap.passkey"
# The passkey before there is one: made at the first start, of letters that are not mistaken for
# one another.
_UNMADE = b"********"
_LETTERS = b"abcdefghijkmnpqrstuvwxyz23456789"
_LENGTH = const(12)  # 60 bits

_OFF = b"off"
_OWN = b"own"
_BUILT_IN = b"built-in"


def create(device):
    """The service, on the parts of the device."""
    return SoftApService(device)


def passkey():
    """The passkey, b"" for an open network; made, saved and told where there is none yet."""
    key = variables.get(_PASSKEY)
    if key == _UNMADE:
        key = bytes([_LETTERS[byte & 31] for byte in os.urandom(_LENGTH)])
        from firmware.store import alone

        try:
            alone.keep(_PASSKEY, key)
        except OSError:
            log.line(log.STATUS, b"Soft-AP passkey not saved: Flash full")
        log.line(log.ASYNC, b"Soft-AP passkey: " + key)
    return key


def _mac(mac):
    return hexlify(mac, ":").upper()


def _joined(mac):
    log.line(log.OPERATION, b"Soft-AP client joined: " + _mac(mac))


def _left(mac):
    log.line(log.OPERATION, b"Soft-AP client left: " + _mac(mac))


class SoftApService:
    def __init__(self, device):
        self._device = device
        self.ap = SoftAp(variables)
        self._dhcp = None
        self.dhcp = _OFF  # which DHCP server serves
        self._dns = None
        self._settled = asyncio.Event()
        self.ups = 0  # how often it has come up

    async def up(self):
        """Bring it up, or wait until it is. False when it cannot."""
        if self.ap.state <= FAILED:
            self._settled.clear()
            self._device.start("softap", self.run)
            await self._settled.wait()
        return self.ap.state > FAILED

    async def down(self):
        """Take it down; it is down when this returns."""
        task = self._device.stop("softap")
        while task and not task.done():
            await asyncio.sleep_ms(1)
        self._settled.set()  # who waits for it to come up, when it had not begun to

    def close(self):
        """Off the air at once; for the end of the firmware too, when no `finally` runs."""
        for name in ("dhcp server", "dns server"):
            self._device.stop(name)
        for server in (self._dhcp, self._dns):
            if server:
                server.close()
        self._dhcp = self._dns = None
        self.dhcp = _OFF
        if self.ap.state > FAILED:
            self.ap.stop()
            log.event(b"Soft-AP down")

    async def run(self):
        """Service: up until cancelled."""
        try:
            try:
                self._start()
            except (OSError, RuntimeError) as e:
                log.line(log.STATUS, b"Soft-AP: driver error %s" % str(e.args[0]).encode())
                log.event(b"Soft-AP failed")
                return
            finally:
                self._settled.set()
            while True:
                self._look()
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            self.close()

    def _start(self):
        ap = self.ap
        key = passkey()
        ap.stop()  # it may be up since before a soft reset
        refusal = None
        if variables.get(b"softap.dhcp_server.enabled"):
            self._dhcp = dhcp_server.create(self._device)
            refusal = self._open_dhcp()
        ap.start(key)
        log.line(log.STATUS, b"Soft-AP: %s%s" % (ap.ssid, b"" if key else b" (open)"))
        log.line(log.STATUS, b"IPv4 address: " + ap.address())
        if refusal:  # the driver's own server may have had it, which is stopped by now
            refusal = self._open_dhcp()
        self._start_dns()
        if self._dhcp:
            self._start_dhcp(refusal)
        log.event(b"Soft-AP up")
        self.ups += 1
        self._device.joining(True)

    def _open_dhcp(self):
        # None, or why there is no port for our server.
        try:
            self._dhcp.open()
        except OSError as e:
            return sockets.reason(e)
        return None

    def _start_dhcp(self, refusal):
        if not refusal:
            try:
                self._dhcp.serve(self.ap.interface(), self._dns)
                self.dhcp = _OWN
                self._device.start("dhcp server", self._dhcp.run)
                return
            except ValueError as e:
                refusal = str(e).encode()
                self._dhcp.close()
        self._dhcp = None
        self.ap.serve()
        self.dhcp = _BUILT_IN
        log.line(log.STATUS, b"DHCP: %s: the built-in server serves" % refusal)

    def _start_dns(self):
        # Without names there is nothing to answer, and a socket saved.
        if not (variables.get(b"softap.dns_server.enabled") and dns_server.names()):
            return
        own = dhcp_server.quad(self.ap.address())
        try:
            self._dns = dns_server.create(own, self.ap.interface())
        except OSError as e:
            log.line(log.STATUS, b"DNS: " + sockets.reason(e))
            return
        self._device.start("dns server", self._dns.run)

    def _look(self):
        if self.ap.state > FAILED:
            self.ap.look(_joined, _left)

    # What variables show

    def clients(self):
        """Lines of the list: who is there, and then who has a lease and is away."""
        self._look()
        known = {mac: ip.encode() for mac, ip in self.ap.built_in().items()}
        if self._dhcp:
            for address, mac in self._dhcp.leases():
                known[mac] = b"%d.%d.%d.%d" % tuple(address)
        present = self.ap.clients()
        rows = [(b"#", mac) for mac in present]
        rows += [(b"-", mac) for mac in sorted(known) if mac not in present]
        number = 0
        for mark, mac in rows:
            yield b"%s%2d %s %s" % (mark, number, _mac(mac), known.get(mac, b"0.0.0.0"))
            number += 1

    def info(self):
        """Lines about its state."""
        self._look()
        ap = self.ap
        if ap.state <= FAILED:
            yield b"state: " + (b"down" if ap.state == DOWN else b"failed")
            yield b"clients: 0"
            return
        yield b"state: up"
        yield b"ssid: " + ap.ssid
        yield b"security: " + (b"WPA2-AES" if ap.secure else b"Open")
        yield b"channel: %d" % ap.wlan.config("channel")
        yield b"ip: " + ap.address()
        yield b"dhcp_server: " + self.dhcp
        yield b"dns_server: " + (_OWN if self._dns else _OFF)
        yield b"clients: %d" % len(ap.clients())
