# The bridge of stream mode: the bytes of the host's UART to one stream and back, by pumps
# (io_queue.py), so that from one chunk to the next nothing is allocated and no task runs.
#
# Towards the network bytes are collected in a ring until a count, a time or a byte that ends a
# message says that they go; what the network does not take stays there, and then in the UART's own
# buffer: with RTS/CTS the host waits. While there is no stream what does not fit is lost, and
# counted: the break sequence must be heard all the same. Towards the host only as much is taken
# from the network as the UART can send without blocking: the peer waits by TCP's window.
#
# The port is that of console/ports.py: stream, readinto(buf), room(), put(buf, n), wait_ms().
from time import ticks_add, ticks_diff, ticks_ms

from micropython import RingIO, const

from wire import breakin

from . import io_queue

_IN = const(1)  # io_queue.IN and OUT; names of another module are looked up at each use
_OUT = const(4)
CHUNK = const(1460)  # bytes moved at once: a TCP segment, a full datagram
_HELD = const(16)  # the longest break sequence, which may have to go before a chunk
_LEAST = const(64)  # room of the UART for which it is worth to look at the network
_RETRY_MS = const(2)  # until a datagram that found no room is tried again


class Bridge:
    def __init__(self, port, sequence, flush_time, flush_count, flush_reset, match):
        """`flush_time` in ms; `flush_count` up to CHUNK; `match`, the byte that ends a message, as
        bytes, or b"". Without time and match all goes at once.
        """
        self._port = port
        self._read = port.readinto
        self._detector = breakin.Detector(sequence, True)
        self._time = flush_time
        self._count = flush_count if flush_time or match else 1
        self._reset = flush_reset
        self._match = match
        self._in = bytearray(CHUNK)
        self._ring = RingIO(2 * CHUNK + _HELD)
        self._stage = bytearray(CHUNK)  # of it [_at:_end] was taken from the ring, but not sent
        self._at = self._end = 0
        self._out = bytearray(CHUNK)
        self._queue = io_queue.queue
        self._stream = None
        self._datagrams = False
        self._blocked = False  # the network did not take all
        self._paused = False  # the UART has no room
        self._last = 0  # ticks_ms of the last byte of the host
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
        self._last = ticks_ms()
        self._queue.on_due = self._alarm
        self._arm(ticks_add(self._last, breakin.QUIET_MS))
        if rest:
            self._in[: len(rest)] = rest
            self._accept(self._in, len(rest))
        self._queue.attach(self._port.stream, self._host, _IN)

    def stop(self):
        """Listen no more. What was not sent yet stays for the next connect()."""
        self.disconnect()
        self._queue.detach(self._port.stream)
        self._queue.due = None

    def connect(self, stream):
        """Carry the bytes to and from `stream` until disconnect()."""
        self._stream = stream
        self._blocked = self._paused = False
        self._datagrams = stream.most is not None
        if self._datagrams:
            stream.watch(self._datagram)
            self._down()
        else:
            stream.pump(self._net, _IN)
        self._send()
        self._queue.want(self._port.stream, _IN)

    def disconnect(self):
        """Leave the stream, which stays open; its owner watches it again."""
        if self._stream and not self._datagrams:
            self._stream.want(0)
        self._stream = None
        self._blocked = False
        self._down_at = None

    def discard(self):
        """Forget what could not be sent; it counts as dropped."""
        self.dropped += self._ring.any() + self._end - self._at
        self._at = self._end = 0
        while self._ring.readinto(self._stage):
            pass

    # From the host to the network

    def _host(self, events):
        n = self._read(self._in)
        if not n:
            return _IN
        self._last = now = ticks_ms()
        detector = self._detector
        if detector.held or detector.quiet:
            held = detector.take(self._in, n)
            if held < 0:
                self._arm(ticks_add(now, detector.wait_ms()))
                return _IN
            self._arm(ticks_add(now, breakin.QUIET_MS))
            if held:
                self._accept(detector.sequence, held)
        self._accept(self._in, n)
        if self._stream and self._ring.any() > CHUNK:
            return 0  # there may be no room for another chunk: let the host wait
        return _IN

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
            if start == n:
                return
        elif n >= self._count and not waiting and self._at == self._end and self._stream:
            # Nothing is before it, and it need not wait for more.
            try:
                start = self._stream.transmit(data, 0, n) or 0
            except OSError:
                self._lose()
            if start == n:
                return
        self._put(data, start, n - start)
        if ring.any() >= self._count:
            self._send()
        elif self._time and (not waiting or self._reset):
            self._flush_at = ticks_add(self._last, self._time)
            self._arm(self._flush_at)

    def _put(self, data, start, n):
        # ring.write() takes what fits. It always fits while there is a stream.
        self.dropped += n - self._ring.write(data, start, n)

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
                        self._blocked = False
                        return
                n = stream.transmit(self._stage, self._at, self._end - self._at)
                if not n:
                    break
                self._at += n
        except OSError:
            self._lose()
            return
        self._blocked = True
        if self._datagrams:
            self._flush_at = ticks_add(ticks_ms(), _RETRY_MS)
            self._arm(self._flush_at)
        else:
            stream.want(_OUT if self._paused else _IN | _OUT)

    # From the network to the host

    def _net(self, events):
        # Pump of a TCP stream.
        if events & _OUT and self._blocked:
            self._send()
            self._queue.want(self._port.stream, _IN)
        if events & ~_OUT and not self._paused:
            self._down()
        if self._stream is None:
            return 0
        return (0 if self._paused else _IN) | (_OUT if self._blocked else 0)

    def _datagram(self, stream, found):
        if self._stream and not self._paused:
            self._down()

    def _down(self):
        # One chunk, or all datagrams, as far as the UART has room.
        port = self._port
        while True:
            room = port.room()
            if room < _LEAST:
                self._paused = True
                self._down_at = ticks_add(ticks_ms(), port.wait_ms())
                self._arm(self._down_at)
                return
            try:
                n = self._stream.receive(self._out, room if room < CHUNK else CHUNK)
            except OSError:
                n = 0
            if n:
                port.put(self._out, n)
            elif n == 0:
                self._lose()
            if not n or not self._datagrams:
                return

    def _lose(self):
        # The connection is over; its owner closes it.
        self.disconnect()
        self.on_lost()

    # Time

    def _arm(self, at):
        queue = self._queue
        if queue.due is None or ticks_diff(at, queue.due) < 0:
            queue.due = at

    def _alarm(self):
        now = ticks_ms()
        if self._flush_at is not None:
            if ticks_diff(self._flush_at, now) <= 0:
                self._send()
                self._queue.want(self._port.stream, _IN)
            if self._flush_at is not None:
                self._arm(self._flush_at)
        if self._down_at is not None:
            if ticks_diff(self._down_at, now) <= 0:
                self._down_at = None
                self._paused = False
                if self._datagrams:
                    self._down()
                else:
                    self._stream.want(_IN | _OUT if self._blocked else _IN)
            else:
                self._arm(self._down_at)
        detector = self._detector
        silence_at = ticks_add(self._last, detector.wait_ms())
        if ticks_diff(silence_at, now) > 0:
            self._arm(silence_at)
        elif not detector.quiet:
            held = detector.silence()
            if held < 0:
                self._queue.want(self._port.stream, 0)  # what comes now is a command
                self.on_break()
                return
            if held:
                self._accept(detector.sequence, held)
            if not detector.quiet:
                self._last = now
                self._arm(ticks_add(now, breakin.QUIET_MS))
