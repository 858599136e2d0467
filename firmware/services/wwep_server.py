# The WWEP server (exercises 04, 05 and 07): registers that others write and read, behind an open
# and a secure port.
#
# Each port is a door with a task of its own, which serves one connection at a time; the stack
# holds a few more. So the server has four sockets at most, and who stalls in a handshake keeps
# nobody from the open port. The registers outlive the interface, and a change of ports.
#
# Only what waits is here: what a connection needs is in wwep_guest.py, which leaves RAM when
# nobody has called for a while; wwep_doors.py opens doors, and the file is wwep_file.py's.
import asyncio
import errno
from time import ticks_diff, ticks_ms

from micropython import const

from firmware import forget
from firmware.console import log, registry
from firmware.net import interfaces, sockets
from firmware.net.station import UP
from firmware.store import variables
from wire import wwep_db

_LOOK_MS = const(250)  # an interface that went or came may go unseen this long
_FULL_MS = const(500)  # before the next attempt when there is no socket for a connection
_REST_MS = const(10_000)  # without a connection, after which what serves them leaves RAM
_AGAIN = const(20)  # looks after which a port that could not be had is tried again

# What a connection needs besides, and nobody else keeps.
_GUEST = ("firmware.services.wwep_guest", "firmware.net.connecting", "wire.wwep")

running = None  # the server, while there is one


def create(device):
    """The service, on the parts of the device."""
    global running
    running = WwepServer(device)
    return running


class WwepServer:
    def __init__(self, device):
        self._device = device
        self.database = wwep_db.Database()
        self.count = 0  # transactions
        self._served = None  # what the doors are open for: the link's count, interface and ports
        self.doors = {}  # port -> task
        self._wait = 0  # looks before a port is tried again
        self._guests = 0  # connections that are being served
        self._heard = ticks_ms()  # when the last one ended; None: nothing to leave RAM
        # The file, as wwep_file.py has it.
        self.file = b""
        self.usable = False  # it may be written
        self.saved = 0  # changes of the registers that are in it
        self.changed = None  # when the first one came that is not; None: all are in it
        self.told = None  # what was said of the file last

    async def run(self):
        """Service: serves the interface whenever it is up, until cancelled."""
        global running
        try:
            while True:
                try:
                    await self._keep()
                    await self._follow()
                except MemoryError:  # an end would be the end of the registers
                    registry.make_room()
                if self._heard is not None and not self._guests:
                    if ticks_diff(ticks_ms(), self._heard) > _REST_MS:
                        self._rest()
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            await self._close()
            self._rest()
            await self._keep(True)
            if running is self:
                running = None
            forget("firmware.services.wwep_file")
            forget("wire.wwep_db")

    async def _keep(self, last=False):
        if self.file != variables.get(b"wwep.server.file") or (
            self.usable and self.saved != self.database.changes
        ):
            try:
                await self._device.service("wwep_file").keep(self, self._device, last)
            finally:
                if self.changed is None:
                    forget("firmware.services.wwep_file")

    def _rest(self):
        self._heard = None
        for name in _GUEST:
            forget(name)

    def say(self, words):
        log.line(log.STATUS, b"WWEP server: " + words)

    # Doors

    async def _follow(self):
        # Open the doors that the variables want, on the interface as it is now.
        get = variables.get
        interface = get(b"wwep.server.interface")
        link = interfaces.find(self._device, interface, get)
        port = get(b"wwep.server.port")
        secure = get(b"wwep.server.tls_port") if get(b"wwep.server.tls_enabled") else 0
        wanted = (link.ups, interface, port, secure) if link.state == UP else None
        if wanted != self._served:
            await self._close()
            self._served = wanted
            self._wait = 0
        if wanted is None:
            return
        if self._wait:
            self._wait -= 1
            return
        for number in (port, secure):
            if number and number not in self.doors:
                try:
                    opened = self._device.service("wwep_doors").open(
                        self, link, number, number == secure
                    )
                finally:
                    forget("firmware.services.wwep_doors")
                if not opened:
                    self._wait = _AGAIN

    async def _close(self):
        for task in list(self.doors.values()):
            task.cancel()
        while self.doors:
            await asyncio.sleep_ms(1)

    async def attend(self, listener, port, secure):
        """Task of a door: a connection after the other."""
        try:
            while True:
                await sockets.readable(listener)
                try:
                    sock, peer = listener.accept()
                except OSError as e:
                    if e.errno != errno.EAGAIN:
                        self.say(sockets.reason(e))
                        await asyncio.sleep_ms(_FULL_MS)
                    continue
                await self._welcome(sock, peer, secure)
        except Exception as e:  # a later look opens the door again
            self._wait = _AGAIN
            if isinstance(e, MemoryError):
                self.say(b"Out of memory")
            else:
                self._device.fault("wwep server", e)
        finally:
            listener.close()
            del self.doors[port]

    async def _welcome(self, sock, peer, secure):
        self._guests += 1
        try:
            guest = self._device.service("wwep_guest")
            await guest.serve(self, sock, peer, secure)
        except MemoryError:
            self.say(b"Out of memory")
        finally:
            sock.close()
            self._guests -= 1
            self._heard = ticks_ms()
