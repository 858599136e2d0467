# The status announcement by HTTP: posted to the URL of broadcast.http.host. Imported when there is
# one. While a post is on its way the next one is left out.
import sys

from micropython import const

from firmware.console import log, registry
from firmware.net import sockets
from firmware.net.station import JoinError
from firmware.store import variables

_NAME = "beacon post"
_ROOM = const(32_768)  # bytes that are free before one is made
_TYPE = b"Content-Type: application/json\r\n"

_failure = None  # why the last one has failed; it is logged once


def start(device, text, data):
    """Post `data` to the URL `text`, in the background."""
    if _NAME not in device.services:
        device.start(_NAME, lambda: _run(device, text, data))


class _Log:
    # What is said of a post is of interest when it fails.
    OPERATION = log.OPERATION
    STATUS = log.STATUS
    why = None

    def event(self, text):
        pass

    def line(self, level, text):
        if level <= log.STATUS:
            self.why = text


async def _run(device, text, data):
    global _failure
    quiet = _Log()
    try:
        why = await _post(device, quiet, text, data)
    except MemoryError:
        why = b"Out of memory"
    except (OSError, JoinError, sockets.LookupFailed) as e:
        why = sockets.reason(e)
    finally:
        module = sys.modules.get("firmware.net.http_stream")
        if module:
            module.drop(device)
    if why and why != _failure:
        log.line(log.STATUS, b"Broadcast by HTTP failed: " + why)
    _failure = why


async def _post(device, quiet, text, data):
    # None, or why it has failed.
    from wire import url

    try:
        to = url.parse(text)
    except url.BadUrl as e:
        return e.args[0]
    if to.login is not None:
        return b"broadcast.http.host is shown to everybody: no credentials"
    ip = to.host.decode() if sockets.is_address(to.host) else await device.resolve(to.host)
    registry.claim(_ROOM)
    from firmware.net import http_stream, http_talk

    stream = http_stream.HttpStream((device, quiet, variables.get), b"POST", to, ip, _TYPE)
    try:
        await http_talk.connect(stream)
        await stream.write(data)
        await stream.ask()
    except http_talk.clients.OpenFailed:
        pass
    finally:
        stream.over()
    if not stream.status:
        return quiet.why or b"No answer"
    return None if stream.status < 300 else b"HTTP response: %d" % stream.status
