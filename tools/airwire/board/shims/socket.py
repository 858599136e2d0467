# socket after ports/esp32/modsocket.c, over the host's: ('ip', port) tuples, lwIP's and newlib's
# numbers, ten sockets. In the plain mode the network is the host's loopback: the board's address
# is 127.0.0.N, 0.0.0.0 means it, ports below 1024 are shifted where the host forbids them. Wraps
# the built-in socket: a subclass of it does not poll. What is read and written once the station
# has lost its address is in _netif.py. Known to differ: what comes for listeners and datagram
# sockets arrives meanwhile; broadcasts and multicasts reach only sockets bound to them;
# setsockopt(.., 20, callback) is missing. In LAN mode the board has interfaces of its own, and the
# first two of these differences are gone.

import gc
import io
import select

import _board
import uselect
import usocket
from _lwip import error, fixed, pack, resolve, route, unpack
from micropython import const

AF_INET = 2
AF_INET6 = 10
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
IPPROTO_IP = 0
IPPROTO_TCP = 6
IPPROTO_UDP = 17
SOL_SOCKET = 0xFFF
SO_REUSEADDR = 4
SO_BROADCAST = 0x20
SO_BINDTODEVICE = 0x100B
IP_ADD_MEMBERSHIP = 3
TCP_NODELAY = 1
MSG_PEEK = 1
MSG_DONTWAIT = 8

_MOST = const(10)  # CONFIG_LWIP_MAX_SOCKETS
_SEND_BUFFER = const(5760)  # CONFIG_LWIP_TCP_SND_BUF_DEFAULT: a peer that stalls is felt soon
_STEP_MS = const(100)  # SOCKET_POLL_US
_FOREVER = const(0x3FFFFFFF)
_OUT = const(4)
_INVALID = const(0x20)  # POLLNVAL
_EAGAIN = const(11)
_EBADF = const(9)
_EINPROGRESS = const(115)  # Linux' numbers, below the errno mapping
_EADDRNOTAVAIL = const(99)
_EISCONN = const(106)
_ETIMEDOUT = const(116)  # newlib's, as all that is raised here
_ENOTCONN = const(128)
_ENFILE = const(23)
_GET_FILENO = const(10)
_POLL = const(3)
_CLOSE = const(4)
_NEW = const(0)
_BOUND = const(1)
_BUSY = const(2)  # connected, connecting or listening

_used = set()  # descriptors. A collected socket leaves its number here until _reap()


def _reap():
    # Drops the descriptors that the garbage collector has closed, with the sockets that held them.
    for fd in list(_used):
        p = uselect.poll()
        p.register(fd, 0)
        for _, events in p.ipoll(0):
            if events & _INVALID:
                _used.discard(fd)
                _forget(fd)


def _forget(fd):
    # The descriptor is closed, or another socket's.
    rest = _board.connected.pop(fd, None)
    _board.aborted -= bool(rest and rest[0] is not None)


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    ip = resolve(host)
    return [(AF_INET, type or SOCK_STREAM, proto, host or "0.0.0.0", (ip, int(port)))]


