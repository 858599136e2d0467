# Moves what comes on one socket to another, both ways: `copy.py bare PORT` with a poll, a readinto
# and a write, `copy.py bridge PORT` with the firmware's own event loop and bridge. The first
# connection to PORT stands for the UART, the second is the network.
#
# `copy.py locked PORT BYTES` is the bridge, with the heap locked from the first 10 KB on until so
# many bytes more have been carried each way; then it prints by how many bytes the heap in use has
# grown meanwhile, and how often one side had no room. `copy.py counted PORT BYTES` does the same
# without the lock. With the word `crowded` behind it the UART has flow control and a small buffer,
# and the network takes nothing or half of what it gets now and then: both ways wait for room.
import asyncio
import gc
import io
import select
import socket
import sys

import micropython

kind = sys.argv[1]
crowded = sys.argv[4:] == ["crowded"]
to = socket.getaddrinfo("127.0.0.1", int(sys.argv[2]))[0][-1]
uart = socket.socket()
net = socket.socket()
for sock in (uart, net):
    sock.connect(to)
    sock.setsockopt(6, 1, 1)  # TCP_NODELAY
    sock.setblocking(False)


def bare():
    poll = select.poll()
    poll.register(uart, select.POLLIN)
    poll.register(net, select.POLLIN)
    buf = bytearray(1460)
    while True:
        for stream, _ in poll.ipoll(-1):
            n = stream.readinto(buf)
            if n == 0:
                return
            (net if stream is uart else uart).write(buf, n)


if kind == "bare":
    bare()
    sys.exit()


class _Machine:
    Pin = UART = None


sys.modules["machine"] = _Machine
sys.modules["firmware.version"] = type("Version", (), {"BUILD": b""})

from firmware.console import ports  # noqa: E402
from firmware.net import bridge, tcp  # noqa: E402


class Port(ports.UartPort):
    """The host's port, over a socket instead of a UART: any rate."""

    def __init__(self, sock):
        self.stream = sock
        self._put = sock.write
        self.flow = crowded
        self._full = 1 << 20
        if crowded:
            self._meter(1_000_000, 2048)
        else:
            self._meter(5_000_000, 1 << 16)

    def check(self, n):
        if kind != "bridge":  # a socket lacks any()
            super().check(n)


full = 0  # how often the UART or the network had no room


class Counted(io.IOBase):
    """The socket that stands for the UART, and what the heap does from the first WARM bytes on."""

    up = down = 0
    before = None
    looks = 0

    def ioctl(self, request, argument):
        return uart.fileno() if request == 10 else -1  # MP_STREAM_GET_FILENO

    def any(self):
        return 0

    def txdone(self):
        global full
        self.looks = (self.looks + 1) % 4
        if not self.looks:
            return True
        full += 1
        return False

    def readinto(self, buf):
        n = uart.readinto(buf)
        self.up += n
        if self.before is None and self.up >= WARM and self.down >= WARM:
            gc.collect()
            self.before = 0
            if kind == "locked":
                micropython.heap_lock()
            self.before = gc.mem_alloc()
        return n

    def write(self, buf, n):
        self.down += n
        if self.up >= until and self.down >= until:
            grown = gc.mem_alloc() - self.before
            if kind == "locked":
                micropython.heap_unlock()
            print(grown, full)
            sys.exit()
        return uart.write(buf, n)


class Busy(tcp.TcpStream):
    """The network, which takes nothing of every third piece, and half of the next one."""

    def __init__(self, *words):
        super().__init__(*words)
        self.transmit = self.part
        self.calls = 0

    def part(self, buf, a, b=None):
        global full
        n = a if b is None else b
        self.calls = (self.calls + 1) % 3
        full += self.calls < 2
        if not self.calls:
            return None
        if self.calls == 1:
            n = (n + 1) // 2
        return net.write(buf, 0 if b is None else a, n)


async def idle():
    # As the watchdog's task: something is always due some time. Here it is so late that it does
    # not run meanwhile: a task may allocate, chunks may not.
    while True:
        await asyncio.sleep_ms(3_600_000)


async def main():
    ended = asyncio.Event()
    port = Port(uart if kind == "bridge" else Counted())
    link = bridge.Bridge(port, b"$$$", 10, 1024, 0, b"")
    link.on_lost = ended.set
    link.start(b"", False)
    link.connect((Busy if crowded else tcp.TcpStream)(b"TCPC", b"", net))
    asyncio.create_task(idle())
    await ended.wait()


WARM = 10_000
until = WARM + int(sys.argv[3]) if len(sys.argv) > 3 else 0
asyncio.run(main())
