"""The command `airwire wwep-server` as a user starts it, and clients that are plain sockets."""

import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
from pathlib import Path

from airwire.wwep import identity

PATIENCE = 30  # seconds: what has not come by then will not come, on the slowest machine
COMMAND = (sys.executable, "-m", "airwire", "wwep-server")
LISTENING = re.compile(
    r"WWEP server on (\S+) (?:port (\d+))?(?: and )?(?:TLS port (\d+))?, (strict|tolerant)"
)


class Command:
    """`airwire wwep-server` as a user starts it, its output read line by line."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--host", "127.0.0.1", "--port", "0", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        first = self.line()
        found = LISTENING.match(first)
        assert found, first + self.process.stderr.read()
        self.title = first
        self.port = int(found[2]) if found[2] else None
        self.tls_port = int(found[3]) if found[3] else None
        self.kind = found[4]
        assert self.line() == "#  IP  Port  Message"

    def line(self) -> str:
        """The next line of output; pytest's own limit ends a wait for one that never comes."""
        return self.process.stdout.readline().rstrip("\n")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def end(self, number: int = signal.SIGINT) -> list[str]:
        """Ends it as Ctrl-C does; it must end well. Returns the lines not read yet."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=PATIENCE)
        assert (self.process.returncode, errors) == (0, "")
        return output.splitlines()

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Identity:
    """A server's certificate and key in a folder, made as the command makes them, and clients
    that trust it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        identity.make(folder)
        self.options = ["--tls", "--tls-port", "0", "--make-identity", str(folder)]
        self.trusting = ssl.create_default_context(cafile=str(folder / identity.AUTHORITY))

    def connect(self, port: int) -> ssl.SSLSocket:
        """A connection to the server, which is verified."""
        return self.trusting.wrap_socket(connect(port), server_hostname="host.airwire")


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection: socket.socket) -> bytes:
    """All until the server closes."""
    data = b""
    while piece := connection.recv(4096):
        data += piece
    return data


def ask(port: int, message: bytes) -> bytes:
    with connect(port) as connection:
        connection.sendall(message)
        return receive(connection)


def reset(connection: socket.socket) -> None:
    """Close with a RST, as a client that crashes."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def fails(*arguments: str) -> str:
    """Runs the command, which must refuse in one line. Returns that line."""
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2, done
    assert done.stdout == ""
    *usage, last = done.stderr.splitlines()
    assert not usage or usage[0].startswith("usage: ")
    return last
