# The remote terminal (spec 10): one session of the command language at a time for whoever connects
# by telnet. What a visitor meets is in telnet_session.py, which is in RAM only while there is one.
#
# While there is a session nobody listens: the terminal never has more than one of the ten sockets,
# and a second client is refused by the stack.
import asyncio
import errno
import socket
from time import ticks_diff, ticks_ms

from machine import Pin
from micropython import const

from firmware import board, forget
from firmware.console import log, registry
from firmware.net import interfaces, sockets
from firmware.net.station import UP
from firmware.store import variables

# An interface that went or came, a peer that is gone while a command runs, and a time-out may go
# unseen this long.
_LOOK_MS = const(250)
_PENALTY_MS = const(5000)  # nobody gets in for so long after too many wrong passwords
_NO_ADDRESS = const(125)  # EADDRNOTAVAIL of the chip's stack; errno does not have it
_AGAIN_MS = const(5000)  # between two attempts to listen
_REPLY_MS = const(1000)  # for the reply to the command that switches the terminal off

_GPIO = b"remote_terminal.connected_gpio"

_VISIT = (
    "firmware.services.telnet_session",
    "firmware.services.telnet_port",
    "firmware.net.connecting",
    "wire.telnet",
)


def create(device):
    """The service, on the parts of the device. Raises board.GpioInUse."""
    return _RemoteTerminal(device)


class _RemoteTerminal:
    def __init__(self, device):
        self._device = device
        self._task = None  # serves one address and port
        self._address = None
        self._port = 0
        self._failure = None  # of the task
        self._visit = None  # of the peer that is connected
        self._pin = None
        gpio = variables.get(_GPIO)
        if gpio >= 0:
            board.claim(gpio, _GPIO)
            self._pin = Pin(gpio, Pin.OUT, value=0)

    async def run(self):
        """Service: serves the interface whenever it is up, until cancelled."""
        try:
            while True:
                self._look()
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            await self._end()
            board.release(_GPIO)

    def _look(self):
        # Follow the interface, and end what has lasted too long.
        task = self._task
        if task and task.done():
            self._task = task = None
            if self._failure:
                raise self._failure
        link = interfaces.find(
            self._device, variables.get(b"remote_terminal.interface"), variables.get
        )
        address = link.address(0) if link.state == UP else None
        port = variables.get(b"remote_terminal.port")
        visit = self._visit
        if task is None:
            if address:
                self._address = address
                self._port = port
                self._task = asyncio.create_task(self._serve(address.decode(), port))
        elif address != self._address or (port != self._port and not visit):
            task.cancel()
        elif visit:
            reason = visit.over()
            if reason is not None:
                visit.port.farewell(reason)
                task.cancel()

    async def _end(self):
        # The task's, once the command that asked for it has its reply.
        task = self._task
        if task and not task.done():
            begun = ticks_ms()
            while self._visit and self._visit.session.running:
                if ticks_diff(ticks_ms(), begun) > _REPLY_MS:
                    break
                await asyncio.sleep_ms(1)
            task.cancel()
            while not task.done():
                await asyncio.sleep_ms(1)

    # One address and port

    async def _serve(self, address, port):
        try:
            while True:
                sock, peer = await self._accept(address, port)
                if not await self._welcome(sock, peer[0].encode()):
                    await asyncio.sleep_ms(_PENALTY_MS)
        except Exception as e:
            self._failure = e

    async def _welcome(self, sock, peer):
        # Until the peer is gone; False when it did not know the password.
        try:
            registry.make_room()  # a session takes 15 KB
            self._device.claim()
            from firmware.services.telnet_session import Visit

            self._visit = Visit(self._device, sock, peer, self._pin)
            return await self._visit.run()
        except MemoryError:
            registry.make_room()
            self._say(b"Out of memory")
            return True
        finally:
            sock.close()
            self._visit = None
            for name in _VISIT:
                forget(name)

    async def _accept(self, address, port):
        # The next connection: (socket, address of the peer).
        listener = await self._listen(address, port)
        try:
            while True:
                await sockets.readable(listener)
                try:
                    sock, peer = listener.accept()
                except OSError as e:
                    if e.errno != errno.EAGAIN:
                        self._say(sockets.reason(e))
                    continue
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock, peer
        finally:
            listener.close()

    async def _listen(self, address, port):
        told = None
        while True:
            listener = None
            try:
                listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                listener.setblocking(False)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((address, port))
                listener.listen(1)
                return listener
            except OSError as e:
                if listener:
                    listener.close()
                if e.errno != told:
                    told = e.errno
                    words = sockets.reason(e)
                    if told == errno.EADDRINUSE:
                        words = b"Port %d is in use" % port
                    if told != _NO_ADDRESS:  # the interface has gone, and _look() has not looked
                        self._say(words)
            await asyncio.sleep_ms(_AGAIN_MS)

    def _say(self, words):
        log.line(log.STATUS, b"Remote terminal: " + words)
