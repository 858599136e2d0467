"""A network of one's own for the commands of a document, where the host allows it: the port of a
WWEP server may be in use here, and documents name it as their readers do.
"""

import contextlib
import socket
import subprocess
import sys
import time

from airwire.wire.wwep import OPEN_PORT
from host_tests.docs.transcripts import TranscriptError

# Brings the loopback up, says so, and holds the namespace until its standard input ends.
_HOLDER = """
import fcntl, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as s:
    fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
print("up", flush=True)
sys.stdin.read()
"""

PORT_SECONDS = 60.0  # another test's server ends within that; somebody's own does not
POLL = 0.1


class Network:
    """`prefix` is what a command begins with to run in it; empty where it is the host's."""

    def __init__(self) -> None:
        self.prefix: list[str] = []
        self._holder: subprocess.Popen | None = None
        with contextlib.suppress(FileNotFoundError):
            self._holder = subprocess.Popen(
                ["unshare", "--map-root-user", "--net", sys.executable, "-c", _HOLDER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            if self._holder.stdout.readline() == b"up\n":
                target = f"--target={self._holder.pid}"
                prefix = ["nsenter", target, "--user", "--net", "--preserve-credentials"]
                if subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL).returncode == 0:
                    self.prefix = prefix

    def await_port(self) -> None:
        """Wait until a WWEP server can listen."""
        until = time.monotonic() + PORT_SECONDS
        while not self.prefix and not _is_free():
            if time.monotonic() >= until:
                raise TranscriptError(
                    f"port {OPEN_PORT} is taken: end the WWEP server that runs here"
                )
            time.sleep(POLL)

    def close(self) -> None:
        if self._holder:
            self._holder.communicate()


def _is_free() -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", OPEN_PORT))
        except OSError:
            return False
    return True
