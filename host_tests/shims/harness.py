# Plays the supervisor for one MicroPython process with the shims: gives it the five descriptors of
# a virtual board, collects what it says, answers `ready` and `scan`. Tests of the shims start
# here; the supervisor itself is not used.

import contextlib
import hashlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path
from textwrap import dedent

from littlefs import LittleFS

from airwire.board import shim_files

BLOCK = 4096
VFS_AT = 0x210000
VFS_BLOCKS = 64
PATIENCE = 10  # seconds until something that must happen is given up
# What is timed is tried so often: a busy machine may be late in a round, what waits wrongly is so
# in each.
ROUNDS = 3
IDLE = "wlan 1000 0 0 - - - -"


def _claim_address():
    # As a supervisor does, so that other boards and other runs of these tests keep away.
    for number in range(254, 128, -1):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((f"127.0.0.{number}", 65353))
        except OSError:
            claim.close()
        else:
            return claim, f"127.0.0.{number}", f"127.0.1.{number}"
    raise AssertionError("no address is free")


_CLAIM, HERE, GATEWAY = _claim_address()  # the board's address, and its access point's
JOINED = f"wlan 1010 1 -52 {HERE} 255.0.0.0 {GATEWAY} {GATEWAY}"


def accept(board, server):
    """Accepts the board's connection to a listener of the host."""
    board.until(lambda: select.select([server], [], [], 0)[0])
    return server.accept()


def port_of(server):
    return server.getsockname()[1]


def table(rows):
    """A partition table as IDF's bootloader reads it: 32-byte rows (label, type, subtype, offset,
    size), then the MD5 row."""
    body = b"".join(
        struct.pack("<HBBII16sI", 0x50AA, kind, subtype, at, size, label.encode(), 0)
        for label, kind, subtype, at, size in rows
    )
    return (body + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(body).digest()).ljust(0xC00, b"\xff")


ROWS = (
    ("nvs", 1, 2, 0x9000, 0x6000),
    ("phy_init", 1, 1, 0xF000, 0x1000),
    ("factory", 0, 0, 0x10000, 0x1F0000),
    ("dct", 1, 0x40, 0x200000, 0x10000),
    ("vfs", 1, 0x81, VFS_AT, VFS_BLOCKS * BLOCK),
)


def file_system(files):
    """A LittleFS image holding files (path -> bytes, or str that is freed of its indent), made by
    littlefs-python."""
    fs = LittleFS(
        block_size=BLOCK, block_count=VFS_BLOCKS, read_size=32, prog_size=32, lookahead_size=32
    )
    for name, content in files.items():
        parent = os.path.dirname(name)
        if parent:
            fs.makedirs(parent, exist_ok=True)
        with fs.open(name, "wb") as f:
            f.write(content if isinstance(content, bytes) else dedent(content).encode())
    return bytes(fs.context.buffer)


def image(files, rows=ROWS):
    """A flash image; files None leaves the file system erased."""
    data = bytearray(b"\xff" * (VFS_AT + VFS_BLOCKS * BLOCK))
    data[0x8000 : 0x8000 + 0xC00] = table(rows)
    data[0x10000] = 0xE9
    if files is not None:
        data[VFS_AT:] = file_system(files)
    return bytes(data)


