"""The command `airwire wwep-server` as a user starts it, and clients that are plain sockets."""

import os
import re
import signal
import socket
import struct
import subprocess
import sys

PATIENCE = 30  # seconds: what has not come by then will not come, on the slowest machine
COMMAND = (sys.executable, "-m", "airwire", "wwep-server")
LISTENING = re.compile(r"WWEP server on (\S+) port (\d+), (strict|tolerant)")


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
        self.port = int(found[2])
        self.kind = found[3]
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
