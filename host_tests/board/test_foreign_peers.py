"""Servers and clients of the board meet programs of others: nc and socat."""

import contextlib
import socket
import subprocess
import time

import pytest

from airwire.lan import programs
from host_tests.board import live, peers
from host_tests.board.stream_wire import start

pytestmark = [pytest.mark.needs("wifi", "air", "uart1"), pytest.mark.long]

PORT = 3000


@contextlib.contextmanager
def running(*command):
    """A program with pipes; it has ended by itself, and well, within the block's patience."""
    program = subprocess.Popen(
        list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    try:
        yield program
        assert program.wait(peers.WAIT) == 0
    finally:
        program.kill()
        program.wait()
        program.stdin.close()
        program.stdout.close()


def exactly(program, count):
    data = b""
    while len(data) < count:
        piece = program.stdout.read(count - len(data))
        assert piece, f"{len(data)} of {count} bytes came"
        data += piece
    return data


def say(program, data):
    program.stdin.write(data)


def joined(board, **variables):
    console = board.machine(print_level=1)
    board.join(console)
    board.configure(console, **variables)
    return console, console.ok("get network.ip")


def test_nc_and_socat_call_the_tcp_server(board, rng):
    console, host = joined(board)
    console.ok("tcp_server start")
    nc = (programs.find("busybox"), "nc", host, PORT)
    socat = (programs.find("socat"), "-", f"TCP4:{host}:{PORT}")
    with running(*nc) as one, running(*socat) as two:
        callers = (one, two)
        for handle in range(2):
            console.log(f"Opened: {handle}")
        # Who of the two has which handle is theirs to say.
        one.stdin.write(b"nc")
        while console.ok("poll 0") == console.ok("poll 1"):
            pass
        first = int(console.ok("poll 0") == "0")
        assert console.run(f"read {first} 10").text == b"nc"
        for caller, handle in zip(callers, (first, 1 - first), strict=True):
            data = rng.randbytes(2000)
            say(caller, data)
            came = b""
            while len(came) < len(data):
                came += console.run(f"read {handle} 4096").text
            assert came == data
            console.ok(f"write {handle} {len(data)}", data)
            assert exactly(caller, len(data)) == data
        console.ok("close all")


def test_a_tcp_client_calls_socat(board, rng):
    console, _ = joined(board)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running(programs.find("socat"), f"TCP4-LISTEN:{port},reuseaddr", "PIPE"):
        while console.run(f"tcp_client host.airwire {port}").code:
            pass  # it does not listen yet
        data = rng.randbytes(3000)
        console.ok("write 0 3000", data)
        came = b""
        while len(came) < len(data):
            came += console.run("read 0 4096").text
        assert came == data
        console.ok("close 0")


def test_socat_calls_the_udp_server(board, rng):
    console, host = joined(board)
    console.ok("udp_server start")
    with running(programs.find("socat"), "-t0.1", "-", f"UDP4:{host}:{PORT}") as caller:
        for size in (1, 1000, 1472):
            data = rng.randbytes(size)
            say(caller, data)
            console.polled(0, 1)
            assert console.run("read 0 2000").text == data
            console.ok(f"write 0 {size}", data)
            assert exactly(caller, size) == data
        caller.stdin.close()


def test_socat_calls_a_server_in_stream_mode(board, rng):
    """The UART behind the module is socat's standard input and output."""
    console = board.machine()
    usb = board.uart0
    start(board, console, tcp_server_auto__start=1)
    usb.until(b"IPv4 address: ")
    host = usb.until(b"\r\n").decode().strip()
    usb.until(b"server listening on port: 3000")
    for _ in range(3):
        with running(programs.find("socat"), "-", f"TCP4:{host}:{PORT}") as caller:
            data = rng.randbytes(5_000)
            say(caller, data)
            assert console.read(len(data)) == data
            console.send(data)
            assert exactly(caller, len(data)) == data
            caller.stdin.close()
        usb.until(b"Closed: 0")


def test_a_hundred_callers(board, counts):
    """One after the other, and some at once that find no place: the server is as before."""
    console, host = joined(board, tcp_server_max__clients=3)
    console.ok("tcp_server start")

    def call():
        # Each of these ends when the server has closed, or when it has been told to.
        callers = [socket.create_connection((host, PORT), peers.WAIT) for _ in range(6)]
        try:
            for caller in callers:
                with contextlib.suppress(OSError):
                    caller.sendall(b"x")
        finally:
            for caller in callers:
                caller.close()
        end = time.monotonic() + peers.WAIT
        while (rows := console.ok("list").count("TCPS")) and time.monotonic() < end:
            for handle in range(rows + 1):
                console.run(f"read {handle} 10")

    for _ in range(5):
        call()

    def calls():
        for _ in range(counts(3, 70)):
            call()

    assert live.left_by(console, calls) <= live.SLACK
    assert console.ok("list") == "! # Type  Info"
    with socket.create_connection((host, PORT), peers.WAIT) as caller:
        caller.sendall(b"still there")
        console.polled(0, 1)
        assert console.run("read 0 100").text == b"still there"
