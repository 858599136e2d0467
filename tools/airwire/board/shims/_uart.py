# machine.UART after ports/esp32/machine_uart.c. UART1 is the wire to the supervisor, which paces
# it and keeps its receive ring; what leaves is timed here: write() blocks as long as the transmit
# ring of a chip would be full. UART2 exists but nothing is wired to it. UART0 is the REPL's: only
# its line settings can be changed, as on stock firmware. UART.irq() is not here yet.

import io
import select

import _board
import uselect
import utime
from micropython import const
from utime import ticks_add, ticks_diff, ticks_us

_WIRE = const(3)  # file descriptor of UART1, given by the supervisor
_FIFO = const(128)  # UART_HW_FIFO_LEN
_REPL_RING = const(260)  # stdin_ringbuf of the port
_OUT = const(4)
_GET_FILENO = const(10)
_POLL = const(3)
_CLOSE = const(4)
_FIONREAD = const(0x541B)
_TIOCOUTQ = const(0x5411)
_PINS = ((None, None), (10, 9), (17, 16))  # default tx, rx; None: not changed

_wire = None  # the open wire: one for all UART(1) objects
_out = _in = None  # the same, while TX and RX of UART1 reach their pads
_pace = {}  # id -> [ticks_us when the last byte has left, 1/16 us per byte]


