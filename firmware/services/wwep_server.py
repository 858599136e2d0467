# The WWEP server (exercises 04, 05 and 07): registers that others write and read, behind an open
# and a secure port.
#
# Each port is a door with a task of its own, which serves one connection at a time; the stack
# holds a few more. So the server has four sockets at most, and who stalls in a handshake keeps
# nobody from the open port. What a connection needs is in wwep_guest.py, which leaves RAM when
# nobody has called for a while. The registers outlive the interface, and a change of ports.
import asyncio
import errno
import socket
from time import ticks_diff, ticks_ms

from micropython import const

from firmware import forget
from firmware.console import log, registry
from firmware.net import interfaces, sockets
from firmware.net.station import UP
from firmware.store import variables
from wire import wwep_db

_BACKLOG = const(4)  # connections that the stack holds for a door
_LOOK_MS = const(250)  # an interface that went or came may go unseen this long
_AGAIN = const(20)  # looks after which a port that could not be had is tried again
_FULL_MS = const(500)  # before the next attempt when there is no socket for a connection
_REST_MS = const(10_000)  # without a connection, after which what serves them leaves RAM
# From a change to its way into the file: a board that is written to all day and night for ten
# years wears no block of its flash out.
_SAVE_MS = const(10_000)

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
        self._file = b""  # where the registers are kept
        self._usable = False  # it may be written
        self._saved = None  # changes of the registers that are in it
        self._changed = None  # when the first one came that is not; None: all are in it
        self._told = None  # what was said of the file last
        self._served = None  # what the doors are open for: the link's count, interface and ports
        self._doors = {}  # port -> task
        self._wait = 0  # looks before a port is tried again
        self._count = 0  # transactions
        self._guests = 0  # connections that are being served
        self._heard = ticks_ms()  # when the last one ended

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
            if running is self:
                running = None
            self._rest()
            if self._usable and self._saved != self.database.changes:
                await self._save()

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
        self.database.max_pairs = get(b"wwep.server.max_registers")
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
            if number and number not in self._doors:
                try:
                    self._open(link, number, number == secure)
                except (OSError, MemoryError) as e:
                    self._wait = _AGAIN
                    words = sockets.reason(e) if isinstance(e, OSError) else b"Out of memory"
                    self.say(b"port %d: %s" % (number, words))

    def _open(self, link, port, secure):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            interfaces.bind(listener, link, port)
            listener.listen(_BACKLOG)
            self._doors[port] = asyncio.create_task(self._attend(listener, port, secure))
        except:
            listener.close()
            raise
        kind = b"TLS port" if secure else b"port"
        log.line(log.STATUS, b"WWEP server listening on %s: %d" % (kind, port))

    async def _close(self):
        for task in list(self._doors.values()):
            task.cancel()
        while self._doors:
            await asyncio.sleep_ms(1)

    async def _attend(self, listener, port, secure):
        # One door: a connection after the other.
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
                await self._welcome(sock, peer[0].encode(), peer[1], secure)
        except Exception as e:  # the next look opens the door again
            self._wait = _AGAIN
            self._device.fault("wwep server", e)
        finally:
            listener.close()
            del self._doors[port]

    async def _welcome(self, sock, host, port, secure):
        self._guests += 1
        try:
            guest = self._device.service("wwep_guest")
            await guest.serve(self, sock, host, port, secure)
        except MemoryError:
            self.say(b"Out of memory")
        finally:
            sock.close()
            self._guests -= 1
            self._heard = ticks_ms()

    def answered(self, host, port, reply):
        """A transaction is decided: a line of the class server's table."""
        self._count += 1
        self.say(b"%d  %s  %d  %s" % (self._count, host, port, reply))

    # The file

    async def _keep(self):
        name = variables.get(b"wwep.server.file")
        if name != self._file:
            self._file = name
            self._load()
        if not self._usable or self._saved == self.database.changes:
            self._changed = None
        elif self._changed is None:
            self._changed = ticks_ms()
        elif ticks_diff(ticks_ms(), self._changed) > _SAVE_MS:
            await self._save()

    def _load(self):
        # What is in a file takes the place of what is in RAM; a new file begins with that.
        self._told = None
        self._usable = bool(self._file)
        if not self._file:
            return
        database = wwep_db.Database()
        try:
            if self._device.service("wwep_file").load(self._file, database):
                self.database = database
                self._saved = database.changes
            else:
                self._saved = None
        except (OSError, ValueError, MemoryError) as e:
            self._usable = False  # left as it is, for somebody to look at
            self._tell(b"not used", e)
        finally:
            forget("firmware.services.wwep_file")

    async def _save(self):
        changes = self.database.changes
        try:
            await self._device.service("wwep_file").save(self._file, self.database)
            self._saved = changes
            self._told = None
        except (OSError, ValueError, MemoryError) as e:
            self._tell(b"not saved", e)
        finally:
            self._changed = None  # the next attempt, or the next change, is for later
            forget("firmware.services.wwep_file")

    def _tell(self, what, e):
        # Once for each reason: it is tried again and again.
        if isinstance(e, OSError):
            words = b"Error %d" % e.errno
        else:
            words = b"Out of memory" if isinstance(e, MemoryError) else b"damaged"
        if words != self._told:
            self._told = words
            self.say(b"%s %s: %s" % (self._file, what, words))
