"""What passed a serial port, as lines in a file for those who read a failure.

Keys do not: each line is written when it is whole, without what follows the word passkey or
password, and without the bench's own passkey wherever that stands.
"""

import re
import time
from pathlib import Path

HIDDEN = b"***"
_KEYS = re.compile(rb"((?:passkey|password)\S*\s+)\S[^\r\n]*")

# Of a line of data; a file of the tests may be one.
_MOST = 240


class Transcript:
    """A file that is added to. Lines have the seconds since it was opened, and `>` for what was
    sent, `<` for what came.
    """

    def __init__(self, path: Path, secrets: list[bytes]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._secrets = secrets
        self._start = time.monotonic()
        self._parts = {">": bytearray(), "<": bytearray()}

    def sent(self, data: bytes) -> None:
        self._add(">", data)

    def came(self, data: bytes) -> None:
        self._add("<", data)

    def note(self, text: str) -> None:
        """A line of our own."""
        self._flush()
        self._file.write(f"\n== {text}\n")

    def _add(self, sign: str, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._parts[sign] += line
            self._write(sign)
        self._parts[sign] += rest

    def _flush(self) -> None:
        for sign, part in self._parts.items():
            if part:
                self._write(sign)

    def _write(self, sign: str) -> None:
        line = bytes(self._parts[sign]).rstrip(b"\r")
        self._parts[sign].clear()
        text = hidden(line, self._secrets).decode("utf-8", "backslashreplace")
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        if len(text) > _MOST:
            text = f"{text[:_MOST]}... ({len(line)} bytes)"
        self._file.write(f"{time.monotonic() - self._start:9.3f} {sign} {text}\n")


def hidden(line: bytes, secrets: list[bytes]) -> bytes:
    """A line without keys."""
    line = _KEYS.sub(rb"\1" + HIDDEN, line)
    for secret in secrets:
        line = line.replace(secret, HIDDEN)
    return line
