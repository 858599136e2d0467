# The remote terminal (spec 10): one session of the command language at a time for whoever connects
# by telnet, behind a password where one is set. Meanwhile the local consoles are deaf.
#
# While there is a session nobody listens: the terminal never has more than one of the ten sockets,
# and a second client is refused by the stack.
import asyncio
import errno
import socket
from time import ticks_diff, ticks_ms

from machine import Pin
from micropython import const

from firmware import board
from firmware.console import ask, log
from firmware.console import session as console
from firmware.console.errors import CommandError
from firmware.net import sockets
from firmware.services.telnet_port import Lost, TelnetPort
from firmware.store import variables

# An interface that went or came, a peer that is gone while a command runs, and a time-out may go
# unseen this long.
_LOOK_MS = const(250)
_LOGIN_MS = const(30_000)  # to type a password; a stranger must not keep others out for longer
_ATTEMPTS = const(3)
_PENALTY_MS = const(5000)  # nobody gets in after so many wrong passwords
_AGAIN_MS = const(5000)  # between two attempts to listen
_REPLY_MS = const(1000)  # for the reply to the command that switches the terminal off

_GPIO = b"remote_terminal.connected_gpio"


def create(device):
    """The service, on the parts of the device. Raises board.GpioInUse."""
    return RemoteTerminal(device)


class RemoteTerminal:
    def __init__(self, device):
        self._device = device
        self._task = None  # serves one address
        self._address = None
        self._failure = None  # of the task
        self._session = None  # of the peer that is connected
        self._since = 0  # when it connected
        self._inside = False  # it has given the password
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
        address = self._own_address()
        if task is None:
            if address:
                self._address = address
                self._task = asyncio.create_task(self._serve(address.decode()))
        elif address != self._address:
            task.cancel()
        elif self._session:
            reason = self._over()
            if reason is not None:
                self._session.port.farewell(reason)
                task.cancel()

    def _own_address(self):
        # The address to serve, or None while its interface is down.
        interface = variables.get(b"remote_terminal.interface")
        if interface == b"default":
            interface = variables.get(b"network.default_interface")
        if interface == b"softap":
            import network

            ap = network.WLAN(network.WLAN.IF_AP)
            return ap.ifconfig()[0].encode() if ap.active() else None
        address = self._device.station.address(0)
        return None if address == b"0.0.0.0" else address

    def _over(self):
        # Why the connection has to end (b"": its peer is gone), or None.
        now = ticks_ms()
        if not self._inside:
            return b"Login time-out" if ticks_diff(now, self._since) > _LOGIN_MS else None
        session = self._session
        port = session.port
        if session.running:
            if port.lost():
                return b""
            if not port.writing:
                port.heard = now  # a command that takes long is not idle
        limit = variables.get(b"remote_terminal.timeout") * 1000
        if limit and ticks_diff(now, port.heard) > limit:
            return b"Idle time-out"
        return None

    async def _end(self):
        # The task's, once the command that asked for it has its reply.
        task = self._task
        if task and not task.done():
            begun = ticks_ms()
            while self._busy() and ticks_diff(ticks_ms(), begun) < _REPLY_MS:
                await asyncio.sleep_ms(1)
            task.cancel()
            while not task.done():
                await asyncio.sleep_ms(1)

    def _busy(self):
        return self._session and self._session.running

    # One address

    async def _serve(self, address):
        try:
            port = variables.get(b"remote_terminal.port")
            while True:
                sock, peer = await self._accept(address, port)
                try:
                    welcome = await self._converse(sock, peer[0].encode())
                finally:
                    sock.close()
                if not welcome:
                    await asyncio.sleep_ms(_PENALTY_MS)
        except Exception as e:
            self._failure = e

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
                    self._say(words)
            await asyncio.sleep_ms(_AGAIN_MS)

    def _say(self, words):
        log.line(log.STATUS, b"Remote terminal: " + words)

    # One connection

    async def _converse(self, sock, peer):
        # False for a peer that did not know the password.
        session = console.Session(TelnetPort(sock), "remote", self._device)
        session.port.session = session
        self._since = ticks_ms()
        self._session = session
        try:
            if not await self._login(session, peer):
                return False
            await self._command(session, peer)
        except Lost:
            pass
        finally:
            self._inside = False
            self._session = None
        return True

    async def _login(self, session, peer):
        password = variables.get(b"remote_terminal.password")
        if not password:
            return True
        for _ in range(_ATTEMPTS):
            try:
                answer = await ask.ask(session, b"Password: ", ask.HIDDEN)
            except CommandError:  # nothing, or too much
                answer = b""
            if _same(answer, password):
                return True
            self._say(b"wrong password from " + peer)
            await session.write(b"Wrong password\r\n")
        return False

    async def _command(self, session, peer):
        # The session, until the peer goes or says `exit`.
        def leave():
            session.paused = True

        log.event(b"Remote terminal opened: " + peer)
        logs = asyncio.create_task(session.print_logs())
        log.sessions.append(session)
        console.remote = session
        self._inside = True
        session.leave = leave
        session.port.heard = ticks_ms()
        if self._pin:
            self._pin(1)
        try:
            await session.run()
        finally:
            if self._pin:
                self._pin(0)
            console.remote = None
            log.sessions.remove(session)
            logs.cancel()
            session.preset(True)  # drops the line editor
            log.event(b"Remote terminal closed")


def _same(answer, password):
    # In a time that does not tell how much of it is right.
    wrong = len(answer) ^ len(password)
    for i in range(len(answer)):
        wrong |= answer[i] ^ password[i % len(password)]
    return not wrong
