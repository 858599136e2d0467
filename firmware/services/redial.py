# Keeping a client open: it is opened again when it is lost, after pauses that grow. A flood of
# attempts helps nobody.
import asyncio
import time

from micropython import const

from firmware import forget
from firmware.console import log
from firmware.net import streams
from firmware.net.station import UP
from firmware.store import variables

_WAIT_MIN_MS = const(1000)
_WAIT_MAX_MS = const(60_000)
FOR_EVER = const(255)  # tcp.client.auto_retries
_STEADY_MS = const(60_000)  # a connection that held this long starts again with the first pause
_LOOK_MS = const(100)  # until it is seen that a stream was closed


class Redial:
    """A client of `kind` (b"TCPC", b"TLSC", b"UDPC") whose peer is in the variables of `group`."""

    def __init__(self, device, kind, group, retries, joins=False):
        self._device = device
        self._kind = kind
        self._group = group
        self._retries = retries  # () -> how often after the first, or FOR_EVER
        self._joins = joins  # it may bring the network up
        self._handle = None
        self._stream = None
        self.on_change = None  # called with True when it has opened, and with False

    def open(self):
        """Whether its stream is in the table."""
        try:
            return self._stream and self._device.streams.get(self._handle) is self._stream
        except KeyError:
            return False

    def close(self):
        if self.open():
            self._device.streams.close(self._handle)
        self._stream = None

    async def keep(self):
        """Open the client, and again when it is lost, until the retries are used up, the network
        is down, or the host has closed it in command mode.
        """
        wait = _WAIT_MIN_MS
        failures = 0
        while self._joins or self._device.station.state == UP:
            if await self._dial():
                begun = time.ticks_ms()
                if await self._watch():
                    return
                if time.ticks_diff(time.ticks_ms(), begun) > _STEADY_MS:
                    wait = _WAIT_MIN_MS
                    failures = 0
            failures += 1
            retries = self._retries()
            if retries != FOR_EVER and failures > retries:
                return
            await asyncio.sleep_ms(wait)
            wait = min(2 * wait, _WAIT_MAX_MS)

    async def _dial(self):
        # -> whether it is open
        host, port, local = [
            variables.get(self._group + leaf)
            for leaf in (b"remote_host", b"remote_port", b"local_port")
        ]
        from firmware.net import clients  # 2 KB that a connection does without

        try:
            self._handle, self._stream = await clients.open_client(
                self._device, log, variables.get, self._kind, host, port, local, self._group
            )
            return True
        except streams.NoHandle:
            log.line(log.STATUS, b"No free stream")
        except MemoryError:
            log.line(log.STATUS, b"Out of memory")
        except clients.OpenFailed:
            pass
        finally:
            forget("firmware.net.clients")
        return False

    async def _watch(self):
        # Until it is closed; True when it was the host who did so.
        stream = self._stream
        if self.on_change:
            self.on_change(True)
        try:
            while self.open():
                await asyncio.sleep_ms(_LOOK_MS)
        finally:
            if self.on_change:
                self.on_change(False)
        return not stream.ended and self._device.stream_mode is None
