# TLS between a client and a server in one process, with no socket: `tls.py FOLDER WHAT N`. The
# folder has root.der, own.der and own.key. Prints by how many bytes the heap in use has grown.
#     handshake ours|bare   N handshakes; the client's by firmware/net/tls.py, or by a bare loop
#     data ours|bare|plain  N KB to the client in records of 1 KB, as tls_stream.py reads them; as
#                           mbedTLS gives them with nothing of ours; without TLS
import asyncio
import gc
import io
import sys

import tls
import uctypes
from micropython import RingIO, const


class socket:  # the names that the firmware uses of it
    IPPROTO_TCP = 6
    TCP_NODELAY = 1


sys.modules["ssl"] = tls
sys.modules["socket"] = socket

from firmware.net import tls as ours  # noqa: E402

PIECE = const(1024)
HOST = "host.airwire"
NAME = HOST.encode()  # as the firmware has it


class End(io.IOBase):
    # Of a pipe, as a socket that does not block.
    def __init__(self, incoming, outgoing):
        self._in = incoming
        self._out = outgoing

    def readinto(self, buf, n=None):
        return (self._in.readinto(buf) if n is None else self._in.readinto(buf, n)) or None

    def write(self, buf):
        return self._out.write(buf)

    def ioctl(self, request, arg):
        return arg & (1 if self._in.any() else 0) | arg & 4 if request == 3 else 0

    def setsockopt(self, level, option, value):
        pass

    def close(self):
        pass


def context(protocol):
    made = tls.SSLContext(protocol)
    memory = uctypes.bytearray_at(id(made), 1344)  # TLS 1.2, see board/shims/_tls.py
    memory[memory.find(b"\x04\x03\0\0\x03\x03\0\0")] = 3
    return made


def data(name):
    with open(sys.argv[1] + "/" + name, "rb") as f:
        return f.read()


def get(name):
    return 10_000


server = context(tls.PROTOCOL_TLS_SERVER)
server.load_cert_chain(data("own.der"), data("own.key"))
client = context(tls.PROTOCOL_TLS_CLIENT)
client.load_verify_locations(data("root.der"))


async def one(kind):
    # -> the client's connection, and the server's
    up, down = RingIO(8192), RingIO(8192)
    near, far = End(down, up), End(up, down)
    there = server.wrap_socket(far, server_side=True, do_handshake_on_connect=False)
    nothing = bytearray(1)
    if kind == "ours":
        task = asyncio.create_task(ours._handshake(near, client, get, NAME))
        while not task.done():
            there.readinto(nothing)
            await asyncio.sleep_ms(0)
        there.readinto(nothing)
        return await task, there
    here = client.wrap_socket(near, server_hostname=HOST, do_handshake_on_connect=False)
    for _ in range(6):
        here.readinto(nothing)
        there.readinto(nothing)
    return here, there


async def handshakes(kind, count):
    for _ in range(count):
        here, there = await one(kind)
        here.close()
        there.close()


async def pieces(kind, count):
    here, there = await one("bare" if kind == "bare" else "ours")
    if kind == "plain":
        ring = RingIO(8192)
        here = there = End(ring, ring)
    piece = bytes(PIECE)
    buf = bytearray(PIECE)
    grown = gc.mem_alloc()
    for _ in range(count):
        there.write(piece)
        got = 0
        while got < PIECE:
            got += here.readinto(buf, PIECE - got)
    return gc.mem_alloc() - grown


what, kind, count = sys.argv[2], sys.argv[3], int(sys.argv[4])
gc.collect()
gc.disable()
before = gc.mem_alloc()
grown = asyncio.run((handshakes if what == "handshake" else pieces)(kind, count))
print(gc.mem_alloc() - before if grown is None else grown)
