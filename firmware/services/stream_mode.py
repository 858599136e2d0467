# Stream mode (bus.mode stream): the host's UART carries the bytes of one stream, and commands only
# between the break sequence (or a GPIO) and `exit`.
#
# This part finds the stream: one that the host has opened in command mode, or that a client or
# server has made by itself (tcp_client.py, tcp_server.py, ...). It brings the network up for them.
# The bytes are net/bridge.py's.
import asyncio

from machine import Pin
from micropython import const

from firmware import board
from firmware.console import errors, log
from firmware.console.errors import CommandError
from firmware.net.bridge import Bridge
from firmware.net.station import UP, JoinError
from firmware.store import variables

# A network that is gone is tried again with growing pauses.
_WAIT_MIN_MS = const(1000)
_WAIT_MAX_MS = const(60_000)
_LINK_MS = const(250)  # between two looks at the network
_LINE_END_MS = const(20)  # the LF of a CR LF comes within this even at 600 baud
_CR = const(13)

_KEY = b"bus.stream.cmd_gpio"


class StreamMode:
    def __init__(self, device, session):
        """`session` is the host's; nobody else runs it."""
        get = variables.get
        self._device = device
        self._session = session
        self.bridge = Bridge(
            session.port,
            get(b"bus.stream.cmd_seq"),
            get(b"bus.stream.flush_time"),
            get(b"bus.stream.flush_count"),
            get(b"bus.stream.flush_reset"),
            get(b"bus.stream.flush_match"),
        )
        self._handle = None  # of the stream that is bridged, or was last
        self._stream = None
        self._partner = None  # of the last that the module has made by itself
        self._new = asyncio.Event()  # a stream was opened, or has its first data
        self._lost = asyncio.Event()
        self._asked = asyncio.Event()  # command mode is asked for
        self.bridge.on_lost = self._lost.set
        self.bridge.on_break = self._asked.set
        self._pin = self._gpio(b"bus.stream.connected_gpio", Pin.OUT, value=0)
        self._key = self._gpio(_KEY, Pin.IN, Pin.PULL_UP)
        self._edge = asyncio.ThreadSafeFlag()

    def _gpio(self, name, *how, **level):
        gpio = variables.get(name)
        try:
            if gpio >= 0:
                board.claim(gpio, name)
                return Pin(gpio, *how, **level)
        except board.GpioInUse as e:
            log.line(log.STATUS, b"%s: GPIO %d is used by %s" % (name, e.args[0], e.args[1]))
        except ValueError:
            log.line(log.STATUS, b"%s: GPIO %d is an input" % (name, gpio))
        return None

    async def run(self):
        """Service: stream mode, and command mode in between."""
        watch = None
        if self._key:
            self._key.irq(lambda pin: self._edge.set(), Pin.IRQ_FALLING)
            watch = asyncio.create_task(self._watch_key())
        rest = None
        try:
            while True:
                await self._carry(rest)
                rest = await self._command()
        finally:
            if watch:
                self._key.irq(None)
                watch.cancel()

    def _held(self):
        # The host, or a finger, wants command mode as long as the GPIO is low.
        return self._key is not None and not self._key.value()

    async def _watch_key(self):
        while True:
            await self._edge.wait()
            if self._held():
                self._asked.set()

    # Stream mode

    async def _carry(self, rest):
        # Until command mode is asked for. `rest` is what the host sent behind `exit`.
        self._asked.clear()
        if self._held():
            self._asked.set()
        # What waits for another connection goes now: what the host sends from now on is for the
        # one that there is.
        if not self._open():
            self._choose()
        self.bridge.start(rest, rest is None)
        self._device.start("stream link", self._keep)
        if _by_itself():
            self._device.start("stream network", self._network)
        try:
            await self._asked.wait()
        finally:
            self._device.stop("stream link")
            self._device.stop("stream network")
            self.bridge.stop()
            if self._open():
                self._device.streams.watch(self._stream)

    def _open(self):
        # Whether the stream that was bridged last is still there.
        try:
            return self._stream and self._device.streams.get(self._handle) is self._stream
        except KeyError:
            return False

    async def _keep(self):
        # Service: finds a stream for the bridge, and another when it is lost.
        table = self._device.streams
        table.arrived = lambda stream: self._new.set()
        while True:
            self._new.clear()
            if self._open() or self._choose():
                await self._use()
            else:
                await self._new.wait()

    async def _network(self):
        # Service: no host can bring the network up here.
        station = self._device.station
        wait = _WAIT_MIN_MS
        while True:
            try:
                if station.state != UP:
                    await station.up()
                    wait = _WAIT_MIN_MS
                await asyncio.sleep_ms(_LINK_MS)
            except JoinError:
                await asyncio.sleep_ms(wait)
                wait = min(2 * wait, _WAIT_MAX_MS)

    async def _use(self):
        # Until the connection is lost.
        if self._pin:
            self._pin(1)
        try:
            self._lost.clear()
            self.bridge.connect(self._stream)
            await self._lost.wait()
        finally:
            if self._pin:
                self._pin(0)
        if self._open():  # else somebody has closed it
            self._device.streams.close(self._handle)

    def _choose(self):
        # The first open stream that can be bridged.
        for handle, stream in self._device.streams.open():
            if hasattr(stream, "transmit") and stream.partner != b"":
                self._handle = handle
                self._stream = stream
                # What is left was meant for the same peer, or for the first there is.
                if stream.partner is None or self._partner not in (None, stream.partner):
                    self.bridge.discard()
                self._partner = stream.partner or b""
                return True
        return False

    # Command mode

    async def _command(self):
        # Until `exit`; returns what the host has sent behind it.
        session = self._session
        text = b"Command Mode Start\r\n"
        await session.port.write(
            b"R0%05d\r\n%s" % (len(text), text) if session.headers else b"\r\n" + text
        )
        log.sessions.append(session)
        session.leave = self._leave
        session.paused = False
        try:
            await session.run()
        finally:
            log.sessions.remove(session)
            session.leave = None
        rest = session.rest()
        if session.editor.last == _CR:  # CR LF ended the line: its LF is not data
            if not rest:
                rest = await self._line_end()
            if rest[:1] == b"\n":
                rest = rest[1:]
        session.editor.last = 0  # what comes next begins a line, whatever has ended this one
        return rest

    def _leave(self):
        # The command `exit`.
        if self._held():
            raise CommandError(errors.FAILED, b"%s holds command mode" % _KEY)
        self._session.paused = True

    async def _line_end(self):
        port = self._session.port
        buf = bytearray(_LINE_END_MS)
        try:
            await asyncio.wait_for_ms(port.readable(), _LINE_END_MS)
        except asyncio.TimeoutError:
            return b""
        return bytes(memoryview(buf)[: port.readinto(buf)])


def _by_itself():
    # Whether something is to open streams over the station by itself.
    get = variables.get
    if get(b"tcp.client.auto_start") or get(b"udp.client.auto_start"):
        return True
    for group in (b"tcp.server.", b"udp.server."):
        if get(group + b"auto_start") and get(group + b"auto_interface") != b"softap":
            return True
    return False


def create(device, session):
    return StreamMode(device, session)
