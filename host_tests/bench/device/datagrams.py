# A name service and one kind of datagram: `datagrams.py CASE COUNT` copies it into the receive
# buffer and has it processed, COUNT times, and prints by how many bytes the heap has grown. `copy`
# is the copying alone; with a third word, `locked`, the heap is locked meanwhile.
import gc
import sys

import micropython

from wire import dns_server, llmnr, mdns, netbios

ADDRESS = b"\x0a\x00\x00\x05"
PEER = ("10.0.0.9", 5353)
QUERY = b"\0\0\0\0\0\1\0\0\0\0\0\0"
HOST = b"\x08mymodule\x05local\0\0\1\0\1"
OTHER = b"\x07another\x05local\0\0\1\0\1"
BROWSE = b"\x05_http\x04_tcp\x05local\0\0\x0c\0\1"
# What a printer says of itself, with pointers as others write them.
PRINTER = (
    b"\0\0\x84\0\0\0\0\4\0\0\0\0"
    b"\x04_ipp\x04_tcp\x05local\0\0\x0c\0\1\0\0\x11\x94\0\x0a\x07printer\xc0\x0c"
    b"\xc0\x27\0\x21\x80\1\0\0\0\x78\0\x10\0\0\0\0\2\x77\x07printer\xc0\x16"
    b"\xc0\x27\0\x10\x80\1\0\0\x11\x94\0\x06\x05a=b c"
    b"\xc0\x43\0\1\x80\1\0\0\0\x78\0\4\x0a\0\0\x09"
)
SETUP = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\x07captive\x05apple\x03com\0\0\1\0\1"
NETBIOS = b"\x20ENFJENEPEEFFEMEF" + b"CA" * 7 + b"AA\0\0\x20\0\1"
STATUS = b"\x20CK" + b"A" * 30 + b"\0\0\x21\0\1"

HTTP = (b"_http._tcp", b"My Module", 80, [b"path=/"])
responder = mdns.Responder(b"mymodule", [HTTP])
buf = bytearray(mdns.BUFFER_SIZE)


def multicast(datagram, expected):
    # An hour later each time: nothing has been said lately.
    now = 0
    responder.start(ADDRESS, now, 1)
    while responder.wait(now) is not None:
        now += responder.wait(now)
        responder.poll(now, buf)

    def once():
        nonlocal now
        now = now + 3_600_000 & 0x1FFFFFFF
        buf[: len(datagram)] = datagram
        responder.process(buf, len(datagram), PEER, now)
        wait = responder.wait(now)
        size = 0 if wait is None else responder.poll(now + wait, buf)
        if (size > 0) != expected:
            raise SystemExit("not as expected")

    return once


def unicast(server, datagram):
    def once():
        buf[: len(datagram)] = datagram
        if not server.process(buf, len(datagram), PEER):
            raise SystemExit("no reply")

    return once


def copy():
    buf[: len(SETUP)] = SETUP


def case(name):
    if name == "mdns-question":
        return multicast(QUERY + OTHER, False)
    if name == "mdns-announcement":
        return multicast(PRINTER, False)
    if name == "mdns-host":
        return multicast(QUERY + HOST, True)
    if name == "mdns-browse":
        return multicast(QUERY + BROWSE, True)
    if name == "dns":
        return unicast(dns_server.Server([], ADDRESS, every=True), SETUP)
    if name == "llmnr":
        return unicast(llmnr.Responder(b"mymodule", ADDRESS), QUERY + b"\x08mymodule\0\0\1\0\1")
    if name in ("netbios", "status"):
        server = netbios.Responder(b"mymodule", ADDRESS, bytes(6))
        return unicast(server, QUERY + (STATUS if name == "status" else NETBIOS))
    return copy


def repeat(once, count):
    for _ in range(count):
        once()


before = grown = 0  # their places, before the heap is locked
once = case(sys.argv[1])
count = int(sys.argv[2])
repeat(once, 2)
gc.collect()
gc.disable()
if "locked" in sys.argv:
    micropython.heap_lock()
before = gc.mem_alloc()
repeat(once, count)
grown = gc.mem_alloc() - before
if "locked" in sys.argv:
    micropython.heap_unlock()
print(grown)
