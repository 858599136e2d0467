# socket (ports/esp32/modsocket.c on lwIP): tuples, numbers, the cap, waiting; and the plain mode's
# addresses and ports.

import select
import socket
import ssl
import threading
import time

import pytest

PROMPT = ">>> "
HERE = "127.0.0.77"
JOINED = f"wlan 1010 1 -52 {HERE} 255.0.0.0 127.0.1.77 127.0.1.77"
SOCKET = """\
import socket, time
def t(f, *a, **k):
    try:
        print(f(*a, **k))
    except Exception as e:
        print(type(e).__name__, *e.args)
"""


def lines(board):
    return board.expect(PROMPT).split("MicroPython v")[0].split("\r\n")[:-1]


@pytest.fixture
def listener():
    """A TCP listener of the host; the board reaches it as ('127.0.0.1', port)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server


def accept(board, server):
    board.until(lambda: select.select([server], [], [], 0)[0])
    return server.accept()


def port_of(server):
    return server.getsockname()[1]


def test_client(start, listener):
    # The peer sees the board's address; reads and writes as a stream.
    board = start(
        SOCKET,
        f"""
        s = socket.socket()
        s.connect(('127.0.0.1', {port_of(listener)}))
        print(s.write(b'hello\\n'))
        print(s.readline(), s.recv(3), s.recv(2, socket.MSG_PEEK), s.read(4), s.read())
        print(s.read(1), s.recv(1), s.readline())
        s.sendall(b'bye')
        s.close()
        s.close()
        t(s.read)
        t(s.send, b'x')
        print(s.fileno())
    """,
        wlan=JOINED,
    )
    peer, address = accept(board, listener)
    assert address[0] == HERE
    assert peer.recv(6) == b"hello\n"
    peer.sendall(b"one\ntwo345six and the rest")
    peer.shutdown(socket.SHUT_WR)
    assert lines(board) == [
        "6",
        "b'one\\n' b'two' b'34' b'345s' b'ix and the rest'",
        "b'' b'' b''",
        "OSError 9",
        "OSError 9",
        "-1",
    ]
    assert peer.recv(10) == b"bye"
    peer.close()


def test_server_and_shifted_ports(start):
    # Port 80 is 8080 of the host; the firmware never sees the difference. 0.0.0.0 is the board's
    # address.
    board = start(
        SOCKET,
        """
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('0.0.0.0', 80))
        s.listen(2)
        print('on')
        c, a = s.accept()
        print(a[0], type(a[1]))
        c.write(b'hi')
        c.close()
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.bind(('', 53))
        d, a = u.recvfrom(100)
        print(d, a)
        u.sendto(b'pong', a)
        q = socket.socket()
        t(q.bind, ('0.0.0.0', 80))
    """,
        wlan=JOINED,
    )
    board.expect("on")
    with socket.create_connection((HERE, 8080), 5) as peer:
        assert peer.recv(10) == b"hi"
    board.expect("127.0.0.1 <class 'int'>\r\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 8067))
        peer.settimeout(0.2)
        for _ in range(20):
            peer.sendto(b"ping", (HERE, 8053))
            try:
                assert peer.recvfrom(10) == (b"pong", (HERE, 8053))
                break
            except TimeoutError:
                continue
    assert lines(board) == ["b'ping' ('127.0.0.1', 67)", "OSError 112"]


def test_no_shift_where_ports_are_free(start):
    board = start(
        SOCKET,
        """
        u = socket.socket(2, 2)
        t(u.bind, ('', 1023))
    """,
        wlan=JOINED,
        port_shift=0,
    )
    assert lines(board)[0] in ("None", "OSError 13")


def test_errors(start, listener):
    # newlib's numbers; lwIP has no ECONNREFUSED (ERR_RST) and reports a missing route as
    # EHOSTUNREACH.
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    board = start(
        SOCKET,
        f"""
        A = ('127.0.0.1', {port_of(listener)})
        C = ('127.0.0.1', {port_of(closed)})
        s = socket.socket()
        t(s.recv, 1)
        t(s.read, 1)
        t(s.connect, C)
        s = socket.socket()
        s.setblocking(False)
        t(s.connect, A)
        time.sleep_ms(50)
        t(s.recv, 1)
        print(s.read(1), s.readinto(bytearray(1)))
        s.settimeout(0.2)
        n = time.ticks_ms()
        t(s.recv, 1)
        t(s.read, 1)
        print(500 < time.ticks_diff(time.ticks_ms(), n) < 800)
        s.settimeout(0.05)
        n = time.ticks_ms()
        t(s.recv, 1)
        print(90 < time.ticks_diff(time.ticks_ms(), n) < 150)
        s.setsockopt(1, 99, 1)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        t(socket.socket().connect, ('192.0.2.1', 80))
        u = socket.socket(2, 2)
        t(u.sendto, b'x', ('8.8.8.8', 53))
        t(s.recv, 1, socket.MSG_DONTWAIT)
    """,
        wlan=JOINED,
    )
    assert lines(board) == [
        "OSError 128",
        "OSError 128",
        "OSError 104",
        "OSError 119",
        "OSError 11",
        "None None",
        "OSError 116",
        "OSError 116",
        "True",
        "OSError 11",
        "True",
        "Warning: lwip.setsockopt() option not implemented",
        "OSError 118",
        "OSError 118",
        "OSError 11",
    ]
    closed.close()


def test_no_route_without_address(start, listener):
    board = start(
        SOCKET,
        f"""
        t(socket.socket().connect, ('127.0.0.1', {port_of(listener)}))
        t(socket.socket(2, 2).sendto, b'x', ('127.0.0.1', 9))
        t(socket.getaddrinfo, 'host.airwire', 80)
        t(socket.getaddrinfo, '1.2.3.4', 80)
        t(socket.getaddrinfo, '', 80)
    """,
    )
    assert lines(board) == [
        "OSError 118",
        "OSError 118",
        "OSError -202",
        "[(2, 1, 0, '1.2.3.4', ('1.2.3.4', 80))]",
        "[(2, 1, 0, '0.0.0.0', ('0.0.0.0', 80))]",
    ]


def test_ten_sockets(start):
    # CONFIG_LWIP_MAX_SOCKETS; before ENFILE the collector runs, and closes those that nobody
    # holds.
    board = start(
        SOCKET,
        """
        l = [socket.socket() for _ in range(10)]
        t(socket.socket)
        l.pop().close()
        l.append(socket.socket())
        t(socket.socket)
        l = None
        def f(n):
            return f(n - 1) if n else 0
        f(20)
        print(socket.socket().fileno() >= 0)
    """,
        wlan=JOINED,
    )
    assert lines(board) == ["OSError 23", "OSError 23", "True"]


def test_accepted_sockets_count(start):
    # lwip_accept() without a free socket drops the connection and fails with ENFILE.
    board = start(
        SOCKET,
        """
        l = [socket.socket() for _ in range(8)]
        s = socket.socket()
        s.setsockopt(0, socket.SO_REUSEADDR, 1)
        s.bind(('', 5077))
        s.listen(5)
        print('on')
        c = s.accept()[0]
        t(s.accept)
        c.close()
        print('again')
        c = s.accept()
        print(c[1][0])
    """,
        wlan=JOINED,
    )
    board.expect("on")
    with (
        socket.create_connection((HERE, 5077), 5),
        socket.create_connection((HERE, 5077), 5) as second,
    ):
        board.expect("OSError 23\r\nagain")
        assert second.recv(1) == b""
        with socket.create_connection((HERE, 5077), 5):
            assert lines(board) == ["", "127.0.0.1"]


def test_names_are_asked_of_the_access_point(start):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.1.77", 8053))
    server.settimeout(10)
    asked = []

    def answer():
        for _ in range(3):
            query, peer = server.recvfrom(512)
            asked.append(query[12:])
            head = query[:2] + b"\x81\x80" + query[4:6]
            if b"nope" in query:
                server.sendto(query[:2] + b"\x81\x83" + query[4:6] + bytes(6) + query[12:], peer)
            elif b"host" in query:
                record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes((127, 0, 0, 1))
                alias = b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0\x0c"
                server.sendto(head + b"\0\2\0\0\0\0" + query[12:] + alias + record, peer)

    thread = threading.Thread(target=answer)
    thread.start()
    board = start(
        SOCKET,
        """
        t(socket.getaddrinfo, 'host.airwire', 27708)
        t(socket.getaddrinfo, 'nope.x', 1)
        n = time.ticks_ms()
        t(socket.getaddrinfo, 'silent', 1)
        print(time.ticks_diff(time.ticks_ms(), n) // 1000)
    """,
        wlan=JOINED,
    )
    seen = board.expect(PROMPT, 15).split("MicroPython v")[0].split("\r\n")[:-1]
    thread.join()
    server.close()
    assert seen == [
        "[(2, 1, 0, 'host.airwire', ('127.0.0.1', 27708))]",
        "OSError -2",
        "OSError -202",
        "7",
    ]
    assert asked[0] == b"\4host\7airwire\0\0\1\0\1"


ASYNC = """
import asyncio
async def serve(r, w):
    while True:
        d = await r.read(100)
        if not d:
            break
        w.write(d.upper())
        await w.drain()
    w.close()
    await w.wait_closed()
async def main():
    s = await asyncio.start_server(serve, "0.0.0.0", 5078)
    r, w = await asyncio.open_connection("127.0.0.1", PORT)
    w.write(b"dialed")
    await w.drain()
    print(await r.readline())
    w.close()
    await w.wait_closed()
    try:
        r, w = await asyncio.open_connection("127.0.0.1", 1)
        w.write(b"x")
        await w.drain()
        print("no error")
    except OSError as e:
        print("refused", e.errno)
    print("on")
    await asyncio.sleep(100)
asyncio.run(main())
"""


def test_asyncio(start, listener):
    # open_connection and start_server; connections cost nothing while they are idle.
    board = start(f"PORT = {port_of(listener)}\n" + ASYNC, wlan=JOINED, port_shift=0)
    peer, _ = accept(board, listener)
    assert peer.recv(6) == b"dialed"
    peer.sendall(b"answer\n")
    board.expect("b'answer\\n'\r\nrefused 104\r\non")
    with (
        socket.create_connection((HERE, 5078), 5) as one,
        socket.create_connection((HERE, 5078), 5) as two,
    ):
        for peer_ in (one, two, one):
            peer_.sendall(b"abc")
            assert peer_.recv(10) == b"ABC"
        before = board.cpu_ticks()
        time.sleep(0.5)
        assert board.cpu_ticks() - before == 0
    peer.close()


def test_a_blocking_read_serves_the_board(start, listener):
    board = start(
        SOCKET,
        f"""
        from machine import Pin
        Pin(4, Pin.IN).irq(lambda p: print('edge'), Pin.IRQ_RISING)
        s = socket.socket()
        s.connect(('127.0.0.1', {port_of(listener)}))
        print(s.recv(5))
    """,
        wlan=JOINED,
    )
    peer, _ = accept(board, listener)
    board.control("pin 4 1")
    board.expect("edge\r\n")
    peer.sendall(b"hello")
    board.expect("b'hello'\r\n")
    peer.close()


TLS = """
import asyncio, tls
async def main():
    c = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    c.verify_mode = tls.CERT_NONE
    r, w = await asyncio.open_connection("127.0.0.1", PORT, ssl=c)
    w.write(b"over tls\\n")
    await w.drain()
    print(await r.readline())
    print("on")
    print(await r.read(5))
asyncio.run(main())
"""


def test_tls_under_asyncio(start, listener, tmp_path):
    # A TLS socket has no descriptor of its own: it must wake the loop all the same, and not keep
    # it busy.
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    make_certificate(key, cert)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    board = start(f"PORT = {port_of(listener)}\n" + TLS, wlan=JOINED)
    raw, _ = accept(board, listener)
    raw.settimeout(10)
    done = []

    def serve():
        peer = context.wrap_socket(raw, server_side=True)
        done.append(peer)
        peer.sendall(peer.recv(100).upper())

    thread = threading.Thread(target=serve)
    thread.start()
    board.expect("b'OVER TLS\\n'\r\non")
    thread.join()
    before = board.cpu_ticks()
    time.sleep(0.5)
    assert board.cpu_ticks() - before == 0
    done[0].sendall(b"later")
    board.expect("b'later'\r\n")
    done[0].close()


def make_certificate(key, cert):
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime(2020, 1, 1)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now.replace(year=2049))
        .sign(private, hashes.SHA256())
    )
    cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
