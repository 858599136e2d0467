# Datagrams that ask for a name: which of them may be about ours, and the codecs of LLMNR and
# NetBIOS, which are imported for a datagram that has the name in it. How their ports are opened is
# in windows_names.py.
import sys

from firmware import forget
from firmware.net.udp_port import SIZE


def about(data, parts):
    """Whether one of the parts is in a datagram, letters in either case."""
    data = data.lower()
    for part in parts:
        if data.find(part) >= 0:
            return True
    return False


class Codec:
    """wire.<module>.Responder(*words), for datagrams with one of `parts` in them."""

    def __init__(self, module, parts, words):
        self._module = module
        self._parts = parts
        self._words = words

    def process(self, data, peer):
        """The reply to a datagram, or None."""
        if not about(data, self._parts):
            return None
        buf = bytearray(SIZE)
        length = len(data)
        buf[:length] = data
        try:
            codec = __import__("wire." + self._module, None, None, ("Responder",))
            size = codec.Responder(*self._words).process(buf, length, peer)
            return memoryview(buf)[:size] if size else None
        finally:
            forget("wire." + self._module)
            if "wire.mdns" not in sys.modules and "wire.dns_server" not in sys.modules:
                forget("wire.dns")
