# What the TCP and the UDP server have in common: waiting for their interface, and its loss; the
# GPIOs that show what they have; being stopped.
#
# A server is started by command, or by its auto_start variable when its interface comes up. It
# outlives the loss of the interface. One that started by itself reads its variables again then.
import asyncio
import sys

from micropython import const

from firmware import board, forget
from firmware.console import log
from firmware.net import interfaces, sockets
from firmware.net.station import UP
from firmware.net.streams import NoHandle
from firmware.store import variables

# The driver has no event for us; also how late a GPIO may fall once stream mode has the data.
_LOOK_MS = const(250)
_LOOKS = const(4)  # in a second, the step of idle time-outs
_AGAIN = const(20)  # looks after which a port that could not be had is tried again


def _start():
    from . import serving_start

    forget("firmware.services.serving_start")
    return serving_start


class Server:
    """`name` as in log lines, `group` of its variables, `file` in services/."""

    def __init__(self, device, name, group, file, auto):
        self.device = device
        self.name = name
        self.group = group
        self.file = file
        self.auto = auto  # it has started by itself
        self.link = None
        self._ups = 0  # of the link, when the server began to listen
        self.port = 0
        self.closed = False  # to end
        self.pins = []  # GPIOs that were claimed

    def get(self, leaf):
        return variables.get(self.group + leaf)

    def setup(self, interface, port):
        """Where to serve. Raises KeyError: no such interface."""
        self.link = interfaces.find(self.device, interface, variables.get)
        self.port = port

    def pin(self, leaf):
        """The output that a variable names, or None. It is given back at the end."""
        return _start().pin(self, leaf)

    async def open(self):
        """Listen. Raises OSError, NoHandle, MemoryError."""
        await self.prepare()
        self.listen()
        self._ups = self.link.ups
        log.line(log.STATUS, b"%s server listening on port: %d" % (self.name, self.port))

    async def prepare(self):
        pass

    async def run(self):
        """Service: until it is stopped."""
        wait = looks = 0
        if self.auto and not _start().ready(self):
            return
        try:
            while not self.closed:
                up = self.link.state == UP
                if self.listening():
                    if not up or self.link.ups != self._ups:
                        self.lost()
                        if self.auto and not _start().ready(self):
                            return
                elif up and not wait:
                    try:
                        await self.open()
                    except (OSError, NoHandle, MemoryError) as e:
                        wait = _AGAIN
                        log.line(log.STATUS, b"%s server: %s" % (self.name, _reason(e)))
                elif wait:
                    wait -= 1
                await asyncio.sleep_ms(_LOOK_MS)
                self.look()
                looks += 1
                if looks == _LOOKS:
                    looks = 0
                    self.second()
        finally:
            self.shut()

    def shut(self):
        """Stop serving, and close the streams that came of it."""
        if not self.closed:
            forget("firmware.services." + self.file)  # not when the next one uses it already
            for kind in ("tcp", "tls", "udp"):
                if "firmware.services.%s_server" % kind in sys.modules:
                    break
            else:
                forget(__name__)
        self.closed = True
        self.end()
        for gpio in self.pins:
            board.free(gpio)
        self.pins = []


def _reason(e):
    if isinstance(e, OSError):
        return sockets.reason(e)
    return b"No free stream" if isinstance(e, NoHandle) else b"Out of memory"
