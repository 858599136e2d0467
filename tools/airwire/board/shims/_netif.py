# What lwIP does with TCP connections when the station loses its address: IDF takes the network
# interface down, and every connection that was bound to the address is aborted
# (tcp_netif_ip_addr_changed(), while LWIP_TCP_KEEP_CONNECTION_WHEN_IP_CHANGES is off, as it is).
# What had arrived can still be read; then comes ERR_ABRT, and after it ERR_CONN. The peer is told
# nothing: here its connection lives on in the dark until the station is back, and is reset then,
# as lwIP does at the peer's next segment.
#
# lwIP's memory is not the firmware's: whatever is needed is there from the connection's begin on,
# so that it breaks where the heap is full, too. Needs the ffi module; without it connections live
# on.

import _board
from micropython import const

_WINDOW = const(5760)  # CONFIG_LWIP_TCP_WND_DEFAULT: more cannot have arrived
_ECONNABORTED = const(113)
_ENOTCONN = const(128)
# The error that waits in the connection and the one in its mailbox: both are told.
_TOLD = const(2)
_FIONREAD = const(0x541B)
_DONTWAIT = const(0x40)
_NO_LINGER = b"\1\0\0\0\0\0\0\0"  # struct linger: a close sends RST

# _board.connected: descriptor -> what is known of the connection, a list of these. What had
# arrived stays with the kernel: the firmware's heap is not ours.
_FILE = const(0)  # None, or the descriptor that an aborted connection has now; -1 when it is gone
_SIZE = const(1)  # bytes that had arrived and are still there
_PEEKED = const(2)  # bytes that were looked at
_ERRORS = const(3)  # to be told

_dark = bytearray(16)  # descriptors of connections whose peers do not know yet
_darks = 0  # how many of them there are: at most as many as sockets
_name = bytearray(16)  # struct sockaddr_in
_number = bytearray(4)
_calls = None


def _prepare():
    import ffi

    c = ffi.open(None)
    ready = open(_board.host + "/dev/null", "r+b")  # as ready as an aborted connection's socket
    return (
        c.func("i", "getsockname", "iPP"),
        c.func("i", "dup", "i"),
        c.func("i", "dup2", "ii"),
        c.func("i", "ioctl", "iLp"),
        c.func("i", "setsockopt", "iiiPi"),
        c.func("i", "close", "i"),
        ready,
    )


def watch(descriptor):
    """A TCP connection has begun."""
    global _calls
    if _calls is None:
        try:
            _calls = _prepare()
        except ImportError:
            _calls = ()
    if _calls:
        _board.connected[descriptor] = [None, 0, b"", _TOLD]
        _board.station_up, _board.station_down = up, down


def up():
    """The station has an address."""
    global _darks
    while _darks:
        _darks -= 1
        _calls[4](_dark[_darks], 1, 13, _NO_LINGER, 8)
        _calls[5](_dark[_darks])
    for rest in _board.connected.values():
        if rest[_FILE] is not None:
            rest[_FILE] = -1


def down():
    """The station has lost its address, or got another. Connections of the soft-AP stay. Allocates
    nothing."""
    global _darks
    whose, duplicate, replace, ask, _, _, ready = _calls
    for descriptor in _board.connected:
        rest = _board.connected[descriptor]
        if rest[_FILE] is not None:
            continue
        _number[0] = len(_name)
        whose(descriptor, _name, _number)
        if _is_softap():
            continue
        rest[_FILE] = _dark[_darks] = duplicate(descriptor)
        _darks += 1
        ask(descriptor, _FIONREAD, _number)
        rest[_SIZE] = min(_number[0] | _number[1] << 8 | _number[2] << 16, _WINDOW)
        replace(ready.fileno(), descriptor)
        _board.aborted += 1


def _is_softap():
    # Whether _name has the address of the soft-AP, which is dotted text.
    at = 4
    part = 0
    for c in _board.softap[2]:
        if c == 46:
            if _name[at] != part:
                return False
            at += 1
            part = 0
        else:
            part = part * 10 + c - 48
    return _name[at] == part


def take(descriptor, n, peek):
    """What a read of n bytes of an aborted connection gives; n 0: a write. Raises OSError."""
    rest = _board.connected[descriptor]
    data = rest[_PEEKED]
    if rest[_FILE] >= 0 and len(data) < n and (rest[_SIZE] or not data):
        # Behind what had arrived only the peer's end counts.
        more = _receive(rest[_FILE], min(n - len(data), rest[_SIZE] or 1))
        if more is None:
            rest[_FILE] = -1
        elif rest[_SIZE]:
            rest[_SIZE] -= len(more)
            data += more
        elif not more:
            return more
    if data and n:
        rest[_PEEKED] = data if peek else data[n:]
        return data[:n]
    rest[_ERRORS] = max(-1, rest[_ERRORS] - 1)
    raise OSError(_ECONNABORTED if rest[_ERRORS] >= 0 else _ENOTCONN)


def _receive(descriptor, n):
    # Up to n bytes, b"" at the peer's end, None for nothing.
    import ffi

    data = bytearray(n)
    n = ffi.open(None).func("i", "recv", "iPii")(descriptor, data, n, _DONTWAIT)
    return None if n < 0 else bytes(data[:n])
