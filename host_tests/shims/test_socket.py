# socket (ports/esp32/modsocket.c on lwIP): tuples, numbers, the cap, waiting; and the plain mode's
# addresses and ports.

import socket
import threading

from harness import GATEWAY, HERE, JOINED, accept, port_of

PROMPT = ">>> "
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


def test_a_connection_that_there_is(start, listener):
    """From the same port to the same one, or one that was closed a moment ago."""
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = port_of(free)
    board = start(
        SOCKET,
        f"""
        def connected():
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(('0.0.0.0', {port}))
            s.connect(('127.0.0.1', {port_of(listener)}))
            return s
        one = connected()
        t(connected)
    """,
        wlan=JOINED,
    )
    assert lines(board) == ["OSError 112"]


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
        peer.bind((GATEWAY, 8067))
        peer.settimeout(0.2)
        for _ in range(20):
            peer.sendto(b"ping", (HERE, 8053))
            try:
                assert peer.recvfrom(10) == (b"pong", (HERE, 8053))
                break
            except TimeoutError:
                continue
    assert lines(board) == [f"b'ping' ('{GATEWAY}', 67)", "OSError 112"]


def test_a_static_address_can_be_bound(start):
    board = start(
        SOCKET,
        """
        import network
        w = network.WLAN(network.STA_IF)
        w.active(True)
        w.ifconfig(('10.9.8.7', '255.0.0.0', '10.9.8.1', '10.9.8.1'))
        s = socket.socket()
        t(s.bind, ('10.9.8.6', 2000))
        t(s.bind, ('10.9.8.7', 2000))
    """,
        wlan=JOINED,
    )
    assert lines(board) == ["OSError 125", "None"]


def test_urgent_data_are_data(start, listener):
    # lwIP knows nothing of them.
    board = start(
        SOCKET,
        f"""
        s = socket.socket()
        s.connect(('127.0.0.1', {port_of(listener)}))
        print(s.read(3))
    """,
        wlan=JOINED,
    )
    peer, _ = accept(board, listener)
    peer.send(b"ab", socket.MSG_OOB)
    peer.send(b"c")
    assert lines(board) == ["b'abc'"]
    peer.close()


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
    server.bind((GATEWAY, 8053))
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
