# The bridge of stream mode: the bytes of the host's UART to one stream and back, by pumps
# (io_queue.py), so that from one chunk to the next nothing is allocated and no task runs.
#
# Towards the network bytes are collected in a ring until a count, a time or a byte that ends a
# message says that they go; what the network does not take stays there, and then in the UART's own
# buffer: with RTS/CTS the host waits. While there is no stream what does not fit is lost, and
# counted: the break sequence must be heard all the same. Towards the host only as much is taken
# from the network as the UART can send without blocking: the peer waits by TCP's window.
#
# The two pumps are generators, whose state is local: an attribute costs ten times as much. What is
# rare is in methods. The port is that of console/ports.py.
from time import ticks_add, ticks_diff, ticks_ms

from micropython import RingIO, const

from wire import breakin

from . import io_queue

_IN = const(1)  # io_queue.IN and OUT; names of another module are looked up at each use
_OUT = const(4)

CHUNK = const(1460)  # bytes moved at once: a TCP segment, a full datagram
_SUSPECT = const(1024)  # the smallest receive buffer: fewer bytes than this were not a full one
_HELD = const(16)  # the longest break sequence, which may have to go before a chunk
_LEAST = const(64)  # room of the UART for which it is worth to look at the network
_LONG_MS = const(1000)  # in this the UART's buffer empties; the product stays a small integer
_RETRY_MS = const(2)  # until a datagram that found no room is tried again
# The host's silence is counted in ticks, of which the first may be short: 2.8 to 3 s are taken for
# breakin.QUIET_MS.
_TICK_MS = const(200)
_TICKS = const(15)


