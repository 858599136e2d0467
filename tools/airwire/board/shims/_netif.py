# What lwIP does with TCP connections when the station loses its address: IDF takes the network
# interface down, and every connection that was bound to the address is aborted
# (tcp_netif_ip_addr_changed(), while LWIP_TCP_KEEP_CONNECTION_WHEN_IP_CHANGES is off, as it is).
# What had arrived can still be read; then comes ERR_ABRT, and after it ERR_CONN. The peer is told
# nothing: here its connection lives on in the dark until the station is back, and is reset then,
# as lwIP does at the peer's next segment.
#
# Needs the ffi module; without it connections live on.

import _board
from micropython import const

_WINDOW = const(5760)  # CONFIG_LWIP_TCP_WND_DEFAULT: more cannot have arrived
_ECONNABORTED = const(113)
_ENOTCONN = const(128)
# The error that waits in the connection and the one in its mailbox: both are told.
_TOLD = const(2)
_FIONREAD = const(0x541B)
_NO_LINGER = b"\1\0\0\0\0\0\0\0"  # struct linger: a close sends RST

# _board.aborted: descriptor -> what is left of the connection, a list of these. What had arrived
# stays with the kernel: the firmware's heap is not ours.
_FILE = const(0)
_SIZE = const(1)  # bytes that had arrived and are still in the file
_PEEKED = const(2)  # bytes that were looked at
_ERRORS = const(3)  # to be told


def _call(result, name, arguments):
    import ffi

    return ffi.open(None).func(result, name, arguments)


def up():
    """The station has an address."""
    for f in _board.dark:
        _call("i", "setsockopt", "iiiPi")(f.fileno(), 1, 13, _NO_LINGER, 8)
        f.close()
    _board.dark.clear()
    for rest in _board.aborted.values():
        rest[_FILE] = None


def down():
    """The station has lost its address, or got another. Connections of the soft-AP stay."""
    try:
        whose = _call("i", "getsockname", "iPP")
        duplicate = _call("i", "dup", "i")
        replace = _call("i", "dup2", "ii")
        ask = _call("i", "ioctl", "iLp")
    except ImportError:
        return
    size = bytearray(4)
    name = bytearray(16)
    length = bytearray(4)
    stay = set()
    # Always ready, as the socket of a connection that was aborted.
    with open(_board.host + "/dev/null", "r+b") as ready:
        for descriptor in _board.connected:
            length[0] = len(name)
            whose(descriptor, name, length)
            if b"%d.%d.%d.%d" % tuple(name[4:8]) == _board.softap[2]:
                stay.add(descriptor)
                continue
            f = open(duplicate(descriptor), "r+b")
            ask(descriptor, _FIONREAD, size)
            n = min(size[0] | size[1] << 8 | size[2] << 16, _WINDOW)
            _board.aborted[descriptor] = [f, n, b"", _TOLD]
            _board.dark.append(f)
            replace(ready.fileno(), descriptor)
    _board.connected.clear()
    _board.connected.update(stay)


def take(descriptor, n, peek):
    """What a read of n bytes of an aborted connection gives; n 0: a write. Raises OSError."""
    rest = _board.aborted[descriptor]
    data = rest[_PEEKED]
    f = rest[_FILE]
    try:
        if f and len(data) < n and (rest[_SIZE] or not data):
            # Behind what had arrived only the peer's end counts.
            more = f.read(min(n - len(data), rest[_SIZE] or 1))
            if rest[_SIZE]:
                rest[_SIZE] -= len(more)
                data += more
            elif more == b"" and n:
                return more
    except OSError:
        rest[_FILE] = None
    if data and n:
        rest[_PEEKED] = data if peek else data[n:]
        return data[:n]
    rest[_ERRORS] = max(-1, rest[_ERRORS] - 1)
    raise OSError(_ECONNABORTED if rest[_ERRORS] >= 0 else _ENOTCONN)
