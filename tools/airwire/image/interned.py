"""The names of modules that come and go on the device, for it to take into its RAM at once.

MicroPython keeps each name of a module it has imported for ever, in pieces of 128 bytes that lie
where there was room just then: between the code of modules that are dropped again. What is free
afterwards is a lot of holes of a kilobyte or two, and mbedTLS wants two in one. Names that are
there already lie close together, and no module leaves any behind.

https://docs.micropython.org/en/latest/reference/mpyfiles.html#the-binary-encoding-of-mpy-files
"""

import fnmatch
from collections.abc import Mapping

# What serves a client of the HTTP server over TLS; `lib/wire/*_fast` is compiled on the device.
_HTTPS = (
    "firmware/net/tls*.mpy",
    "firmware/net/web_socket.mpy",
    "firmware/services/http_*.mpy",
    "firmware/services/rest_session.mpy",
    "firmware/store/expiry.mpy",
    "firmware/store/files.mpy",
    "firmware/store/identit*.mpy",
    "lib/wire/http*.mpy",
    "lib/wire/pem.mpy",
    "lib/wire/rest*.mpy",
    "lib/wire/tls_errors.mpy",
    "lib/wire/websocket.mpy",
    "lib/wire/x509.mpy",
)
_HEADER = 4  # bytes before the counts: magic number, version, flags, size of small ints


def https_names(files: Mapping[str, bytes]) -> bytes:
    """One name a line, sorted, of the modules among `files` (path on the device -> content)."""
    found = {
        name
        for path, content in files.items()
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in _HTTPS)
        for name in names(content)
    }
    return b"".join(b"%s\n" % name for name in sorted(found) if b"\n" not in name)


def names(mpy: bytes) -> list[bytes]:
    """The names in a compiled module, but for those that each MicroPython has."""
    count, at = _number(mpy, _HEADER)
    _, at = _number(mpy, at)  # constants
    found = []
    for _ in range(count):
        size, at = _number(mpy, at)
        if size & 1:  # the number of one that each has
            continue
        size >>= 1
        found.append(mpy[at : at + size])
        at += size + 1  # a NUL ends it
    return found


def _number(data: bytes, at: int) -> tuple[int, int]:
    # The unsigned number there, seven bits a byte, the highest first; and where it ends.
    number = 0
    while True:
        byte = data[at]
        at += 1
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            return number, at
