# The composition root: builds the parts, starts and supervises the services. It knows everybody;
# nobody knows it.
import asyncio
import gc
import sys
import time

import machine
from machine import WDT
from micropython import const

from firmware import board, forget
from firmware.console import log, registry
from firmware.net.station import UP as _UP
from firmware.net.station import Station
from firmware.store import starts, variables

# Longer than all that may hold the loop: a scan (2-3 s), a TLS crypto step (1 s), a flash write.
_WATCHDOG_MS = const(20_000)
_FEED_MS = const(2000)
_LOOK_MS = const(500)  # between two looks at the reset button, or for a network
_RESTART_MIN_S = const(1)  # first wait before a failed service starts again, doubled each time ...
_RESTART_MAX_S = const(60)  # ... up to this
_HEALTHY_MS = const(60_000)  # a service that ran this long starts again with the first wait
_NEVER = const(0x3FFFFFFF)
# The first question for the time waits until the network has served who has waited for it, and
# modules that start together ask at different times (RFC 4330 10).
_CLOCK_S = const(8)
_CLOCK_SPREAD = const(7)
# Bytes that are free when something begins that stays in RAM: the largest service takes 14 KB with
# its code, a connection 4 KB, and then there is room for the commands that end them again, or say
# what is the matter.
_SERVICE_ROOM = const(32_768)
_STREAM_ROOM = const(18_432)
_BRIEF = ("ntp",)  # services that soon give back what they take
_BRIDGE_ROOM = const(8192)  # in stream mode the connection is what the module is there for
_QUIET_MS = const(50)
_QUIET_LOOKS = const(10)  # longer than it takes to fill what a port holds, 4 KB at 115200 baud
# Lets the reply to `reboot` leave at the lowest usual rate before the reset.
_RESTART_DELAY_MS = const(50)


# Variables that give a GPIO to something that the module shows there.
STATUS_GPIOS = (b"system.indicator.gpio", b"system.oob.gpio", b"wlan.network.status_gpio")


_create_task = asyncio.create_task


async def _task(coro):
    # asyncio's queue may point to a task long after its end, and the task to its coroutine: so
    # that is this one, which then holds nothing of what it ran.
    try:
        return await coro
    finally:
        coro = None


asyncio.create_task = asyncio.core.create_task = lambda coro: _create_task(_task(coro))


def _drop(file):
    # Take the file of a service that has ended from RAM, unless the next one uses it already.
    name = "firmware.services." + file
    if not getattr(sys.modules.get(name), "running", None):
        forget(name)


