# The composition root: builds the parts, starts and supervises the services. It knows everybody;
# nobody knows it.
import asyncio
import gc
import sys
import time

import machine
from machine import WDT, Timer
from micropython import const

from firmware import board
from firmware.console import log, ports
from firmware.console.session import Session
from firmware.live import system as console_settings
from firmware.net.station import Station
from firmware.net.streams import Table
from firmware.store import settings, variables

# Longer than all that may hold the loop: a scan (2-3 s), a TLS crypto step (1 s), a flash write.
_WATCHDOG_MS = const(20_000)
_FEED_MS = const(2000)
_RESTART_MIN_S = const(1)  # first wait before a failed service starts again, doubled each time ...
_RESTART_MAX_S = const(60)  # ... up to this
_HEALTHY_MS = const(60_000)  # a service that ran this long starts again with the first wait
_RESTART_DELAY_MS = const(
    50
)  # lets the reply to `reboot` leave at the lowest usual rate before the reset


# Services that a variable switches: name, variable, file in services/ with create(device), further
# variables whose change starts the service again.
_SERVICES = (
    (
        "wwep",
        b"wwep.enabled",
        "wwep",
        (b"wwep.button_gpio", b"wwep.led_gpio"),
    ),
)


def _line(index):
    # The settings of a UART; the file that knows them is imported where they are not the
    # factory's.
    for key in variables.values:
        if key[:5] == b"uart." or key[:12] == b"bus.command.":
            from firmware.store import lines

            line = lines.Settings(index)
            if index == board.UART_HOST:
                lines.claim(line)
            return line
    return board.Line


class Device:
    safe_mode = False

    def __init__(self):
        self._started = time.time_ns()
        self.wdt = WDT(timeout=_WATCHDOG_MS)
        self.station = Station(log, variables)
        self.streams = Table(log, lambda: variables.get(b"stream.auto_close"))
        self.ports = ()  # of UART0 and UART1
        self.stream_mode = None  # its service, where bus.mode says so
        self._services = {}  # name -> task
        self._stopping = None  # event that ends main()

    # What commands use

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
        from firmware.store import faults

        faults.record(name, exc, self.uptime())
        log.line(log.STATUS, b"Fault in %s: %s" % (name.encode(), repr(exc).encode()))

    async def resolve(self, host):
        """Dotted text (str) for a host name (bytes). Raises resolver.LookupFailed, OSError."""
        from firmware.net import resolver

        return await resolver.resolve(
            host,
            self.station.name_server(),
            variables.get(b"network.dns.timeout"),
            variables.get(b"network.dns.retries"),
        )

    def restart(self, announce=False):
        """Reset the chip once the reply has been written."""
        if announce:
            # A reboot prints the version again, a hardware reset does not.
            machine.RTC().memory(b"reboot")
        self._stopping.set()

    def factory_reset(self):
        settings.erase()
        self.restart(announce=True)

    # Services

    def start(self, name, run):
        """Start a service under supervision: `run()` gives a fresh coroutine each time."""
        last = self.stop(name)
        self._services[name] = asyncio.create_task(self._supervise(name, run, last))

    def stop(self, name):
        task = self._services.get(name)
        if task:
            task.cancel()
        return task

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
        if cancelled:
            raise cancelled
        wait = _RESTART_MIN_S
        while True:
            begun = time.ticks_ms()
            try:
                await run()
                return
            except Exception as e:
                self.fault(name, e)
            if time.ticks_diff(time.ticks_ms(), begun) > _HEALTHY_MS:
                wait = _RESTART_MIN_S
            await asyncio.sleep(wait)
            wait = min(wait * 2, _RESTART_MAX_S)

    def _switch(self, name, variable, module):
        # Start or stop a service as its variable says; its file is imported only when it runs.
        async def run():
            home = __import__("firmware.services." + module, None, None, ("create",))
            try:
                service = home.create(self)
            except board.GpioInUse as e:
                # A setting, not a fault: it stays off until one of its variables changes.
                log.line(log.STATUS, b"%s is off: GPIO %d is %s" % ((name.encode(),) + e.args))
                return
            await service.run()

        if variables.get(variable):
            self.start(name, run)
        else:
            self.stop(name)

    def _variable_changed(self, changed):
        for name, variable, module, others in _SERVICES:
            if self._stopping and (changed == variable or changed in others):
                self._switch(name, variable, module)

    def _stream_mode(self, session):
        async def run():
            from firmware.services import stream_mode

            self.stream_mode = stream_mode.create(self, session)
            await self.stream_mode.run()

        return run

    async def _feed(self):
        while True:
            self.wdt.feed()
            await asyncio.sleep_ms(_FEED_MS)

    # Life

    async def main(self):
        """Run the firmware until a restart is asked for."""
        self._stopping = asyncio.Event()
        asyncio.get_event_loop().set_exception_handler(self._uncaught)
        lines = [_line(index) for index in range(2)]
        self.ports = (ports.UsbPort(lines[0]), ports.UartPort(lines[1]))
        usb = Session(self.ports[0], "usb", self)
        host = Session(self.ports[1], "uart1", self)
        console_settings.start(host)
        rtc = machine.RTC()
        announce = rtc.memory() == b"reboot"
        rtc.memory(b"")
        for session in (usb, host):
            self.start(session.name + " log", session.print_logs)
            if session is host and variables.get(b"bus.mode") == b"stream":
                self.start(session.name, self._stream_mode(session))
                continue
            if announce and session.print_level:
                session.show(board.banner())
            log.sessions.append(session)
            self.start(session.name, session.run)
        self.start("watchdog", self._feed)
        for line in lines:
            if getattr(line, "refusal", None):
                log.line(log.STATUS, line.refusal)
        log.event(b"Ready")
        self.start("station", self.station.run)
        for name, variable, module, _ in _SERVICES:
            self._switch(name, variable, module)
        gc.collect()
        await self._stopping.wait()
        self.streams.close_all()
        self.station.down()
        await asyncio.sleep_ms(_RESTART_DELAY_MS)

    def _uncaught(self, loop, context):
        self.fault("task", context["exception"])


def run():
    """Run the firmware; Ctrl-C on UART0 returns to the REPL, `reboot` resets the chip."""
    device = Device()
    if settings.load() is None:
        device.fault("settings", ValueError("settings file damaged: factory settings used"))
    variables.changed = device._variable_changed
    try:
        asyncio.run(device.main())
    except KeyboardInterrupt:
        device.streams.close_all()
        log.sessions.clear()
        asyncio.new_event_loop()
        # The watchdog cannot be stopped, so at the REPL a timer feeds it.
        Timer(0).init(period=_FEED_MS, callback=lambda timer: device.wdt.feed())
        sys.stdout.write("\r\nAirwire stopped. Ctrl-D starts it again.\r\n")
        return
    machine.reset()
