# Gives the DHCP server discoveries, each of a client that was never there while the pool is full
# of clients that have gone: `dhcp_offer.py ours N`; `dhcp_offer.py bare N` does all but that.
# Prints by how many bytes the heap in use has grown.
import gc
import sys
from binascii import unhexlify

from wire import dhcp

ADDRESS = bytes((10, 10, 10, 1))
FIRST = bytes((10, 10, 10, 2))
# dhcpcd's, with a client identifier of 19 bytes (see host_tests/wire/test_dhcp_clients.py).
OPTIONS = unhexlify(
    "638253633501013d13ff00000001000100013293f376020000000001370a0103060f1c21333a3b72390205c0"
    "3c126468637063642d392e342e313a4c696e75780c057468696e67910101ff"
)
IDENT = 240 + 3 + 2  # where the identifier is

sent = bytearray(b"\x01\x01\x06\x00\x1d\x27\x90\xcd" + bytes(20) + b"\x02\0\0\0\0\1" + bytes(202))
sent.extend(OPTIONS)
size = len(sent)
buf = bytearray(dhcp.MAX_MESSAGE)
server = dhcp.Server(
    ADDRESS, b"\xff\xff\xff\0", FIRST, 12, 3600, ADDRESS, ADDRESS, b"airwire.local", b"http://a/b"
)
process = server.process if sys.argv[1] == "ours" else None
gc.collect()
gc.disable()
before = gc.mem_alloc()
now = 0
for i in range(int(sys.argv[2])):
    now += 100  # longer than an offer is kept
    buf[:size] = sent
    buf[32] = buf[IDENT + 17] = i >> 8
    buf[33] = buf[IDENT + 18] = i & 0xFF
    if process and not process(buf, size, None, now):
        raise SystemExit("no offer")
print(gc.mem_alloc() - before)
