"""TLS where something is missing: the time, memory for one more connection, somebody who reads."""

import contextlib
import random
import re
import socket
import struct
import threading
import time

import pytest

from host_tests.board import peers, tls_peers
from host_tests.board.test_streams import TURN
from host_tests.board.tls_peers import HOST, issued, put
from host_tests.board.tls_servers import Server, context, opens, talk

pytestmark = pytest.mark.needs("wifi", "air", "uart1")

FITS = 3  # connections of 28 KB, of 95 KB
STALLED = 1000  # bytes that wait in UART1's buffer of 5,760 when nothing is taken from it
NTP_EPOCH = 2_208_988_800  # 1970 in seconds since 1900
UNSET = b"Clock not set: certificates cannot be checked"


def ready(board, clock=True):
    console = board.machine(4)
    board.join(console)
    board.configure(console, ntp_enabled=0)
    if clock:
        board.configure(console, time_rtc=int(time.time()))
    put(console, "one.pem", tls_peers.root())
    console.ok("set network.tls.ca_cert one.pem")
    return console


@contextlib.contextmanager
def time_server(shift):
    """An NTP server on an address of its own; the address."""
    while True:
        address = f"127.{random.randint(2, 250)}.{random.randint(2, 250)}.1"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind((address, 123 + shift))
            except OSError:
                continue

            def answer(sock=sock):
                while True:
                    question, asker = sock.recvfrom(1000)
                    if len(question) < 48:
                        return
                    now = struct.pack(">II", int(time.time()) + NTP_EPOCH & 0xFFFFFFFF, 0)
                    head = bytes((0x24, 2, 6, 236)) + bytes(8) + b"test"
                    sock.sendto(head + now + question[40:48] + now + now, asker)

            thread = threading.Thread(target=answer)
            thread.start()
            try:
                yield address
            finally:
                sock.sendto(b"", (address, 123 + shift))
                thread.join(peers.WAIT)
            return


@pytest.mark.whole_heap
def test_the_clock(board, peer, tmp_path):
    """Without the time no certificate can be checked: it is asked for, where that is allowed."""
    console = ready(board, clock=False)
    peer.serve = Server(context(issued(HOST), tmp_path))
    reply = console.run(f"tls_client {HOST} {peer.port}")
    assert reply.code == 1 and reply.logs[-2] == UNSET
    console.ok("set network.tls.verify 0")
    console.ok(f"close {opens(console, peer.port)}")
    console.ok("set network.tls.verify 1")
    with time_server(board.board.status()["port_shift"]) as address:
        board.configure(console, ntp_server=address, ntp_enabled=1)
        reply = console.run(f"tls_client {HOST} {peer.port}")
        assert reply.code == 0, reply.logs
        talk(console, 0)
    assert abs(int(console.ok("get time.rtc")) - time.time()) < 60


@pytest.mark.whole_heap
def test_no_time_server(board, peer, tmp_path):
    console = ready(board, clock=False)
    peer.serve = Server(context(issued(HOST), tmp_path))
    board.configure(console, ntp_server="nobody.invalid", ntp_enabled=1)
    reply = console.run(f"tls_client {HOST} {peer.port}")
    assert reply.code == 1 and reply.logs[-2] == UNSET


@pytest.mark.whole_heap
def test_the_connection_that_does_not_fit(board, peer, tmp_path):
    """The documented lines, for their cause; it harms nobody, and there is room again."""
    console = ready(board)
    peer.serve = Server(context(issued(HOST), tmp_path))
    for handle in range(FITS):
        assert opens(console, peer.port) == handle
    person = board.uart0
    shown = person.command(f"tls_client {HOST} {peer.port}")
    assert [re.sub(r"^\[.*: (?=O)", "[", line) for line in shown] == [
        f"[Opening: {HOST}:{peer.port}]",
        f"Connecting (tls): {HOST}:{peer.port}",
        "Starting TLS",
        "TLS malloc failed",
        "Error with TLS handshake: 5035",
        "[Open failed]",
        "Command failed",
    ]
    for handle in range(FITS):
        talk(console, handle)
    console.ok("close 1")
    assert opens(console, peer.port) == 1
    for handle in range(FITS):
        talk(console, handle)


@pytest.mark.whole_heap
def test_a_peer_that_does_not_read(board, peer, tmp_path):
    """A write waits for the peer, also in the middle of a record; nothing is lost or twice, also
    where two write at once.
    """
    console = ready(board)
    reads = threading.Event()
    sent = [b"A" * 30_000, b"B" * 200]  # UART0 holds no more while it waits
    total = sum(map(len, sent))

    def serve(connection, peer):
        reads.wait(peers.WAIT)
        data = b""
        while len(data) < total and (piece := connection.recv(65536)):
            data += piece
        peer.requests.put(data)

    def small(connection, peer):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        Server(context(issued(HOST), tmp_path), serve)(connection, peer)

    peer.serve = small
    reply = console.run(f"tls_client {HOST} {peer.port}")
    assert reply.code == 0, reply.logs
    consoles = [console, board.uart0.machine()]
    for line in ("set uart.flow 1 on", "uart_update 1"):  # the host waits, too
        console.ok(line)
    host = threading.Thread(
        target=console.send, args=(b"write 0 %d\r\n" % len(sent[0]) + sent[0],)
    )
    host.start()
    try:
        while board.uart_status(1)["fill"] < STALLED:  # the board's write waits
            pass
        consoles[1].send(b"write 0 %d\r\n" % len(sent[1]))
        time.sleep(TURN)
        consoles[1].send(sent[1])
    finally:
        reads.set()
        host.join()
    for one in consoles:
        assert one.reply().text == b"Success"
    got = peer.next()
    assert sorted(got) == sorted(b"".join(sent))
