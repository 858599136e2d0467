# Stream mode (bus.mode stream): the host's UART carries the bytes of one stream, and commands only
# between the break sequence (or a GPIO) and `exit`.
#
# This part finds the stream and keeps it: the one that the host has opened in command mode, or the
# client that tcp.client.* or udp.client.* start by themselves. The bytes are net/bridge.py's.
import asyncio
import time

from machine import Pin
from micropython import const

from firmware import board
from firmware.console import errors, log
from firmware.console.errors import CommandError
from firmware.net import clients, streams
from firmware.net.bridge import Bridge
from firmware.store import variables

# A peer that is gone is tried again with growing pauses: a flood of attempts helps nobody.
_WAIT_MIN_MS = const(1000)
_WAIT_MAX_MS = const(60_000)
_STEADY_MS = const(60_000)  # a connection that held this long starts again with the first pause
_FOR_EVER = const(255)  # tcp.client.auto_retries
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
        self.bridge.start(rest, rest is None)
        self._device.start("stream link", self._keep)
        try:
            await self._asked.wait()
        finally:
            self._device.stop("stream link")
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
        wait = _WAIT_MIN_MS
        failures = 0
        while True:
            dialled = False
            if not self._open() and not self._choose():
                kind, retries = self._client()
                if kind is None:
                    return  # nothing to carry until the host opens something in command mode
                dialled = True
                try:
                    await self._dial(kind)
                except clients.OpenFailed as e:
                    if e.args[0]:
                        failures -= 1  # not the server's fault: it does not count
            if self._open():
                begun = time.ticks_ms()
                await self._use()
                if time.ticks_diff(time.ticks_ms(), begun) > _STEADY_MS:
                    wait = _WAIT_MIN_MS
                    failures = 0
                if not dialled:
                    continue
            failures += 1
            if retries != _FOR_EVER and failures > retries:
                return
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
            if hasattr(stream, "transmit"):
                self._handle = handle
                self._stream = stream
                self.bridge.discard()  # what is left was meant for another
                return True
        return False

    def _client(self):
        # The client that starts by itself, and how often again: (kind or None, retries).
        if variables.get(b"tcp.client.auto_start"):
            return b"TCPC", variables.get(b"tcp.client.auto_retries")
        if variables.get(b"udp.client.auto_start"):
            return b"UDPC", _FOR_EVER if variables.get(b"udp.client.auto_retry") else 0
        return None, 0

    async def _dial(self, kind):
        group = b"udp.client." if kind == b"UDPC" else b"tcp.client."
        host, port, local = [
            variables.get(group + leaf) for leaf in (b"remote_host", b"remote_port", b"local_port")
        ]
        try:
            self._handle, self._stream = await clients.open_client(
                self._device, log, variables.get, kind, host, port, local
            )
        except streams.NoHandle:
            log.line(log.STATUS, b"No free stream")
            raise clients.OpenFailed(False)

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
            session.editor.last = 0
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


def create(device, session):
    return StreamMode(device, session)
