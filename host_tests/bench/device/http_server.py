# The HTTP server without shims, on the interpreter's own sockets: `http_server.py PORT FOLDER`
# serves 127.0.0.1:PORT, with the user's files in FOLDER, to everybody, or with a word behind it to
# `admin` with that password. With the number of a port behind that, what listens there is the UART
# of stream mode, and /stream is bridged to it. `GET /command/allocated` tells how many bytes were
# allocated, from its first use on, from which nothing is collected.
import asyncio
import gc
import os
import socket
import sys


class _Stub:
    # Stands for a module of the chip, and all that is in it.
    def __getattr__(self, name):
        return self

    def __call__(self, *words, **more):
        return self

    def __getitem__(self, index):
        return self

    def encode(self):
        return b""


class _Link:
    state = ups = 1
    wlan = _Stub()
    address = staticmethod(lambda number: b"127.0.0.1")


class _Interfaces:
    find = staticmethod(lambda device, name, get: _Link)


class _Os:
    # As on the chip, a listing tells the sizes.
    stat = os.stat

    @staticmethod
    def ilistdir(folder):
        for entry in os.ilistdir(folder):
            yield entry + (os.stat("%s/%s" % (folder, entry[0]))[6],)


for name in ("machine", "esp32"):
    sys.modules[name] = _Stub()
sys.modules["network"] = type("network", (), {"WLAN": _Stub(), "hostname": lambda: "module"})

sys.modules["os"] = _Os

import firmware.net  # noqa: E402

sys.modules["firmware.net.station"] = type("station", (), {"UP": 1})
sys.modules["firmware.net.interfaces"] = firmware.net.interfaces = _Interfaces

from firmware.console import log, registry  # noqa: E402
from firmware.net import sockets, streams  # noqa: E402
from firmware.services import http_server  # noqa: E402
from firmware.store import variables  # noqa: E402

port, folder = int(sys.argv[1]), sys.argv[2]
variables.values.update(
    {
        b"http.server.connected_gpio": -1,
        b"http.server.enabled": 1,
        b"http.server.interface": b"wlan",
        b"http.server.port": port,
        b"wlan.ssid": b"bench-network",
    }
)
if sys.argv[3:] and sys.argv[3]:
    variables.values[b"http.server.username"] = b"admin"
    variables.values[b"http.server.password"] = sys.argv[3].encode()


class Device:
    safe_mode = False
    service_stopped = False
    idle = 0
    station = _Link
    streams = streams.Table(log, lambda: True, lambda: None)

    def service(self, name):
        module = __import__("firmware.services." + name, None, None, ("create",))
        files = sys.modules.get("firmware.store.files")
        if files:  # another one after each make_room()
            files._FOLDER = folder
        return module

    def fault(self, name, exc):
        sys.print_exception(exc)
        sys.exit(1)


def bridged(port):
    """Called with a stream, bridges it to the UART that listens to `port`."""
    from firmware.console import ports
    from firmware.net.bridge import Bridge

    uart = socket.socket()
    uart.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    uart.setsockopt(6, 1, 1)  # TCP_NODELAY
    uart.setblocking(False)

    class Port(ports.UartPort):  # over a socket instead of a UART: any rate
        def __init__(self):
            self.stream = uart
            self._put = uart.write
            self.flow = False
            self._full = 1 << 20
            self._meter(5_000_000, 1 << 16)

    link = Bridge(Port(), b"$$$", 10, 1024, 0, b"")  # as the factory has them

    def take(stream):
        link.start(b"", False)
        link.connect(stream)

    return take


class Server(http_server.HttpServer):
    def _open(self, link, port):
        listener = socket.socket()
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        listener.listen(4)
        self._door = asyncio.create_task(self._attend(listener))
        print("ready")

    async def _attend(self, listener):
        while True:
            await sockets.readable(listener)
            sock, _ = listener.accept()
            self._take(sock, ("127.0.0.1", 1))

    def _look(self):
        pass  # it comes by the clock: only what is asked for is counted


def allocated(session, args):
    gc.disable()
    return b"%d" % gc.mem_alloc()


registry.known[b"allocated"] = (allocated, 0, 0)
if sys.argv[4:]:
    Device.streams.arrived = bridged(int(sys.argv[4]))
http_server._LOOK_MS = 1000
asyncio.run(Server(Device()).run())
