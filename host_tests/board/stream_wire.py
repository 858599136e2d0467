"""What the tests of stream mode share: a peer that the test holds itself, and a board whose host
UART is a wire to it.
"""

import select
import socket
import time

from host_tests.board import peers

# Bytes less than this apart are one burst.
BURST = 0.02


class Server:
    """A TCP server on this machine whose connections the test holds itself."""

    def __init__(self, window: int = 0) -> None:
        self._listener = socket.socket()
        if window:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, window)
        self._listener.bind((peers.ANY, 0))
        self._listener.listen()
        self._listener.settimeout(peers.WAIT)
        self.port = self._listener.getsockname()[1]

    def accept(self) -> socket.socket:
        connection, _ = self._listener.accept()
        connection.settimeout(peers.WAIT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def close(self) -> None:
        self._listener.close()


def exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        assert piece, f"the connection ended after {len(data)} of {count} bytes"
        data += piece
    return data


def silent(connection, seconds=0.3):
    """True when nothing comes for so long."""
    return not select.select([connection], [], [], seconds)[0]


def start(board, console, human=False, **more):
    """Save what stream mode needs, and restart in it; with `human` its command mode is for a
    person. The console is then a wire to the stream.
    """
    wifi = {"wlan_ssid": board.wifi[0], "wlan_passkey": board.wifi[1]}
    board.configure(console, **wifi, wlan_auto__join_enabled=1, bus_mode="stream", **more)
    if human:
        console.send(b"set system.cmd.mode human\r\n")
        console.until(b"Set OK\r\n> ")
        assert console.command("save") == ["Success"]
    else:
        console.ok("save")
    boots = board.boots()
    console.send(b"reboot\r\n")
    board.started(boots)
    console.quiet()


def client(port, kind="tcp"):
    """Variables of a client that connects itself to this machine."""
    return {
        f"{kind}_client_auto__start": 1,
        f"{kind}_client_remote__host": "host.airwire",
        f"{kind}_client_remote__port": port,
    }


def send(board, console, data):
    """Send, and wait until all of it has come through the wire."""
    count = board.uart_status(1)["received"] + len(data)
    console.send(data)
    end = time.monotonic() + peers.WAIT
    while board.uart_status(1)["received"] < count:
        assert time.monotonic() < end, "the wire stands still"
        time.sleep(BURST)


def bridged(board, server, human=False, **more):
    """(the host's console, the connection): a board in stream mode that has connected itself to
    the server.
    """
    console = board.machine()
    more = {**client(server.port), "tcp_client_auto__retries": 255, **more}
    start(board, console, human, **more)
    return console, server.accept()
