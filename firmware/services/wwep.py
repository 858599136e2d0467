# The WWEP client (exercises 01 and 02): a button flips the LED and its state is written to a WWEP
# server.
#
# Each press is one write on a connection of its own, answered before the next one goes out;
# presses meanwhile wait in a short queue. What the server answered is said in words; nothing that
# it does stops the service.
import asyncio
import errno

from machine import Pin
from micropython import const

from firmware import board
from firmware.console import log
from firmware.net import sockets
from firmware.net.sockets import LookupFailed
from firmware.net.station import JoinError
from firmware.services.button import Button
from firmware.store import variables
from wire import wwep

_QUEUE = const(8)  # presses that wait: more than a person makes while one write times out
# A longer answer than any that is valid, so that one that is too long is seen to be.
_REPLY_SIZE = const(128)


def create(device):
    """The service, on the parts of the device."""
    return Wwep(device.station, device.resolve)


class Wwep:
    def __init__(self, station, resolve):
        self._station = station
        self._resolve = resolve
        self._queue = []
        self._wake = asyncio.Event()
        self._lit = 0
        button = variables.get(b"wwep.button_gpio")
        led = variables.get(b"wwep.led_gpio")
        self._led = None
        self._button = None
        try:
            if led >= 0:
                board.claim(led, b"wwep.led_gpio")
                self._led = Pin(led, Pin.OUT, value=0)
            if button >= 0:
                board.claim(button, b"wwep.button_gpio")
                self._button = Button(button, self._press)
        except:
            self.stop()
            raise

    def stop(self):
        """Give the pins back."""
        if self._button:
            self._button.stop()
        board.release(b"wwep.led_gpio")
        board.release(b"wwep.button_gpio")

    def _press(self):
        if len(self._queue) >= _QUEUE:
            log.line(log.STATUS, b"WWEP: press ignored, %d writes are waiting" % _QUEUE)
            return
        self._lit ^= 1
        if self._led:
            self._led.value(self._lit)
        self._queue.append(self._lit)
        self._wake.set()

    async def run(self):
        """Service: watches the button and writes, until cancelled."""
        watch = asyncio.create_task(self._button.run()) if self._button else None
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    await self._write(self._queue.pop(0))
        finally:
            if watch:
                watch.cancel()
            self.stop()

    async def _write(self, value):
        device = wwep.device_id(self._station.mac())
        message = (device, variables.get(b"wwep.register"), value)
        request = wwep.write_request(*message)
        try:
            words = await self._exchange(request, message)
        except LookupFailed as e:
            words = e.args[0]
        except (JoinError, OSError) as e:
            words = sockets.reason(e)
        log.line(log.STATUS, b"WWEP: %s %s" % (request, words))

    async def _exchange(self, request, message):
        # -> what became of the write, in words
        await self._station.up()
        ip = await self._resolve(variables.get(b"wwep.host"))
        sock = await sockets.connect(
            ip, variables.get(b"wwep.port"), variables.get(b"wwep.connect_timeout")
        )
        try:
            await sockets.send(sock, request)
            try:
                reply = await asyncio.wait_for_ms(_reply(sock), variables.get(b"wwep.timeout"))
            except asyncio.TimeoutError:
                return b"no answer"
        finally:
            sock.close()
        if reply[0] == wwep.ACCEPTED:
            if wwep.check_echo(message, reply[1:]):
                return b"accepted"
            return b"malformed answer: not what was written"
        if reply[0] == wwep.REFUSED:
            return b"refused: " + reply[1] if reply[1] else b"refused"
        if reply[1]:
            return b"malformed answer: " + wwep.printable(reply[1])
        return b"closed without an answer"


async def _reply(sock):
    # The parsed reply: read until it is complete or the server closes.
    data = b""
    while True:
        await sockets.readable(sock)
        try:
            piece = sock.read(_REPLY_SIZE - len(data))
        except OSError as e:
            if e.errno != errno.ECONNRESET:
                raise
            piece = b""  # a server that closes at once may answer our write with a reset
        if piece is None:
            continue
        data += piece
        reply = wwep.parse_reply(data, not piece or len(data) >= _REPLY_SIZE)
        if reply:
            return reply