class Bridge:
    def __init__(self, port, sequence, flush_time, flush_count, flush_reset, match):
        """`flush_time` in ms; `flush_count` up to CHUNK; `match`, the byte that ends a message, as
        bytes, or b"". Without time and match all goes at once.
        """
        self._port = port
        self._detector = breakin.Detector(sequence, True)
        self._time = flush_time
        self._count = flush_count if flush_time or match else 1
        self._reset = flush_reset
        self._match = match
        self._buf = bytearray(CHUNK)  # a chunk of either direction, which no call leaves in it
        self._ring = RingIO(2 * CHUNK + _HELD)
        self._stage = bytearray(CHUNK)  # of it [_at:_end] was taken from the ring, but not sent
        self._at = self._end = 0
        self._queue = io_queue.use()
        self._stream = None
        self._datagrams = False
        self._direct = (
            None  # the stream's transmit(), while nothing speaks against sending at once
        )
        self._blocked = False  # the network did not take all
        self._paused = False  # the UART has no room
        self._silent = 0  # ticks since the host's last byte
        self._silence_at = None  # ticks_ms of the next tick, or at which held bytes are decided on
        self._flush_at = None  # ticks_ms at which what was collected goes
        self._down_at = None  # ticks_ms at which the UART has room again
        self.on_break = self.on_lost = None  # called from within the loop's wait
        self.dropped = 0  # bytes of the host that found no stream

    # Called by tasks

    def start(self, rest, quiet):
        """Listen to the host; `rest` are bytes that it has sent already. `quiet`: the break
        sequence may come at once.
        """
        self._detector.held = 0
        self._detector.quiet = quiet
        self._queue.on_due = self._alarm
        self._queue.now = ticks_ms()
        self._listen(_TICK_MS)
        if rest:
            self._accept(rest, len(rest))
        pump = self._host()
        next(pump)
        self._queue.attach(self._port.stream, pump.send, _IN)

    def stop(self):
        """Listen no more. What was not sent yet stays for the next connect()."""
        self.disconnect()
        self._queue.detach(self._port.stream)
        self._queue.due = None

    def connect(self, stream):
        """Carry the bytes to and from `stream` until disconnect()."""
        self._stream = stream
        stream.on_close = self._lose
        self._paused = False
        self._queue.now = ticks_ms()
        self._datagrams = stream.most is not None
        if self._datagrams:
            stream.watch(self._datagram)
            self._datagram(stream, 0)
        else:
            pump = self._net(stream.receive, self._port)
            next(pump)
            stream.pump(pump.send, _IN)
        self._send()

    def disconnect(self):
        """Leave the stream, which stays open; its owner watches it again."""
        stream = self._stream
        if stream:
            stream.on_close = None
            if not self._datagrams:
                stream.want(0)
                self._port.filled()
            self._queue.want(self._port.stream, _IN)  # the break sequence is to be heard
        self._stream = self._direct = None
        self._blocked = False
        self._down_at = None

    def discard(self):
        """Forget what could not be sent; it counts as dropped."""
        self.dropped += self._ring.any() + self._end - self._at
        self._at = self._end = 0
        while self._ring.readinto(self._stage):
            pass

    # From the host to the network

    def _host(self):
        # Pump of the UART.
        port = self._port
        read = port.stream.readinto
        buf = self._buf
        count = self._count
        wanted = None
        while True:
            yield wanted
            wanted = None
            n = read(buf) or 0
            self._silent = 0
            if n >= _SUSPECT:
                port.check(n)
            send = self._direct
            if send and n >= count:
                try:
                    done = send(buf, n)
                except OSError:
                    self._lose()
                    done = 0
                if done == n:
                    continue
                self._put(buf, done or 0, n - (done or 0))
                self._send()
            elif n:
                self._collect(buf, n)
            # While there may be no room for another chunk the host waits.
            wanted = 0 if self._stream and self._ring.any() > CHUNK else None

    def _collect(self, data, n):
        detector = self._detector
        if detector.held or detector.quiet:
            held = detector.take(data, n)
            if held < 0:
                self._listen(detector.wait_ms())
                return
            self._listen(_TICK_MS)
            if held:
                self._accept(detector.sequence, held)
        self._accept(data, n)

    def _accept(self, data, n):
        # The first n bytes of data are for the network.
        ring = self._ring
        waiting = ring.any()
        start = 0
        if self._match:
            while True:
                end = data.find(self._match, start, n) + 1
                if not end:
                    break
                self._put(data, start, end - start)
                self._send()
                start = end
        self._put(data, start, n - start)
        if ring.any() >= self._count:
            self._send()
        elif self._time and n > start and (not waiting or self._reset or start):
            self._flush_at = self._arm(self._time)

    def _put(self, data, start, n):
        # ring.write() takes what fits. It always fits while there is a stream.
        self.dropped += n - self._ring.write(data, start, n)
        self._direct = None

    def _send(self):
        # All that was collected to the network; what it does not take waits for an event.
        self._flush_at = None
        stream = self._stream
        if stream is None:
            return
        try:
            while True:
                if self._at == self._end:
                    self._at = 0
                    self._end = self._ring.readinto(self._stage)
                    if not self._end:
                        break
                n = stream.transmit(self._stage, self._at, self._end - self._at)
                if not n:
                    break
                self._at += n
        except OSError:
            self._lose()
            return
        self._blocked = self._at < self._end
        if not self._blocked:
            self._allow()
            self._queue.want(self._port.stream, _IN)
        elif self._datagrams:
            self._flush_at = self._arm(_RETRY_MS)
        else:
            stream.want(_OUT if self._paused else _IN | _OUT)

    def _allow(self):
        # Chunks may go straight to the stream when there is nothing before them or in them.
        detector = self._detector
        free = not (self._match or detector.held or detector.quiet or self._ring.any())
        self._direct = self._stream.transmit if free and self._at == self._end else None

    # From the network to the host

    def _net(self, receive, port):
        # Pump of a TCP stream. Keeps account of what the UART still has to send; with flow control
        # time tells nothing of it.
        buf = self._buf
        put = port.stream.write
        queue = self._queue
        rate = 0 if port.flow else port.rate
        wait = 1000 if port.flow else 500  # until the UART is empty, or half
        size = port.buffer
        then = queue.now
        left = size - port.room()
        diff = ticks_diff
        wanted = None
        while True:
            events = yield wanted
            wanted = None
            if events & _OUT and self._blocked:
                self._send()
            now = queue.now
            past = diff(now, then)
            then = now
            if past < _LONG_MS:
                left -= past * rate // 1000
                if left < 0:
                    left = 0
            elif rate:
                left = 0
            room = size - left
            if room < CHUNK and port.flow and port.stream.txdone():
                left = 0
                room = size
            if room < _LEAST:
                self._paused = True
                self._down_at = self._arm(max(1, left * wait // port.rate))
            elif events & ~_OUT:
                try:
                    n = receive(buf, room if room < CHUNK else CHUNK)
                    if n:
                        put(buf, n)
                        left += n
                        continue
                    if n == 0:
                        self._lose()
                except OSError:
                    self._lose()
            if self._stream is None:
                wanted = 0
            else:
                wanted = (0 if self._paused else _IN) | (_OUT if self._blocked else 0)

    def _datagram(self, stream, found):
        # All datagrams that have come, as far as the UART has room.
        port = self._port
        while self._stream and not self._paused:
            room = port.room()
            if room < _LEAST:
                self._paused = True
                self._down_at = self._arm(port.wait_ms())
                return
            n = stream.receive(self._buf, room if room < CHUNK else CHUNK)
            if not n:
                return
            port.put(self._buf, n)

    def _lose(self):
        # The connection is over; its owner closes it.
        self.disconnect()
        self.on_lost()

    # Time

    def _arm(self, ms):
        # Have _alarm() called in `ms`, unless it is called before; returns the time.
        queue = self._queue
        at = ticks_add(queue.now, ms)
        if queue.due is None or ticks_diff(at, queue.due) < 0:
            queue.due = at
        return at

    def _listen(self, ms):
        self._silence_at = self._arm(ms)

    def _alarm(self):
        now = self._queue.now
        at = self._flush_at
        if at is not None:
            left = ticks_diff(at, now)
            if left > 0:
                self._arm(left)
            else:
                self._send()
        at = self._down_at
        if at is not None:
            left = ticks_diff(at, now)
            if left > 0:
                self._arm(left)
            else:
                self._down_at = None
                self._paused = False
                if self._datagrams:
                    self._datagram(self._stream, 0)
                else:
                    self._stream.want(_IN | _OUT if self._blocked else _IN)
        at = self._silence_at
        if at is not None:
            left = ticks_diff(at, now)
            if left > 0:
                self._arm(left)
            else:
                self._silence()

    def _silence(self):
        # A tick has passed, or the time for which bytes are held.
        self._silence_at = None
        detector = self._detector
        if not detector.held:
            self._silent += 1
            if self._silent < _TICKS:
                self._listen(_TICK_MS)
                return
        held = detector.silence()
        if held < 0:
            self._queue.want(self._port.stream, 0)  # what comes now is a command
            self.on_break()
        elif held:
            self._accept(detector.sequence, held)
            self._silent = 0
            self._listen(_TICK_MS)
        else:
            self._direct = None  # the next bytes may begin the sequence
