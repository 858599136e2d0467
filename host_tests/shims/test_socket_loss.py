# What becomes of TCP connections when the station loses its address (shims/_netif.py).


import pytest
from harness import IDLE, JOINED, accept, port_of

SOCKET = """\
import socket, time
def t(f, *a, **k):
    try:
        print(f(*a, **k))
    except Exception as e:
        print(type(e).__name__, *e.args)
"""


def test_connections_end_with_the_address(start, listener):
    # What had arrived is read, then lwIP's errors come; polls are ready; the peer hears nothing
    # until the station is back.
    board = start(
        SOCKET,
        f"""
        import select
        def connect():
            s = socket.socket()
            s.connect(('127.0.0.1', {port_of(listener)}))
            return s
        s, w = connect(), connect()
        w.setblocking(False)
        while w.write(bytes(4096)):
            pass
        r, u = connect(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.connect(('127.0.0.1', 9))
        p = select.poll()
        p.register(w, select.POLLOUT)
        print(p.poll(10), s.recv(2))
        t(r.read, 1)
        print([e for o, e in p.poll()])
        t(w.write, b'x')
        t(w.write, b'x')
        t(w.write, b'x')
        print(s.recv(2, socket.MSG_PEEK), s.recv(1), s.read(9))
        t(s.recv, 1)
        t(s.read, 1)
        t(s.recv, 1)
        t(u.write, b'x')
        s.close()
        print('lost')
        while True:
            try:
                s = connect()
                break
            except OSError:
                time.sleep_ms(20)
        print(s.read(4))
    """,
        wlan=JOINED,
    )
    (one, _), (_two, _), (three, _) = (accept(board, listener) for _ in range(3))
    one.sendall(b"early")
    board.expect("b'ea'\r\n")
    board.control(IDLE)
    assert board.expect("lost\r\n").split("\r\n")[:-1] == [
        "OSError 113",
        "[4]",
        "OSError 113",
        "OSError 113",
        "OSError 128",
        "b'rl' b'r' b'ly'",
        "OSError 113",
        "OSError 113",
        "OSError 128",
        "OSError 118",
        "lost",
    ]
    for peer in (one, three):
        peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            peer.recv(1)
        peer.setblocking(True)
        peer.settimeout(10)
    board.control(JOINED)
    again, _ = accept(board, listener)
    for peer in (one, three):
        with pytest.raises(ConnectionResetError):
            peer.recv(1)
    again.sendall(b"back")
    board.expect("b'back'")


def test_connections_end_without_memory(start, listener, arch):
    # lwIP has its own: they break where the firmware's heap is full.
    board = start(
        SOCKET,
        f"""
        import gc, select
        s = socket.socket()
        s.connect(('127.0.0.1', {port_of(listener)}))
        p = select.poll()
        p.register(s, select.POLLIN)
        p.poll(0)
        room = bytearray({900 if arch == "i386" else 1800})  # for the line that tells of the loss
        hogs = [None] * 3000
        def fill():
            n = 0
            for size in (8192, 1024, 256, 64, 16, 1):
                try:
                    while True:
                        hogs[n] = bytearray(size)
                        n += 1
                except MemoryError:
                    pass
        print('full')
        fill()
        room = None
        gc.collect()
        ready = None
        while not ready:
            try:
                ready = p.poll(5000)
            except MemoryError:
                pass
        for i in range(len(hogs)):
            hogs[i] = None
        t(s.recv, 1)
        print('lost')
    """,
        wlan=JOINED,
    )
    _peer = accept(board, listener)
    board.expect("full\r\n")
    board.control(IDLE)
    assert board.expect("lost\r\n") == "OSError 113\r\nlost\r\n"
