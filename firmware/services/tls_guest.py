# A client of the TLS server. Imported with the first one, as what it is made of.
from firmware.net.tls_stream import TlsStream

from . import tcp_guest

_Stream = tcp_guest.over(TlsStream)


def take(server, sock, host, port):
    """Make a stream of a connection whose handshake is done, or close it. Raises MemoryError."""
    tcp_guest.take(server, sock, host, port, b"TLSS", _Stream)
