# A message of 1000 bytes through the WebSocket codec and back, as a server: `websocket.py KIND N`
# copies a client's frame into the buffer, decodes it and makes a frame of its payload where that
# lies, N times. KIND is `binary` or `text`; `copy` is the copying alone. Prints by how many bytes
# the heap in use has grown.
import gc
import sys

from wire.websocket import BINARY, LAST, TEXT, WebSocket

SIZE = 1000

kind = (TEXT if sys.argv[1] == "text" else BINARY) | LAST
client = WebSocket(lambda: b"\x37\xfa\x21\x3d")
sent = bytearray(14 + SIZE)
sent[14:] = (b"0123456789" * SIZE)[:SIZE]
start = client.frame(sent, 14, 14 + SIZE, kind)
sent = sent[start:]
size = len(sent)
buf = bytearray(size + 2)
server = WebSocket()


def copy():
    buf[2:] = sent


def echo():
    buf[2:] = sent
    if server.feed(buf, 2, size + 2) != kind or server.rest != size + 2:
        raise SystemExit("not the message")
    if server.replies() or server.frame(buf, server.start, server.end, kind) != server.start - 4:
        raise SystemExit("not a frame")


once = copy if sys.argv[1] == "copy" else echo
once()
gc.collect()
gc.disable()
before = gc.mem_alloc()
for _ in range(int(sys.argv[2])):
    once()
print(gc.mem_alloc() - before)
