"""Name servers that answer as they are told: wrongly, late, from elsewhere, or not at all."""

import contextlib
import queue
import socket
import struct
import threading

A, CNAME = 1, 5
TO_QUESTION = b"\xc0\x0c"
# Any but those that boards and their own name servers have.
ADDRESSES = [f"127.0.7.{n}" for n in range(1, 255)]


def wire(name):
    return b"".join(bytes((len(part),)) + part.encode() for part in name.split(".")) + b"\0"


def record(owner, kind, data, ttl=60):
    return owner + struct.pack(">2HLH", kind, 1, ttl, len(data)) + data


def host(ip, owner=TO_QUESTION, ttl=60):
    return record(owner, A, socket.inet_aton(ip), ttl)


def alias(name, owner=TO_QUESTION, ttl=60):
    return record(owner, CNAME, wire(name), ttl)


def reply(query, *records, flags=0x8180, ident=None):
    """The answer to a query; `ident` in place of its own id."""
    ident = query[:2] if ident is None else ident
    head = ident + struct.pack(">5H", flags, 1, len(records), 0, 0)
    return head + query[12:] + b"".join(records)


def asked(query):
    """The name in a query, as text."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels)


class NameServer:
    """`serve(query, say)` is called for each query: `say(data, sock=None)` sends to the asker, by
    another socket where one is given. `names` are those that were asked for.
    """

    def __init__(self, shift, serve):
        """`shift`: what the board's ports below 1024 are shifted by."""
        self.serve = serve
        self.names: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for self.address in ADDRESSES:
            try:
                self.sock.bind((self.address, 53 + shift))
                break
            except OSError:
                continue
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def _run(self):
        with contextlib.suppress(OSError):  # shut down at the end
            while True:
                query, asker = self.sock.recvfrom(1000)
                if not query:
                    return
                self.names.put(asked(query))

                def say(data, sock=None, asker=asker):
                    (sock or self.sock).sendto(data, asker)

                self.serve(query, say)

    def count(self):
        """How many questions came since the last time."""
        found = 0
        while not self.names.empty():
            self.names.get()
            found += 1
        return found

    def __exit__(self, *_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.sock.getsockname())
        self._thread.join()
        self.sock.close()


def silent(query, say):
    """No answer."""


def table(**hosts):
    """Answers for these names, `_` for a dot; for all others that there is no such name."""

    def serve(query, say):
        ip = hosts.get(asked(query).replace(".", "_"))
        say(reply(query, host(ip)) if ip else reply(query, flags=0x8183))

    return serve
