# The wire to the supervisor, and the one place where the virtual board waits. Every shim that
# blocks (poll, sleep, sockets, the REPL) sleeps in wait_on(), so that pin changes, timers and
# station events are served meanwhile, as the interrupts and tasks of a chip are. Holds the state
# the supervisor reports; knows no peripheral.

import uselect
from micropython import const, schedule
from utime import ticks_diff, ticks_ms

CONTROL = const(4)  # the file descriptor of the control socket, given by the supervisor
IN = const(1)  # POLLIN
HUNG = const(0x38)  # POLLERR | POLLHUP | POLLNVAL
_OUT = const(4)
_CHUNK = const(256)  # control bytes taken at once: they are of the firmware's heap
_SCHEDULED = const(8)  # MICROPY_SCHEDULER_DEPTH of the ESP32 port
_BUILTIN = const(4)  # the same of the unix port, whose queue comes first
_GPIOS = const(40)

config = {}  # board.json
host = ""  # where the host's root is mounted: prefix of its paths
shims = ""  # the host's path of this folder: tracebacks do not show it, as they show no C function
born = 0.0  # host seconds (1970) at which the board's clock showed 2000-01-01
flash = None  # the _flash.Flash of this board
levels = bytearray(b"z" * _GPIOS)  # what drives each GPIO from outside: b"0", b"1" or b"z"
analog = {}  # GPIO -> millivolts from outside
joined = {}  # GPIO -> the one that a jumper joins it to
moved = {}  # GPIO -> function(gpio), called when its level may have changed
signals = {}  # GPIO -> function(mode) of the peripheral on it, called when it becomes a GPIO
station = [b"1000", b"0", b"0", b"-", b"-", b"-", b"-"]  # STATUS ASSOC RSSI IP MASK GW DNS
softap = [
    b"0",
    b"1",
    b"192.168.4.1",
    b"255.255.255.0",
    b"192.168.4.1",
    b"0.0.0.0",
]  # and its stations
reported = 0  # how many `wlan` lines have come
connected = {}  # descriptor of a TCP connection of the firmware -> what _netif knows of it
aborted = 0  # how many of them lwIP has aborted
station_up = station_down = None  # what _netif does with them, once there was one
timers = []  # armed machine.Timer objects: have `due` (ticks_ms) and ring()
leaving = False  # the process ends by an exception, where it cannot end at once
held = 0  # above 0 nothing runs: interrupts are disabled, or C code of a chip would be running

digesting = 0  # above 0 a handler sees the pins as they were when its edge came

_control = None
_quiet = None  # waits for control alone
_data = None  # what has come and is not yet in lines: it waits where there is no memory
_tail = b""  # the unfinished line
_todo = []  # control lines not yet taken
_late = []  # (handler, argument) that could not be scheduled yet


def _pin(fields):
    gpio = int(fields[1])
    levels[gpio] = fields[2][0]
    if gpio in moved:
        moved[gpio](gpio)


def _wlan(fields):
    # Allocates nothing: the line is gone, and connections must break where there is no memory.
    global reported
    linked, address = station[1], station[3]
    for i in range(len(station)):
        station[i] = fields[i + 1]
    if connected and (linked > station[1] or (address != b"-" and address != station[3])):
        station_down()
    if station_up and station[1] == b"1" and station[3] != b"-":
        station_up()
    if len(fields) > 9:
        config["wlan_channel"] = int(fields[9])  # the radio stays there when the link is lost
    if not reported:  # later on the firmware knows best
        config["active"] = fields[8:9] == [b"1"]
    reported += 1


def _ap(fields):
    softap[:] = fields[1:]


def _cut(fields):
    flash.cut(int(fields[1]), int(fields[2]))


def _adc(fields):
    analog[int(fields[1])] = int(fields[2])


def _jumper(fields):
    pair = int(fields[1]), int(fields[2])
    for gpio in pair:
        if fields[3] == b"1":
            joined[gpio] = sum(pair) - gpio
        else:
            joined.pop(gpio, None)
    for gpio in pair:
        if gpio in moved:
            moved[gpio](gpio)


takers = {b"pin": _pin, b"jumper": _jumper, b"adc": _adc, b"wlan": _wlan, b"ap": _ap, b"cut": _cut}


def setup():
    """Opens the control socket. Before it, nothing here works."""
    global _control, _quiet
    _control = open(CONTROL, "r+b")
    _quiet = poller()


