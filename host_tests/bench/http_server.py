"""What a request costs the HTTP server, from the first byte to the last: device/http_server.py on
the interpreter's own sockets, without shims, so that nothing is taken off. Bytes are those of
i386, instructions those of amd64. Beside it is what the same costs microdot, a server that we did
not write, on the same interpreter: device/http_peer.py.
"""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from airwire import interpreter, project
from airwire.errors import UserError
from airwire.image import tree

if __package__:
    from host_tests.bench.rows import Row
else:
    from rows import Row

DEVICE = Path(__file__).parent / "device"
SCRIPT, PEER = "http_server.py", "http_peer.py"
HEAP = "8M"  # nothing is collected
FEW, MANY = 20, 120
PATIENCE_SECONDS = 300  # callgrind is 50 times slower than the machine, which may be busy

CONTENT = bytes(range(256)) * 128
FILE = "big.bin;1.0.0.0;FE;0021;0000"  # as store/files.py calls it

AUTHORIZATION = b"Authorization: Basic YWRtaW46cGFzc3dvcmQ=\r\n"
# What Chrome sends, with a password: 611 bytes where the host's name has eight letters.
BROWSER = (
    b"GET /command/get%%20wlan.ssid HTTP/1.1\r\n"
    b"Host: module\r\n"
    b"Connection: %s\r\n"
    b"Cache-Control: max-age=0\r\n" + AUTHORIZATION + b'sec-ch-ua: "Chromium";v="140", "Not=A?Br'
    b'and";v="24"\r\n'
    b"sec-ch-ua-mobile: ?0\r\n"
    b'sec-ch-ua-platform: "Linux"\r\n'
    b"Upgrade-Insecure-Requests: 1\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/140.0.0.0 Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    b"Sec-Fetch-Site: none\r\n"
    b"Sec-Fetch-Mode: navigate\r\n"
    b"Sec-Fetch-Dest: document\r\n"
    b"Accept-Encoding: gzip, deflate\r\n"
    b"Accept-Language: en-US,en;q=0.9\r\n"
    b"\r\n"
)
PLAIN = b"GET /%s HTTP/1.1\r\nHost: module\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n"