class UART(io.IOBase):
    RTS = 1
    CTS = 2
    INV_TX = 1 << 5
    INV_RX = 1 << 2
    INV_RTS = 1 << 6
    INV_CTS = 1 << 3
    IRQ_RX = 1 << 0
    IRQ_RXIDLE = 0x1000
    IRQ_BREAK = 1 << 1

    def __init__(self, id, *args, **kw):
        global _wire, _out, _in
        if not 0 <= id <= 2:
            raise ValueError("UART(%d) does not exist" % id)
        self._id = id
        self._line = [115200, 8, None, 1]
        self._txbuf = 256
        self._rxbuf = 256
        self._timeout = 0
        self._flow = 0
        self._invert = 0
        self._tx, self._rx = _PINS[id]
        self._rts = self._cts = None
        self._open = id != 0
        self._dry = None  # built-in poll that waits for input, when there is a time-out
        self._pace = _pace[id] = [ticks_us(), 0]
        if id == 1 and _wire is None:
            _wire = _out = _in = open(_WIRE, "r+b")
        self.init(*args, **kw)

    def __repr__(self):
        baud, bits, parity, stop = self._line
        return (
            "UART(%d, baudrate=%d, bits=%d, parity=%s, stop=%d, tx=%s, rx=%s, txbuf=%d, rxbuf=%d)"
            % (
                self._id,
                baud,
                bits,
                parity,
                stop,
                self._tx,
                self._rx,
                self._txbuf,
                self._rxbuf,
            )
        )

    def init(
        self,
        baudrate=0,
        bits=0,
        parity=-1,
        stop=0,
        *,
        tx=None,
        rx=None,
        rts=None,
        cts=None,
        txbuf=None,
        rxbuf=None,
        timeout=None,
        timeout_char=None,
        invert=None,
        flow=None,
    ):
        global _out, _in
        self.flush()
        if self._id == 0 and (txbuf not in (None, 256) or rxbuf not in (None, 256)):
            raise ValueError("UART buffer size is fixed")
        if rxbuf is not None:
            if rxbuf <= _FIFO:  # uart_driver_install() refuses it
                raise ValueError("UART rx buffer length error")
            self._rxbuf = rxbuf
        if txbuf is not None:
            if 0 < txbuf <= _FIFO:
                raise ValueError("UART tx buffer length error")
            self._txbuf = txbuf
        if bits not in (0, 5, 6, 7, 8):
            raise ValueError("invalid data bits")
        if stop not in (0, 1, 2):
            raise ValueError("invalid stop bits")
        if invert is not None and invert & ~0x6C:
            raise ValueError("invalid inversion mask")
        if flow is not None and flow & ~3:
            raise ValueError("invalid flow control mask")
        line = self._line
        line[0] = baudrate or line[0]
        line[1] = bits or line[1]
        line[2] = line[2] if parity == -1 else None if parity is None else parity & 1
        line[3] = stop or line[3]
        self._tx = self._tx if tx is None else _gpio(tx)
        self._rx = self._rx if rx is None else _gpio(rx)
        self._rts = self._rts if rts is None else _gpio(rts)
        self._cts = self._cts if cts is None else _gpio(cts)
        self._timeout = self._timeout if timeout is None else timeout
        self._invert = self._invert if invert is None else invert
        self._flow = self._flow if flow is None else flow
        self._open = self._id != 0
        if self._id == 1:  # uart_set_pin() connects the pads anew
            if _in is not _wire:
                _in.read()  # what came meanwhile
            _out = _in = _wire
            _board.signals.clear()
            _board.signals[self._tx] = _lose_tx
            _board.signals[self._rx] = _lose_rx
        frame = 1 + line[1] + (line[2] is not None) + line[3]
        _pace[self._id][1] = frame * 16000000 // line[0]
        self._pace = _pace[self._id]
        rxbuf = _REPL_RING if self._id == 0 else self._rxbuf
        name = (b"none", b"even", b"odd")[0 if line[2] is None else 1 + line[2]]
        values = (self._id, line[0], line[1], name, line[3], rxbuf, self._flow)
        _board.send(b"uart %d %d %d %s %d %d %d\n" % values)

    def deinit(self):
        self._open = False

    # What leaves. The ring and the FIFO drain at the line's speed, whatever the process does.

    def _queued_us(self):
        # Time until the last byte written has left.
        pace = self._pace
        left = ticks_diff(pace[0], ticks_us())
        if (
            left <= 0 or left > (self._txbuf + _FIFO) * pace[1] // 8
        ):  # past, or so long past that ticks have wrapped
            return 0
        return left

    def write(self, buf, start=None, size=None):  # (buf), (buf, size) or (buf, start, size)
        if not self._open:
            return None
        end = len(buf)
        if size is None:
            size = end if start is None else start
            start = 0
        end = min(end, start + size)
        if self._id != 1:
            return max(0, end - start)
        pace = self._pace
        room = self._txbuf + _FIFO
        at = start
        while at < end:
            queued = self._queued_us()
            n = room - (queued << 4) // pace[1]
            if n <= 0:  # as uart_write_bytes(): blocks, nothing else runs
                utime.sleep_us(queued - ((room - 1) * pace[1] >> 4))
                _board.glance()
                continue
            n = _out.write(buf, at, min(n, end - at))
            if n is None:
                _wait_for_room()
                continue
            pace[0] = ticks_add(ticks_us(), queued + (n * pace[1] >> 4))
            at += n
        return max(0, end - start)

    def txdone(self):
        # While CTS holds the line the supervisor takes no more, whatever the time.
        return self._queued_us() == 0 and not (self._id == 1 and _asked(_TIOCOUTQ))

    def flush(self):
        left = self._queued_us()
        if left:
            utime.sleep_us(left)
            _board.glance()

    def sendbreak(self):
        self.flush()
        utime.sleep_us(13000000 // self._line[0])

    # What comes. With a time-out of 0 (the default) nothing below waits.

    def _wait(self):
        # True when there is input within the time-out.
        if not self._timeout:
            return False
        if self._dry is None:
            self._dry = _board.poller()
            self._dry.register(_wire, _board.IN)
        return _board.wait_on(self._dry, self._timeout)

    def any(self):
        if self._id != 1 or not self._open:
            return 0
        return _waiting() if _in is _wire else 0

    def readinto(self, buf, n=None):
        if self._id != 1 or not self._open:
            return None
        got = _in.readinto(buf) if n is None else _in.readinto(buf, n)
        if not self._timeout:
            return got
        got = got or 0
        n = len(buf) if n is None else n
        while got < n and self._wait():
            got += _in.readinto(memoryview(buf)[got:n]) or 0
        return got or None

    def read(self, n=None):
        if self._id != 1 or not self._open:
            return None
        if not self._timeout:
            return _in.read() if n is None or n < 0 else _in.read(n)
        data = b""
        while n is None or n < 0 or len(data) < n:
            more = _in.read(256 if n is None or n < 0 else n - len(data))
            if more:
                data += more
            elif not self._wait():
                break
        return data or None

    def readline(self, most=-1):
        if self._id != 1 or not self._open:
            return None
        line = b""
        while most < 0 or len(line) < most:
            c = self.read(1)
            if not c:
                break
            line += c
            if c == b"\n":
                break
        return line or None

    def ioctl(self, request, arg):
        if request == _GET_FILENO:
            return _WIRE if self._id == 1 and self._open else -22
        if request == _POLL:
            if self._id != 1:
                return arg & _OUT
            if arg & _board.IN:
                select.ask(_WIRE, _board.IN)
            ready = 0
            if _in is not _wire:
                _in.read()
            p = uselect.poll()
            p.register(_wire, _board.IN)
            for _, events in p.ipoll(0):
                ready = events
            return (ready | _OUT) & (arg | _board.HUNG)
        return 0 if request == _CLOSE else -22


def _gpio(pin):
    from _pin import Pin

    return Pin(pin)._gpio


# A pad that becomes something else is no longer the UART's, until its init().


def _lose_tx(mode):
    # As gpio_set_direction() does: the pad's output is the GPIO's in every mode.
    global _out
    import _nowhere as _out


def _lose_rx(mode):
    # Inputs share a pad; one that drives hears itself alone, one that is switched off nothing.
    global _in
    if mode not in (1, 7):  # Pin.IN, Pin.OPEN_DRAIN
        import _nowhere as _in


def _wait_for_room():
    p = uselect.poll()
    p.register(_wire, _OUT)
    p.poll()


_ioctl = None
_count = bytearray(4)


def _asked(request):
    # A number of bytes that the kernel tells of the wire, or None without ffi (the PyPI
    # interpreter).
    global _ioctl
    if _ioctl is None:
        try:
            import ffi

            _ioctl = ffi.open(None).func("i", "ioctl", "iLp")
        except ImportError:
            _ioctl = False
    if not _ioctl:
        return None
    _ioctl(_WIRE, request, _count)
    return _count[0] | _count[1] << 8 | _count[2] << 16


def _waiting():
    # Bytes in the receive ring. Without ffi it is only told whether there are any.
    n = _asked(_FIONREAD)
    if n is None:
        p = uselect.poll()
        p.register(_wire, _board.IN)
        n = len(p.poll(0))
    return n
