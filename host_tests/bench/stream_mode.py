"""What stream mode costs for each KB, beside the least that a loop over poll, readinto and write
can cost: device/copy.py on amd64, without shims, so that nothing is counted but the interpreter
and our code. test_io_queue.py looks by the same way what the bridge allocates.
"""

import random
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from airwire import interpreter, project
from airwire.errors import UserError

if __package__:
    from host_tests.bench.rows import Row
else:
    from rows import Row

SCRIPT = Path(__file__).parent / "device" / "copy.py"
# 3 is the aim, 5 the limit that was agreed on.
MOST_TIMES_BARE = 5
KB = 1024
FEW, MANY = 20, 220
PATIENCE_SECONDS = 60


class Copier:
    """A copy.py that runs, and both ends of what it copies: `uart` and `net`."""

    def __init__(self, arch: str, *words: str | int, before: Iterable[str] = ()) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(PATIENCE_SECONDS)
            port = server.getsockname()[1]
            program = [str(interpreter.find(arch)), "-X", "heapsize=256K", str(SCRIPT)]
            self._process = subprocess.Popen(
                [*before, *program, str(words[0]), str(port), *map(str, words[1:])],
                env={"MICROPYPATH": f"{project.ROOT}:{project.ROOT / 'lib'}:.frozen"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            self.uart, self.net = server.accept()[0], server.accept()[0]
        for end in (self.uart, self.net):
            end.settimeout(PATIENCE_SECONDS)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def up(self, data: bytes) -> bool:
        """From the UART to the network, until it has arrived; False when copy.py has ended."""
        return self._carry(self.uart, self.net, data)

    def down(self, data: bytes) -> bool:
        """From the network to the UART, likewise."""
        return self._carry(self.net, self.uart, data)

    def _carry(self, source: socket.socket, sink: socket.socket, data: bytes) -> bool:
        try:
            source.sendall(data)
            came = b""
            while len(came) < len(data):
                piece = sink.recv(65536)
                if not piece:
                    return False
                came += piece
        except ConnectionError:
            return False
        if came != data:
            raise UserError("bench: what was carried is not what was sent")
        return True

    def end(self) -> str:
        """Close both ends; what copy.py has printed until it ended."""
        self.net.close()
        self.uart.close()
        return self._process.communicate(timeout=PATIENCE_SECONDS)[0]


def grown(arch: str, kind: str, count: int, rng: random.Random, *way: str) -> tuple[int, int]:
    """By how many bytes the heap in use grew while `count` bytes went each way, in chunks that
    come one at a time, and how often one side had no room; `kind` is locked or counted, `way` may
    be crowded. Raises ValueError with what copy.py said.
    """
    copier = Copier(arch, kind, count, *way)
    sizes = (1, 50, 700, KB, KB, 1460)
    while copier.up(rng.randbytes(rng.choice(sizes))):
        if not copier.down(rng.randbytes(rng.choice(sizes))):
            break
    said = copier.end()
    bytes_more, full = map(int, said.split())
    return bytes_more, full


def rows() -> list[Row]:
    """Instructions per KB each way, and their bound: so many times those of the bare loop."""
    found = []
    for way in ("up", "down"):
        bare, ours = _per_kb("bare", way), _per_kb("bridge", way)
        name = f"stream mode, 1 KB {'to' if way == 'up' else 'from'} the network"
        found.append(
            Row(name, ours, "instructions", MOST_TIMES_BARE * bare, "bare loop, in it", bare)
        )
    return found


def _per_kb(kind: str, way: str) -> int:
    return round((_instructions(kind, way, MANY) - _instructions(kind, way, FEW)) / (MANY - FEW))


def _instructions(kind: str, way: str, count: int) -> int:
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise UserError("bench: no valgrind here: run `make bench`, which says how to get it")
    out = project.BUILD / "copy.callgrind"
    before = (valgrind, "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
    copier = Copier("amd64", kind, before=before)
    data = random.Random(count).randbytes(KB)
    for _ in range(count):
        getattr(copier, way)(data)
    said = copier.end()
    total = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if said or not total:
        raise UserError(f"bench: copy.py said {said!r}")
    return int(total[1])
