"""What a request costs the HTTP server, from the first byte to the last: device/http_server.py on
the interpreter's own sockets, without shims, so that nothing is taken off. Bytes are those of
i386, instructions those of amd64.
"""

import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airwire import interpreter, project
from airwire.errors import UserError
from airwire.image import tree

if __package__:
    from host_tests.bench.rows import Row
else:
    from rows import Row

SCRIPT = Path(__file__).parent / "device" / "http_server.py"
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

# What it is, the request, the most bytes and instructions (issue: microdot takes 16 KB and 1.75
# million for the first of them).
CASES = (
    ("HTTP, browser's GET", BROWSER % b"keep-alive", 3000, 350_000),
    ("HTTP, browser's GET that closes", BROWSER % b"close", 3500, 420_000),
    ("HTTP, /command/version", PLAIN % b"command/version", 2200, 250_000),
    ("HTTP, 32 KB file", PLAIN % b"big.bin", 4000, 1_100_000),
)
ALLOCATED = b"GET /command/allocated HTTP/1.1\r\nHost: module\r\n" + AUTHORIZATION + b"\r\n"


class Client:
    """Asks the server of a process, one request after the other."""

    def __init__(self, port: int, process: subprocess.Popen) -> None:
        self._port = port
        self._process = process
        self._sock: socket.socket | None = None

    def ask(self, request: bytes) -> bytes:
        """The body of the answer, once it is there and the server sleeps again."""
        closes = b"Connection: close" in request
        if self._sock is None:
            self._sock = self._connect()
        self._sock.sendall(request)
        said = b""
        while len(said) < _size(said):
            piece = self._sock.recv(65536)
            if not piece:
                raise UserError(f"bench: the HTTP server said {said!r}")
            said += piece
        if not said.startswith(b"HTTP/1.1 200 "):
            raise UserError(f"bench: the HTTP server said {said!r}")
        if closes:
            self._sock.recv(1)
            self._sock.close()
            self._sock = None
        while not self._sleeps():
            time.sleep(0.0005)
        return said.partition(b"\r\n\r\n")[2]

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _sleeps(self) -> bool:
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "S"

    def close(self) -> None:
        if self._sock:
            self._sock.close()


def _size(said: bytes) -> int:
    # Of an answer that begins so.
    head, end, _ = said.partition(b"\r\n\r\n")
    found = re.search(rb"Content-Length: (\d+)", head)
    return len(head) + 4 + int(found[1]) if end and found else len(said) + 1


@contextmanager
def serving(arch: str, secret: bool, *before: str) -> Iterator[Client]:
    """A client of the server on the interpreter of `arch`, which asks for a password if it is
    `secret`.
    """
    with tempfile.TemporaryDirectory() as home:
        device = Path(home) / "device"
        for name, content in tree.device_files(project.ROOT, short=False).items():
            path = device / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        user = Path(home) / "user"
        user.mkdir()
        (user / FILE).write_bytes(CONTENT)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        program = [str(interpreter.find(arch)), "-X", f"heapsize={HEAP}", str(SCRIPT)]
        process = subprocess.Popen(
            [*before, *program, str(port), str(user), *(["password"] if secret else [])],
            env={"MICROPYPATH": f"{device}:{device / 'lib'}:.frozen"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        client = Client(port, process)
        try:
            line = process.stdout.readline()
            if line != b"ready\n":
                raise UserError(f"bench: http_server.py said {line + process.stdout.read()!r}")
            yield client
        finally:
            client.close()
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)


def rows() -> list[Row]:
    """Bytes and instructions of each case, with their bounds."""
    found = []
    for name, request, most_bytes, most_instructions in CASES:
        found.append(Row(name, allocated(request), "bytes", most_bytes))
        found.append(Row(name, instructions(request), "instructions", most_instructions))
    return found


def allocated(request: bytes) -> int:
    """Bytes for each request: the slope, so that what the first ones leave does not count."""
    with serving("i386", AUTHORIZATION in request) as client:
        told = []
        for count in (FEW, MANY):
            client.ask(ALLOCATED)
            before = _number(client.ask(ALLOCATED))
            for _ in range(count):
                client.ask(request)
            told.append(_number(client.ask(ALLOCATED)) - before)
    return round((told[1] - told[0]) / (MANY - FEW))


def _number(body: bytes) -> int:
    return int(re.search(rb'"response":"(\d+)', body)[1])


def instructions(request: bytes) -> int:
    """The same, counted."""
    few, many = (_counted(request, count) for count in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def _counted(request: bytes, count: int) -> int:
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    out = project.BUILD / "http_server.callgrind"
    before = (valgrind, "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
    with serving("amd64", AUTHORIZATION in request, *before) as client:
        client.ask(ALLOCATED)
        for _ in range(count):
            client.ask(request)
    total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if not total:
        raise UserError("bench: callgrind wrote no total")
    return int(total[1])