class Device:
    STATUS_GPIOS = STATUS_GPIOS
    variables = variables  # for the console, which completes their names

    def __init__(self):
        self._started = time.time_ns()
        self.safe_mode = starts.safe_mode
        self.wdt = WDT(timeout=_WATCHDOG_MS)
        self.station = Station(log, variables, self.quiet)
        self.station.watchers.append(self._linked)
        self._streams = None
        self.ports = ()  # of UART0 and UART1
        self.softap = None  # its service, while it is up
        self.softap_failed = False  # it could not come up
        self.stream_mode = None  # its service, where bus.mode says so
        self.services = {}  # name -> task, while it runs
        self._stopping = None  # event that ends main()
        self.idle = 0  # looks of _feed() since the last command: sessions set it to 0
        self.ntp_due = (
            0  # uptime in seconds at which the time is to be asked for; 0: not yet known
        )
        self.ntp_state = None
        self.ntp_put_off = 0  # questions in a row for which there was too little memory
        self.service_stopped = False  # one gives back what it holds in the next turn of the loop
        self._proven = False  # this start has run long enough not to be a faulty one
        self._sleep = False  # what follows main() is a deep sleep, not a reset

    # What commands use

    @property
    def streams(self):
        """The stream table, made at its first use."""
        if self._streams is None:
            from firmware.net.streams import Table

            self._streams = Table(
                log,
                lambda: variables.get(b"stream.auto_close"),
                lambda: registry.claim(_BRIDGE_ROOM if self.stream_mode else _STREAM_ROOM),
            )
        return self._streams

    def close_streams(self):
        if self._streams:
            self._streams.close_all()

    def uptime(self):
        """Seconds since the start."""
        return self.uptime_ms() // 1000

    def uptime_ms(self):
        """Milliseconds since the start."""
        return (time.time_ns() - self._started) // 1_000_000

    def clock_moved(self, uptime_ms):
        """Go on counting from `uptime_ms`, after the clock was set."""
        self._started = time.time_ns() - uptime_ms * 1_000_000

    def fault(self, name, exc):
        """Record an exception that nobody expected."""
        try:
            registry.make_room()
            from firmware.store import faults

            faults.record(name, exc, self.uptime())
            log.line(log.STATUS, b"Fault in %s: %s" % (name.encode(), repr(exc).encode()))
        except MemoryError:
            pass  # the loop goes on: what is lost is the record

    async def resolve(self, host):
        """Dotted text (str) for a host name (bytes). Raises resolver.LookupFailed, OSError."""
        from firmware.net import resolver

        try:
            return await resolver.resolve(host, self.station, variables.get, self.uptime())
        finally:
            forget("firmware.net.subnet")
            forget("firmware.net.resolver")  # 5 KB that a connection does without
            if "wire.mdns" not in sys.modules:
                forget("wire.dns")

    def restart(self, announce=False):
        """Reset the chip once the reply has been written."""
        starts.healthy()
        if announce:  # a reboot prints the version again, a hardware reset does not
            starts.announce_next()
        self._stopping.set()

    def stopping(self):
        """True once a restart or a deep sleep was asked for."""
        return self._stopping.is_set()

    def sleep(self):
        """Deep sleep once the reply has been written; system.wakeup.* says what ends it."""
        starts.healthy()
        self._sleep = True
        self._stopping.set()

    def factory_reset(self):
        from firmware import factory

        factory.reset(self)

    def access_point(self):
        """The service of the soft-AP, for who brings it up at once. Raises MemoryError."""
        if self.softap is None:
            self.claim()
            from firmware.services import softap

            self.softap = softap.create(self)
        return self.softap

    # Services

    def start(self, name, run):
        """Start a service under supervision: `run()` gives a fresh coroutine each time, or it is
        the file of the service in services/.
        """
        last = self.stop(name)
        self.services[name] = _create_task(self._supervise(name, run, last))

    async def quiet(self):
        """Wait until nothing comes at UART0, before the loop is blocked for seconds: its ring
        holds 22 ms of what is pasted.
        """
        port = self.ports[0]
        for _ in range(_QUIET_LOOKS):
            heard = port.heard
            await asyncio.sleep_ms(_QUIET_MS)
            if port.heard == heard:
                return

    def claim(self):
        """Before a service starts: there is memory for it. Raises MemoryError."""
        registry.claim(_SERVICE_ROOM)

    def stop(self, name):
        task = self.services.get(name)
        if task:
            task.cancel()
            self.service_stopped = True
        return task

    def service(self, module):
        """The file of a service, for the commands that ask it things."""
        try:
            return __import__("firmware.services." + module, None, None, ("create",))
        except MemoryError:
            registry.make_room()
        return __import__("firmware.services." + module, None, None, ("create",))

    async def _room(self, name, file):
        # Until there is memory for a service. Nothing of it has begun, so nothing has failed.
        _drop(file)  # of the one before: it is among what is claimed
        wait = _RESTART_MIN_S
        while True:
            try:
                self.claim()
                return
            except MemoryError:
                # At first it may only be what has just ended, by a word that is left on the stack.
                if wait == _RESTART_MIN_S * 2:
                    log.line(log.STATUS, name.encode() + b" waits: Out of memory")
            await asyncio.sleep(wait)
            wait = _RESTART_MAX_S if wait > _RESTART_MIN_S else wait * 2

    def _work(self, name, run):
        # The coroutine of a service. Its file is imported only when it runs.
        if not isinstance(run, str):
            return run()
        try:
            return self.service(run).create(self).run()
        except board.GpioInUse as e:
            # A setting, not a fault: it stays off until one of its variables changes.
            log.line(log.STATUS, b"%s is off: GPIO %d is used by %s" % ((name.encode(),) + e.args))
            return asyncio.sleep_ms(0)

    def network_up(self):
        """An interface has come up: start what starts with it."""
        if not self.ntp_due:
            self.ntp_due = self.uptime() + _CLOCK_S + (self.station.mac()[5] & _CLOCK_SPREAD)
        self.service("switched").network_up(self)

    def _linked(self, state):
        # The station's link: before a join, which takes memory, and when it is up, for services.
        registry.make_room()
        if state == _UP:
            self.network_up()

    async def _supervise(self, name, run, last):
        # The service before this one first gives back its pins and sockets. One that is cancelled
        # while it waits goes on waiting: the next in line looks at this task alone.
        cancelled = None
        while last and not last.done():
            try:
                await asyncio.sleep_ms(1)
            except asyncio.CancelledError as e:
                cancelled = e
        last = None
        wait = _RESTART_MIN_S
        try:
            if cancelled:
                raise cancelled
            while True:
                if isinstance(run, str) and run not in _BRIEF:
                    await self._room(name, run)
                begun = time.ticks_ms()
                try:
                    await self._work(name, run)
                    return
                except Exception as e:
                    # A brief one claims no room: where there is none it asks again later.
                    if run not in _BRIEF or not isinstance(e, MemoryError):
                        self.fault(name, e)
                if time.ticks_diff(time.ticks_ms(), begun) > _HEALTHY_MS:
                    wait = _RESTART_MIN_S
                await asyncio.sleep(wait)
                wait = min(wait * 2, _RESTART_MAX_S)
        finally:
            if self.services.get(name) is asyncio.current_task():
                del self.services[name]
                if isinstance(run, str):
                    _drop(run)
            run = None  # as in _task()

    def _variable_changed(self, changed, index=None):
        # While main() runs and services may be started, and otherwise.
        running = self._stopping is not None and not self.safe_mode
        self.service("changes").follow(self, changed, index, running)

    async def _reset_button(self):
        from firmware.services import reset_button

        await reset_button.hold(self)

    async def feed(self):
        # Feeds the watchdog, and looks whether button 0 is held: a task of its own for that would
        # cost a kilobyte.
        begun = time.ticks_ms()
        while True:
            self.wdt.feed()
            if not self._proven and time.ticks_diff(time.ticks_ms(), begun) > _HEALTHY_MS:
                self._proven = True
                starts.healthy()
            for _ in range(_FEED_MS // _LOOK_MS):
                await asyncio.sleep_ms(_LOOK_MS)
                if board.button_down() and "reset button" not in self.services:
                    self.start("reset button", self._reset_button)
                if self.station.state == _UP and self.uptime() >= self.ntp_due:
                    self.ntp_due = _NEVER
                    self.service("switched").ask_time(self)
                seconds = variables.values.get(b"system.gotosleep.timeout")
                if seconds:
                    from firmware import power

                    power.look_for_rest(self, seconds * 1000 // _LOOK_MS)

    # Life

    async def main(self):
        """Run the firmware until a restart is asked for."""
        self._stopping = asyncio.Event()
        asyncio.get_event_loop().set_exception_handler(self._uncaught)
        from firmware import starting

        starting.start(self, STATUS_GPIOS)
        once = starting.ONCE
        starting = None
        for name in once:
            forget(name)
        once = None
        gc.collect()
        await self._stopping.wait()
        self.close_streams()
        self.station.down()
        await asyncio.sleep_ms(_RESTART_DELAY_MS)

    def live(self, main):
        """Run the loop until the task `main` ends."""
        while True:
            try:
                asyncio.core.run_until_complete(main)
                return
            except MemoryError as e:
                if asyncio.core.cur_task is None:  # it was main's
                    raise
                # The loop itself found no memory, while it waited or told of another failure. All
                # tasks are still in its queues: it goes on.
                self.fault("loop", e)

    def _uncaught(self, loop, context):
        self.fault("task", context["exception"])


def run():
    """Run the firmware; Ctrl-C on UART0 returns to the REPL, `reboot` resets the chip."""
    from firmware.store import saved

    device = Device()
    if saved.load() is None:
        device.fault("settings", ValueError("settings file damaged: factory settings used"))
    saved = None
    variables.changed = device._variable_changed
    try:
        device.live(_create_task(device.main()))
    except KeyboardInterrupt:
        registry.make_room()
        from firmware import stopped

        stopped.stop(device)
        return
    except Exception as e:
        device.fault("main", e)
    if device._sleep:
        from firmware import power

        power.sleep()
    machine.reset()
