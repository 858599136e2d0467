"""SLIP (RFC 1055): frames between two 0xC0, with 0xC0 and 0xDB inside them escaped."""

from collections.abc import Iterator

_END, _ESCAPE = b"\xc0", b"\xdb"
_ESCAPED_END, _ESCAPED_ESCAPE = b"\xdb\xdc", b"\xdb\xdd"

# The longest frame is a block of the flasher stub: 16 KiB and two headers. What is longer has lost
# its end.
MAX_FRAME = 0x4000 + 64


def pack(frame: bytes) -> bytes:
    """A frame as it goes over the wire."""
    frame = frame.replace(_ESCAPE, _ESCAPED_ESCAPE).replace(_END, _ESCAPED_END)
    return _END + frame + _END


class Decoder:
    """Frames out of a stream that may be cut anywhere."""

    def __init__(self) -> None:
        self._partial = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are complete with these bytes; what is none, or none any more, is left
        out.
        """
        *whole, self._partial = (self._partial + data).split(_END)
        if len(self._partial) > 2 * MAX_FRAME:  # each byte may be escaped
            self._partial = b""
        for frame in whole:
            # An escape is followed by one of two bytes. After another one the frame is noise.
            pieces = frame.split(_ESCAPE)
            if len(frame) <= 2 * MAX_FRAME and all(
                p[:1] in (b"\xdc", b"\xdd") for p in pieces[1:]
            ):
                decoded = frame.replace(_ESCAPED_END, _END).replace(_ESCAPED_ESCAPE, _ESCAPE)
                if decoded:
                    yield decoded
