# What happens once, when the firmware starts: ports and sessions as the saved settings want them,
# and the services that run from then on. Forgotten afterwards.
import machine

from firmware import board, forget
from firmware.console import log, ports
from firmware.console.errors import CommandError
from firmware.console.session import Session
from firmware.store import starts, variables

# What a start needs, and is seldom used again: to be forgotten behind it.
ONCE = (
    "firmware.starting",
    "firmware.live.system",
    "firmware.store.kinds",
    "firmware.store.lines",
    "firmware.store.saved",
)

_PRINT_LEVEL = b"system.print_level"


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


def _bridge(device, session):
    async def run():
        from firmware.services import stream_mode

        device.stream_mode = stream_mode.create(device, session)
        await device.stream_mode.run()

    return run


def start(device, status_gpios):
    """Start the sessions and services of the device. `status_gpios`: variables that give a GPIO
    to something that the module shows there. Called by a task.
    """
    lines = [_line(index) for index in range(2)]
    device.ports = (ports.UsbPort(lines[0]), ports.UartPort(lines[1]))
    usb = Session(device.ports[0], "usb", device)
    host = Session(device.ports[1], "uart1", device)
    if [k for k in variables.values if k[:11] == b"system.cmd." or k == _PRINT_LEVEL]:
        from firmware.live import system

        try:
            system.start(host)
        except CommandError as e:  # the GPIO of system.cmd.gpio
            usb.show(e.text)
    bridged = variables.get(b"bus.mode") == b"stream" and not device.safe_mode
    for session in (usb, host):
        device.start(session.name + " log", session.print_logs)
        if session is host and bridged:
            device.start(session.name, _bridge(device, session))
            continue
        if starts.announce and session.print_level:
            session.show(board.banner())
        log.sessions.append(session)
        device.start(session.name, session.run)
    device.start("watchdog", device.feed)
    for line in lines:
        if getattr(line, "refusal", None):
            log.line(log.STATUS, line.refusal)
    if device.safe_mode:
        log.event(b"Safe mode")
    else:
        _services(device, status_gpios)
    if machine.reset_cause() == machine.DEEPSLEEP_RESET:
        from firmware import power

        power.woken()


def _services(device, status_gpios):
    for key in variables.values:
        if key.startswith(b"gpio.init "):
            from firmware import gpio

            gpio.start(log)
            break
    for key in variables.values:
        if key.split(b" ")[0] in status_gpios:
            device.service("status_pins").switch(device)
            break
    log.event(b"Ready")
    device.start("station", device.station.run)
    if variables.get(b"softap.passkey") == b"********":  # the first start
        from firmware.services import passkey

        passkey.make()
        for name in ("firmware.services.passkey", "firmware.store.settings", "wire.quoting"):
            forget(name)
    if variables.get(b"softap.auto_start"):
        device.start("softap", device.access_point().run)
    for key in variables.values:
        if key[-8:] == b".enabled":
            device.service("switched").start(device)
            break
    for key in variables.values:
        if key[:6] == b"setup.":
            device.service("setup_start").start(device)
            break
