"""What a board announces to everybody, as a computer in its network hears it."""

import socket
import time

# A second between announcements is the least; this is a hang.
PATIENCE = 30.0


class Ear:
    """`with Ear(address, port) as ear:` the datagrams that come to a UDP port from one board.
    Other boards of this machine announce themselves to the same port.
    """

    def __init__(self, address, port=55555):
        self._address = address
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.bind(("", port))
        self.port = self._sock.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._sock.close()

    def next(self, patience=PATIENCE):
        """(datagram, its sender's port, when it came); None when none has come in that time."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            self._sock.settimeout(left)
            try:
                data, sender = self._sock.recvfrom(2000)
            except TimeoutError:
                break
            if sender[0] == self._address:
                return data, sender[1], time.monotonic()
        return None