class Board:
    """One run of the interpreter. Attributes: console (bytes of UART0), uart1 (bytes), lines (list
    of control lines)."""

    def __init__(
        self,
        folder,
        interpreter,
        *,
        arch="amd64",
        heap="512K",
        port_shift=8000,
        cause=1,
        wlan=IDLE,
        pins=(),
        active=None,
        raw=False,
    ):
        self.folder = Path(folder)
        self.console = b""
        self.uart1 = b""
        self.lines = []
        self.networks = ()
        self.wlan = wlan + ("" if active is None else f" - {active}"[2:])
        self.pins = pins
        self._partial = b""
        config = {
            "name": "test",
            "flash": str(self.folder / "flash.bin"),
            "stat": str(self.folder / "flash.stat"),
            "rtc": str(self.folder / "rtc.bin"),
            "ip": HERE,
            "port_shift": port_shift,
            "mac": "246f28aabbcc",
            "reset_cause": cause,
            "raw": raw,
            "wlan_channel": 6,
            "scan_ms": 300,
        }
        path = self.folder / "board.json"
        path.write_text(json.dumps(config))
        ends = [socket.socketpair() for _ in range(3)]
        theirs = [end[1].fileno() for end in ends]
        self._uart0, self._uart1, self._control = (end[0] for end in ends)
        ends[1][1].setblocking(False)
        ends[2][1].setblocking(False)
        log = open(self.folder / "board.log", "ab")

        def arrange():
            # High numbers first, so that no descriptor is overwritten before it has been moved.
            high = [
                os.dup2(fd, 100 + i)
                for i, fd in enumerate((theirs[0], theirs[0], log.fileno(), *theirs[1:]))
            ]
            for i, fd in enumerate(high):
                os.dup2(fd, i)
                os.set_inheritable(i, True)
            os.closerange(5, 200)

        shims = shim_files.prepared(arch)
        command = [str(interpreter), "-X", f"heapsize={heap}", str(shims / "start.py"), str(path)]
        environment = {"MICROPYPATH": f"{shims}:.frozen"}
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=environment, preexec_fn=arrange, close_fds=False
        )
        log.close()
        self._theirs = [end[1] for end in ends[:2]]  # kept, as the supervisor keeps them
        ends[2][1].close()

    # --- talking

    def control(self, *lines):
        self._control.sendall("".join(line + "\n" for line in lines).encode())

    def type(self, text):
        """Types into UART0 as the supervisor passes it on: Ctrl-C is a signal while the process
        catches it. Bytes that are no UTF-8 stand in text as surrogates, both ways."""
        for piece in text.replace("\x03", "\0\x03\0").split("\0"):
            if piece == "\x03" and self.catches_interrupts():
                self.process.send_signal(signal.SIGINT)
            elif piece:
                self._uart0.sendall(piece.encode(errors="surrogateescape"))

    def send1(self, data):
        self._uart1.sendall(data)

    def catches_interrupts(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught.split()[1], 16) & 2)

    # --- listening

    def pump(self, timeout):
        """Takes what comes within timeout seconds, one batch; answers what a supervisor answers.
        False: nothing came."""
        ready = select.select([self._uart0, self._uart1, self._control], [], [], timeout)[0]
        came = False
        for end in ready:
            data = end.recv(65536)
            came = came or bool(data)
            if end is self._uart0:
                self.console += data
            elif end is self._uart1:
                self.uart1 += data
            else:
                *lines, self._partial = (self._partial + data).split(b"\n")
                for line in lines:
                    self._answer(line.decode())
        return came

    def _answer(self, line):
        self.lines.append(line)
        if line == "ready":
            self.control(*self.pins, self.wlan)
        elif line == "scan" and self.networks is not None:
            self.control(*self.networks, "scan-end")
        elif line.startswith("ap-"):
            self.control("ap-done")

    def until(self, done, timeout=PATIENCE):
        """Pumps until done() is true; fails with what was heard when it does not come."""
        end = time.monotonic() + timeout
        while not done():
            ended = self.process.poll()
            came = self.pump(0.05)
            if not came and (ended is not None or time.monotonic() > end) and not done():
                what = "gave up waiting" if ended is None else f"process ended: {ended}"
                raise AssertionError(f"{what}\n{self.console!r}\n{self.lines}\n{self.log()}")

    def expect(self, text, timeout=PATIENCE):
        """Waits for text on UART0; returns what came up to and with it, and forgets that."""
        want = text.encode()
        self.until(lambda: want in self.console, timeout)
        at = self.console.index(want) + len(want)
        seen, self.console = self.console[:at], self.console[at:]
        return seen.decode(errors="surrogateescape")

    def expect_line(self, line, timeout=PATIENCE):
        self.until(lambda: line in self.lines, timeout)

    def wait(self, timeout=PATIENCE):
        """Waits for the end of the process; returns its exit code."""
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            assert time.monotonic() < end, f"still running\nconsole: {self.console!r}"
            self.pump(0.02)
        while self.pump(0.02):
            pass
        return self.process.returncode

    def log(self):
        return (self.folder / "board.log").read_text()

    def wakeups(self, seconds):
        """How often the process ran within seconds, once what was going on has settled: 0 when it
        sleeps in the kernel."""
        time.sleep(0.1)
        before = self._switches()
        time.sleep(seconds)
        return self._switches() - before

    def _switches(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for end in (self._uart0, self._uart1, self._control, *self._theirs):
            end.close()


@contextlib.contextmanager
def running(folder, interpreter, files, **options):
    """A Board whose flash holds files (None: keep the image that is there), closed at the end."""
    if files is not None:
        (Path(folder) / "flash.bin").write_bytes(image(files))
    board = Board(folder, interpreter, **options)
    try:
        yield board
    finally:
        board.close()