def poller():
    """A built-in poll object that watches the control socket: what wait_on() takes."""
    p = uselect.poll()
    p.register(CONTROL, IN)
    return p


def send(line):
    """Sends a whole line (bytes, with its LF) to the supervisor."""
    sent = 0
    while sent < len(line):
        n = _control.write(line, sent, len(line) - sent)
        if n:
            sent += n
        else:  # the supervisor is behind
            p = uselect.poll()
            p.register(CONTROL, _OUT)
            p.poll()


def service():
    """Takes the control lines that have come; returns at once. Where there is no memory for them
    they wait: the firmware goes on, as on a chip, which needs none for this.
    """
    try:
        _take()
    except MemoryError:
        pass


def _take():
    global _data
    if _data is None:
        _data = _control.read(_CHUNK)
        if _data is None:
            return
        if not _data:
            leave(1)  # the supervisor is gone, and with it every other end of this board
    _digest()


def _digest():
    # A Ctrl-C may end this: what is left waits for the next time. A handler that waits may come in
    # here again, between any two lines of code.
    global digesting, _data, _tail
    digesting += 1
    try:
        if _data:
            lines = (_tail + _data).split(b"\n")
            _todo.extend(lines)
            _data = None
            _tail = _todo.pop()
        while True:
            fields = _todo[0].split()
            _todo.pop(0)
            taker = takers.get(fields[0]) if fields else None
            if taker:
                taker(fields)
    except IndexError:
        pass
    finally:
        digesting -= 1


def listen():
    """Waits for control lines and takes them; runs nothing else. Raises MemoryError."""
    for _ in _quiet.ipoll(-1):
        _take()


def _run(job):
    try:
        job[0](job[1])
    except BaseException as er:  # the port prints it and goes on (mp_call_function_1_protected)
        from _console import show

        show(er)


def fire(handler, argument):
    """Schedules handler(argument) as an interrupt of the chip does: lost when eight are waiting
    already."""
    job = (handler, argument)
    if not held and not _late:
        try:
            schedule(_run, job)
            return
        except RuntimeError:  # the built-in queue is full: a handler is waiting
            pass
    if len(_late) < (_SCHEDULED if held else _SCHEDULED - _BUILTIN):
        _late.append(job)


def hold(on):
    """Counts a section in which no interrupt handler may run."""
    global held
    held += 1 if on else -1
    if not held:
        serve()


def serve():
    """What has become due without waiting: control lines, timers, handlers put off."""
    for _ in _quiet.ipoll(0):
        service()
    due()


def glance():
    """Takes control lines without running anything: before a flash operation, which a chip does
    not interrupt."""
    global held
    held += 1
    try:
        for _ in _quiet.ipoll(0):
            service()
    finally:
        held -= 1


def due():
    """Rings the timers that have run out and runs the handlers that were put off."""
    if _todo or _data:
        service()
    if held:
        return
    if timers:
        now = ticks_ms()
        for timer in timers:
            if ticks_diff(now, timer.due) >= 0:
                timer.ring(now)
    while _late:
        job = _late.pop(0)  # first: the handler may run at once, read a pin and come back in here
        try:
            schedule(_run, job)
        except RuntimeError:
            _late.insert(0, job)
            return


def soonest(ms):
    """The shorter of ms (-1: for ever) and the time to the next timer."""
    if timers and not held:
        now = ticks_ms()
        for timer in timers:
            left = ticks_diff(timer.due, now)
            if left < 0:
                left = 0
            if ms < 0 or left < ms:
                ms = left
    return ms


def wait_on(p, ms):
    """Waits until the object registered in p (of poller()) is ready, for ms at most (-1: for
    ever); the rest of the board is served meanwhile. Returns the object's events, 0 when the time
    is over."""
    start = ticks_ms()
    left = ms
    while True:
        events = 0
        for what, mask in p.ipoll(soonest(left)):
            if what == CONTROL:
                service()
            else:
                events = mask
        due()
        if events:
            return events
        if ms >= 0:
            left = ms - ticks_diff(ticks_ms(), start)
            if left <= 0:
                return 0


def wait(ms):
    """Sleeps ms milliseconds; the board is served meanwhile."""
    wait_on(_quiet, ms)


def leave(code):
    """Ends the process at once, as a reset does: no `finally` of the firmware runs (without an ffi
    module they do)."""
    global leaving
    try:
        import ffi
    except ImportError:
        leaving = True
        raise SystemExit(code)
    ffi.open(None).func("v", "_exit", "i")(code)