class socket(io.IOBase):
    _slow = False  # a time-out below 100 ms: one wait of 100 ms

    def __init__(self, family=AF_INET, type=SOCK_STREAM, proto=0, *, _accepted=None):
        if _accepted is None:
            if len(_used) >= _MOST:
                gc.collect()
                _reap()
            if len(_used) >= _MOST:
                raise OSError(_ENFILE)
            if type == SOCK_RAW:
                from _raw import Raw

                _accepted = Raw(family, proto)
            else:
                _accepted = usocket.socket(family, type, proto)
        s = _accepted
        if type == SOCK_STREAM:
            s.setsockopt(1, 7, _SEND_BUFFER)  # SO_SNDBUF
            s.setsockopt(1, 10, 1)  # SO_OOBINLINE: lwIP knows no urgent data
        s.setblocking(False)  # waiting is done here, with the board served meanwhile
        self._s = s
        self._f = open(s.fileno(), "r+b")  # closes the descriptor when this socket is collected
        self._stream = type == SOCK_STREAM
        self._state = _NEW
        self._tries = _FOREVER
        self._waiter = None
        _used.add(s.fileno())
        _forget(s.fileno())

    def _connected(self):
        self._state = _BUSY
        if self._stream:
            __import__("_netif").watch(self._s.fileno())

    def _aborted(self):
        rest = _board.aborted and _board.connected.get(self._s.fileno())
        return rest and rest[0] is not None

    def _rest(self, n, peek):
        # What a read of an aborted connection gives: up to n bytes. n 0: a write. Raises OSError.
        from _netif import take

        return take(self._s.fileno(), n, peek)

    def _wait(self, events):
        # Waits for events; False when the time-out is over or the socket does not block.
        if self._tries == 0 and not self._slow:
            return False
        if self._waiter is None:
            self._waiter = _board.poller()
            self._waiter.register(self._f, events)
        else:
            self._waiter.modify(self._f, events)
        ms = -1 if self._tries == _FOREVER else (self._tries + 1) * _STEP_MS
        return _board.wait_on(self._waiter, ms) != 0

    def _check(self):
        if self._f is None:
            raise OSError(_EBADF)

    def _give_up(self):
        raise OSError(_EAGAIN if self._tries == 0 else _ETIMEDOUT)

    def settimeout(self, seconds):
        self._check()
        ms = None if seconds is None else int(seconds * 1000)
        self._tries = _FOREVER if ms is None else ms // _STEP_MS
        self._slow = ms is not None and 0 < ms < _STEP_MS

    def setblocking(self, on):
        self._check()
        self._tries = _FOREVER if on else 0
        self._slow = False

    def setsockopt(self, level, option, value):
        self._check()
        try:
            if option == SO_REUSEADDR:
                self._s.setsockopt(1, 2, int(value))
            elif option == SO_BROADCAST:
                self._s.setsockopt(1, 6, int(value))
            elif option == TCP_NODELAY:
                if self._stream:
                    self._s.setsockopt(6, 1, int(value))
            elif option == IP_ADD_MEMBERSHIP:
                if len(value) != 8:
                    raise ValueError
                if _board.config["ip"] != "0.0.0.0":
                    value = bytes(value)[:4] + pack(("0.0.0.0", 0))[4:8]
                self._s.setsockopt(0, 35, value)
            elif option == SO_BINDTODEVICE:
                if _board.config["ip"] == "0.0.0.0":  # LAN mode: interfaces have lwIP's names
                    value = value.encode() if isinstance(value, str) else bytes(value)
                    self._s.setsockopt(1, 25, value + b"\0")
            else:
                print("Warning: lwip.setsockopt() option not implemented")
        except OSError as er:
            raise error(er)

    def bind(self, address):
        self._check()
        where = pack(address)
        try:
            try:
                self._s.bind(where)
            except OSError as er:
                if er.errno != _EADDRNOTAVAIL or not fixed(address[0]):
                    raise er
                self._s.bind(pack(("0.0.0.0", address[1])))
        except OSError as er:
            raise error(er)
        self._state = _BOUND

    def listen(self, backlog=2):
        self._check()
        try:
            self._s.listen(max(0, backlog))
        except OSError as er:
            raise error(er)
        self._state = _BUSY

    def accept(self):
        self._check()
        while True:
            try:
                s, address = self._s.accept()
                break
            except OSError as er:
                if er.errno != _EAGAIN:
                    raise error(er)
            if not self._wait(_board.IN):
                self._give_up()
        if len(_used) >= _MOST:
            _reap()
        if len(_used) >= _MOST:  # lwip_accept() has no number for it and drops the connection
            s.close()
            raise OSError(_ENFILE)
        new = socket(_accepted=s)
        new._connected()
        return new, unpack(address)

    def _from_here(self):
        # The peer shall see the board's address, not the host's.
        if self._state == _NEW:
            self._s.bind(pack(("0.0.0.0", 0)))
            self._state = _BOUND

    def connect(self, address):
        self._check()
        where = pack(address)
        route(where)
        try:
            self._from_here()
            try:
                self._s.connect(where)
                self._connected()
                return
            except OSError as er:
                if er.errno == _EINPROGRESS:
                    self._connected()
                if er.errno != _EINPROGRESS or (self._tries == 0 and not self._slow):
                    raise er  # a bare `raise` has no machine code
            if not self._wait(_OUT):
                raise OSError(110)
            if self._aborted():
                raise OSError(103)
            self._s.connect(where)  # tells how it went
        except OSError as er:
            if er.errno == _EADDRNOTAVAIL:  # both ends are those of another one: lwIP's ERR_USE
                raise error(OSError(98))
            if er.errno != _EISCONN or self._state != _BUSY:
                raise error(er)

    # Datagrams and raw bytes

    def _take(self, receive, n, flags):
        self._check()
        if self._stream and self._state == _NEW:
            raise OSError(_ENOTCONN)
        linux = (2 if flags & MSG_PEEK else 0) | (0x40 if flags & MSG_DONTWAIT else 0)
        while True:
            if self._aborted():
                return self._rest(n, flags & MSG_PEEK)
            try:
                return receive(n, linux)
            except OSError as er:
                told = er.errno == 111 and not self._stream  # by ICMP: lwIP does not say so
                if er.errno != _EAGAIN and not told:
                    raise error(er)
            if not told:
                if flags & MSG_DONTWAIT:
                    raise OSError(_EAGAIN)
                if not self._wait(_board.IN):
                    self._give_up()

    def recv(self, n, flags=0):
        self._check()
        return self._take(self._s.recv, n, flags)

    def recvfrom(self, n, flags=0):
        self._check()
        data, address = self._take(self._s.recvfrom, n, flags)
        return data, unpack(address) if len(address) >= 8 else ("0.0.0.0", 0)

    def send(self, data):
        self._check()
        return self._put(data, 0, len(data)) or self._give_up()

    def sendall(self, data):
        if self.send(data) < len(data):
            raise OSError(_ETIMEDOUT)

    def sendto(self, data, address):
        self._check()
        where = pack(address, resolving=False)
        route(where)
        while True:
            try:
                self._from_here()
                if 224 <= where[4] < 240 and _board.config["ip"] != "0.0.0.0":
                    self._s.setsockopt(0, 32, pack(("0.0.0.0", 0))[4:8])  # IP_MULTICAST_IF
                return self._s.sendto(data, where)
            except OSError as er:
                if er.errno != _EAGAIN:
                    raise error(er)
            if not self._wait(_OUT):
                raise OSError(_ETIMEDOUT)

    # The stream's side: also what asyncio and TLS use

    def _put(self, buf, at, end):
        # Writes buf[at:end] as far as blocking and time-out allow; returns the number of bytes.
        start = at
        f = self._f
        if not self._stream:
            route(None)
        while at < end:
            if self._aborted():
                if at > start:
                    break
                self._rest(0, True)
            try:
                n = f.write(buf, at, end - at)
            except OSError as er:
                if er.errno == 11 or er.errno == _EINPROGRESS:
                    n = None
                elif er.errno == 111 and not self._stream:
                    n = 0  # an ICMP answer to an earlier datagram: lwIP does not tell it
                elif at > start:
                    n = -1
                else:
                    raise error(er)
            if n is None:
                if not self._wait(_OUT):
                    break
            elif n < 0:
                break
            else:
                at += n
        return at - start

    def write(self, buf, start=None, size=None):  # (buf), (buf, size) or (buf, start, size)
        self._check()
        end = len(buf)
        if size is None:
            size = end if start is None else start
            start = 0
        end = min(end, start + size)
        if end <= start:
            return 0
        n = self._put(buf, start, end)
        if n:
            return n
        if self._tries:
            raise OSError(_ETIMEDOUT)
        return None

    def readinto(self, buf, n=None):
        self._check()
        if self._stream and self._state == _NEW:
            raise OSError(_ENOTCONN)
        n = len(buf) if n is None else min(n, len(buf))
        got = 0
        while True:
            if self._aborted():
                if not got:
                    data = self._rest(n, False)
                    got = len(data)
                    buf[:got] = data
                return got
            try:
                more = (
                    self._f.readinto(memoryview(buf)[got:n]) if got else self._f.readinto(buf, n)
                )
            except OSError as er:
                if got:
                    return got
                raise error(er)
            if more is not None:
                got += more
                if got == n or not more or not self._tries:
                    return got
            if not self._wait(_board.IN):
                if got:
                    return got
                if self._tries:
                    raise OSError(_ETIMEDOUT)
                return None

    def read(self, n=-1):
        if n is None or n < 0:
            data = b""
            while True:
                more = self.read(512)
                if not more:
                    return data or more
                data += more
        if not self._tries and self._state != _NEW and not self._aborted():
            self._check()
            try:  # in C, as on the chip: where there is no memory, nothing is taken
                return self._f.read(n)
            except OSError as er:
                raise error(er)
        buf = bytearray(n)
        got = self.readinto(buf)
        return None if got is None else bytes(memoryview(buf)[:got])

    def readline(self, most=-1):
        line = b""
        while most < 0 or len(line) < most:
            c = self.read(1)
            if not c:
                return line or c
            line += c
            if c == b"\n":
                break
        return line

    def makefile(self, mode=None, buffering=None):
        return self

    def fileno(self):
        return -1 if self._f is None else self._s.fileno()

    def ioctl(self, request, arg):
        if request == _GET_FILENO:
            return -22 if self._f is None else self._s.fileno()
        if request == _POLL:
            if self._f is None:
                return _INVALID
            select.ask(self._s.fileno(), arg)
            p = uselect.poll()
            p.register(self._f, arg)
            for _, events in p.ipoll(0):
                return events
            return 0
        if request == _CLOSE:
            self.close()
            return 0
        return -22

    def close(self):
        if self._f is not None:
            _used.discard(self._s.fileno())
            _forget(self._s.fileno())
            self._f.close()
            self._f = None