PLAIN = b"GET /%s HTTP/1.1\r\nHost: module\r\nUser-Agent: wrk\r\nAccept: */*\r\n\r\n"
UPGRADE = (
    b"GET /stream HTTP/1.1\r\nHost: module\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
# A message as a client sends it, and as it comes back.
MESSAGE = CONTENT[:1000]
MASK = b"\x37\xfa\x21\x3d" * 250
SENT = b"\x82\xfe\x03\xe8" + MASK[:4] + bytes(a ^ b for a, b in zip(MESSAGE, MASK))
RETURNED = b"\x82\x7e\x03\xe8" + MESSAGE


@dataclass(frozen=True)
class Case:
    """What is asked again and again: a request, or UPGRADE once and then a message. The most bytes
    and instructions are the issue's.
    """

    name: str
    request: bytes
    most_bytes: int
    most_instructions: int


CASES = (
    Case("HTTP, browser's GET", BROWSER % b"keep-alive", 3000, 350_000),
    Case("HTTP, browser's GET that closes", BROWSER % b"close", 3500, 420_000),
    Case("HTTP, /command/version", PLAIN % b"command/version", 2200, 250_000),
    Case("HTTP, 32 KB file", PLAIN % b"big.bin", 4000, 1_100_000),
    Case("HTTP, 1000 bytes by /stream and back", UPGRADE, 600, 200_000),
)
ALLOCATED = b"GET /command/allocated HTTP/1.1\r\nHost: module\r\n" + AUTHORIZATION + b"\r\n"


class Client:
    """Asks the server of a process, one request after the other; where that is `brief`, as
    microdot is, each on a connection of its own. `host` is the other end of what carries the
    streams' data, if the server has a UART for them.
    """

    def __init__(self, port: int, process: subprocess.Popen, brief: bool) -> None:
        self._port = port
        self._process = process
        self._brief = brief
        self._sock: socket.socket | None = None
        self._stream: socket.socket | None = None
        self.host: socket.socket | None = None

    def ask(self, request: bytes) -> bytes:
        """The body of the answer, once it is there and the server sleeps again."""
        closes = self._brief or b"Connection: close" in request
        if self._sock is None:
            self._sock = self._connect()
        self._sock.sendall(request)
        said = b""
        while len(said) < _size(said):
            piece = self._sock.recv(65536)
            if not piece:
                if self._brief:
                    break
                raise UserError(f"bench: the HTTP server said {said!r}")
            said += piece
        if not re.match(rb"HTTP/1\.[01] 200 ", said):
            raise UserError(f"bench: the HTTP server said {said!r}")
        if closes:
            self._sock.recv(1)
            self._sock.close()
            self._sock = None
        self._await_sleep()
        return said.partition(b"\r\n\r\n")[2]

    def echo(self, request: bytes) -> None:
        """A message through the stream that `request` has opened, and back."""
        if self._stream is None:
            self._stream = self._connect()
            self._stream.sendall(request)
            said = b""
            while not said.endswith(b"\r\n\r\n"):
                said += self._stream.recv(1) or b"\r\n\r\n"
            if not said.startswith(b"HTTP/1.1 101 "):
                raise UserError(f"bench: the HTTP server said {said!r}")
        self._stream.sendall(SENT)
        if self.host:
            self.host.sendall(_exactly(self.host, MESSAGE))
        _exactly(self._stream, RETURNED)
        self._await_sleep()

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _await_sleep(self) -> None:
        while not self._sleeps():
            time.sleep(0.0005)

    def _sleeps(self) -> bool:
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "S"

    def close(self) -> None:
        for sock in (self._sock, self._stream, self.host):
            if sock:
                sock.close()


def _size(said: bytes) -> int:
    # Of an answer that begins so.
    head, end, _ = said.partition(b"\r\n\r\n")
    found = re.search(rb"Content-Length: (\d+)", head)
    return len(head) + 4 + int(found[1]) if end and found else len(said) + 1


def _exactly(sock: socket.socket, data: bytes) -> bytes:
    # Reads just that.
    came = b""
    while len(came) < len(data) and (piece := sock.recv(65536)):
        came += piece
    if came != data:
        raise UserError("bench: what came through a stream is not what was sent")
    return data


@contextmanager
def serving(
    arch: str,
    secret: bool,
    *before: str,
    script: str = SCRIPT,
    streams: bool = False,
) -> Iterator[Client]:
    """A client of the server on the interpreter of `arch`, started by the words `before`, which
    asks for a password if it is `secret`, and has a UART for `streams`.
    """
    with tempfile.TemporaryDirectory() as home, socket.create_server(("127.0.0.1", 0)) as uart:
        uart.settimeout(PATIENCE_SECONDS)
        device = Path(home) / "device"
        if script == SCRIPT:
            for name, content in tree.device_files(project.ROOT, short=False).items():
                path = device / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            path = f"{device}:{device / 'lib'}"
        else:
            path = _packages()
        user = Path(home) / "user"
        user.mkdir()
        (user / (FILE if script == SCRIPT else "big.bin")).write_bytes(CONTENT)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        program = [str(interpreter.find(arch)), "-X", f"heapsize={HEAP}", str(DEVICE / script)]
        words = [str(port), str(user), "password" if secret else ""]
        if streams and script == SCRIPT:
            words.append(str(uart.getsockname()[1]))
        process = subprocess.Popen(
            [*before, *program, *words],
            env={"MICROPYPATH": f"{path}:.frozen"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        client = Client(port, process, script == PEER)
        try:
            line = process.stdout.readline()
            if line != b"ready\n":
                raise UserError(f"bench: {script} said {line + process.stdout.read()!r}")
            if streams and script == SCRIPT:
                client.host = uart.accept()[0]
                client.host.settimeout(PATIENCE_SECONDS)
                client.host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield client
        finally:
            client.close()
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)


def _packages() -> str:
    # Where microdot is: a package for both kinds of Python.
    found = importlib.util.find_spec("microdot")
    if not found:
        raise UserError("bench: no microdot here: run `make bench`, which installs it")
    return os.path.dirname(found.submodule_search_locations[0])


def rows() -> list[Row]:
    """Bytes and instructions of each case, with their bounds, and microdot's."""
    found = []
    for case in CASES:
        for measured, unit, most in (
            (allocated, "bytes", case.most_bytes),
            (instructions, "instructions", case.most_instructions),
        ):
            ours, peer = measured(case.request), measured(case.request, PEER)
            found.append(Row(case.name, ours, unit, most, "microdot, beside it", peer))
    return found


def allocated(request: bytes, script: str = SCRIPT) -> int:
    """Bytes for each request: the slope, so that what the first ones leave does not count."""
    with _client("i386", request, script) as (client, again):
        told = []
        for count in (FEW, MANY):
            client.ask(ALLOCATED)
            before = _number(client.ask(ALLOCATED))
            for _ in range(count):
                again(request)
            told.append(_number(client.ask(ALLOCATED)) - before)
    return round((told[1] - told[0]) / (MANY - FEW))


@contextmanager
def _client(
    arch: str, request: bytes, script: str, *before: str
) -> Iterator[tuple[Client, Callable[[bytes], object]]]:
    # A client, and its function that is called again and again.
    streams = request == UPGRADE
    secret = AUTHORIZATION in request
    with serving(arch, secret, *before, script=script, streams=streams) as client:
        again = client.echo if streams else client.ask
        again(request)
        yield client, again


def _number(body: bytes) -> int:
    return int(re.search(rb'"response": ?"(\d+)', body)[1])


def instructions(request: bytes, script: str = SCRIPT) -> int:
    """The same, counted."""
    few, many = (_counted(request, script, count) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def _counted(request: bytes, script: str, count: int) -> int:
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    out = project.BUILD / "http_server.callgrind"
    before = (valgrind, "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
    with _client("amd64", request, script, *before) as (client, again):
        client.ask(ALLOCATED)
        for _ in range(count):
            again(request)
    total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if not total:
        raise UserError("bench: callgrind wrote no total")
    return int(total[1])
