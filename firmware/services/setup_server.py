# The HTTP server of the web setup: its page, what the page asks for, and for all that is asked of
# other hosts the way to the page. That is how phones and computers find out that they are to show
# it: each asks a host of its maker for a file that it knows, as soon as it has joined a network.
#
# Who has joined the soft-AP may ask, whatever the HTTP server's password is. What would change
# something is for our own page, or for programs.
import asyncio
import json
from time import ticks_ms

from micropython import const

from firmware import forget
from firmware.console import registry
from firmware.store import variables
from wire.http_access import SECURITY, Access

from .http_connection import Connection
from .http_server import HttpServer

_PORT = const(80)
_PLACES = const(2)  # memory is short: who waits is served as soon as another has its answer
_BODY = const(512)  # an SSID and a password, each of their characters written as six
_MOST = const(24)  # networks that are told
_SHORTEST = const(8)  # passkey of a network that has one
_ROOM = const(8192)  # bytes of the heap that are free when a visitor comes
# What has sent the page, and leaves RAM behind it.
_PAGES = ("firmware.services.http_files", "wire.http_file", "firmware.store.files")
_TELL_MS = const(20)  # between two looks whether a scan is over

_JSON = SECURITY + b"Content-Type: application/json\r\nCache-Control: no-store\r\n"
_TO_PAGE = SECURITY + b"Location: http://%s/\r\nCache-Control: no-store\r\n"

# What the page asks for: path -> methods.
_ENDPOINTS = {
    b"/setup/networks": (b"GET", b"POST"),  # POST: as they are now
    b"/setup/state": (b"GET",),
    b"/setup/join": (b"POST",),
}


def create(setup):
    """The service, for the web setup (web_setup.WebSetup)."""
    return SetupServer(setup)


class _NoSession:
    running = False


class SetupServer(HttpServer):
    limit = _BODY

    def __init__(self, setup):
        super().__init__(setup.device)
        self.setup = setup

    def where(self):
        return b"softap", _PORT, 0

    def most(self):
        return _PLACES

    def load(self):
        self.access = Access(self.is_ours, None, None)  # there is no password
        registry.claim(_ROOM)
        return _Connection, _NoSession

    def is_ours(self, host):
        """Whether the module is called so in its soft-AP."""
        return host in self.setup.names


class _Connection(Connection):
    def answer(self, request):
        path = request.path()
        if not self.server.is_ours(request.host()):
            return self._lead()
        setup = self.server.setup
        setup.seen = ticks_ms()
        methods = _ENDPOINTS.get(path)
        if methods:
            request.allow(methods)
            return self._serve_page(path)
        request.allow((b"GET", b"HEAD"))
        root = b"/" + variables.get(b"setup.web.root_filename")
        if path == b"/":
            path = root
        self._open = path == root or path[:6] == b"/setup"
        return self.server.device.service("http_files").answer(self, path)

    def decide(self, endpoint, command, unprotected):
        # Of http_files.py: the user's other files are not for visitors.
        return (0, b"") if self._open or unprotected else (404, b"Not found")

    async def _lead(self):
        self.request.allow((b"GET", b"HEAD"))
        if self.request.length:
            await self.body()
        await self._reply(302, _TO_PAGE % self.server.setup.address, b"")

    async def _serve_page(self, path):
        request = self.request
        post = request.method == b"POST"
        data = b""
        if post:
            request.accept(_BODY, path == b"/setup/join")
        if request.length:
            data = await self.body()
        status, _, reason = self.server.access.decide(request, self.peer, 0, path)
        if status:
            await self.say(status, reason)
            return
        setup = self.server.setup
        if path == b"/setup/join":
            reason = self._wish(data)
            if reason:
                await self.say(400, reason)
                return
        elif path == b"/setup/networks":
            if post and setup.state != b"joining":
                setup.scan = True
                self.run()
                while setup.scan:
                    await asyncio.sleep_ms(_TELL_MS)
            await self._reply(200, _JSON, _networks(setup.networks))
            return
        await self._reply(200, _JSON, _state(setup))
        if setup.state == b"joined" and setup.told is None:
            setup.told = ticks_ms()

    async def _reply(self, status, fields, body):
        more = self.reply(status, fields, body)
        if more:
            await more

    def _wish(self, data):
        # Take what is to be joined; why not, or None.
        setup = self.server.setup
        if setup.wish or setup.state == b"joined":
            return b"Joining already"
        try:
            message = json.loads(data)
            wish = [message[name].encode() for name in ("ssid", "passkey")]
        except (ValueError, KeyError, TypeError, AttributeError):
            return b"Not a name and a password"
        for name, value in zip((b"wlan.ssid", b"wlan.passkey"), wish):
            try:
                variables.parse(variables.find([name])[1], value)
            except ValueError:
                return b"Not possible: " + name
        if not wish[0]:
            return b"No network was named"
        if 0 < len(wish[1]) < _SHORTEST:
            return b"Not possible: wlan.passkey"
        for name in _PAGES:  # a join takes memory
            forget(name)
        registry.make_room()
        setup.state = b"joining"
        setup.reason = b""
        setup.ssid = wish[0]
        setup.wish = wish
        return None


def _text(text):
    return json.dumps(text.decode()).encode()


def _state(setup):
    station = setup.device.station
    return b'{"state":%s,"reason":%s,"ssid":%s,"address":%s,"name":%s,"web":%d}' % (
        _text(setup.state),
        _text(setup.reason),
        _text(setup.ssid),
        _text(station.address(0)),
        _text(setup.name()),
        variables.get(b"http.server.enabled"),
    )


def _networks(found):
    # Each name once, the strongest of its access points; what has no name cannot be chosen.
    rows = []
    names = []
    for ssid, _, _, rssi, mode, _ in found:
        if not ssid or ssid in names or len(rows) == _MOST:
            continue
        names.append(ssid)
        try:
            rows.append(b'{"ssid":%s,"rssi":%d,"secure":%d}' % (_text(ssid), rssi, mode != 0))
        except UnicodeError:
            pass
    return b"[%s]" % b",".join(rows)
