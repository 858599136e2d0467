# Deep sleep: what the GPIOs do meanwhile (gpio.sleep), what ends it (system.wakeup.*), and
# letting go of the GPIOs after it; and what keeps the module awake. Imported to sleep, at a start
# that ends a sleep, and while system.gotosleep.timeout is set.
#
# The chip's pads lose their state when it sleeps, but for those that are held. A hold outlives the
# sleep, so the next start gives the GPIOs their directions below it before it lets go: an output
# that is high asleep and awake has no gap.
import esp32
import machine
from machine import Pin

from firmware import board
from firmware.console import log
from firmware.store import variables

# Value of gpio.sleep -> mode, pull and level.
_STATES = {
    b"input_highz": (Pin.IN, None, 0),
    b"input_pull_up": (Pin.IN, Pin.PULL_UP, 0),
    b"input_pull_down": (Pin.IN, Pin.PULL_DOWN, 0),
    b"output_low": (Pin.OUT, None, 0),
    b"output_high": (Pin.OUT, None, 1),
}


def sleep():
    """Sleep until what system.wakeup.* says; the chip starts anew then, so this never returns."""
    event = variables.get(b"system.wakeup.events")
    waker = int(event.partition(b"_")[0][4:]) if event != b"none" else -1
    pull = None
    for key in variables.values:
        if key[:11] == b"gpio.sleep ":
            gpio = int(key[11:])
            mode, pull_here, level = _STATES[variables.values[key]]
            if gpio != waker:
                Pin(gpio, mode, pull_here, value=level, hold=True)
            elif mode == Pin.IN:  # what wakes the chip stays powered, and has to be an input
                pull = pull_here
    esp32.gpio_deep_sleep_hold(True)  # also of the pads that the RTC does not have
    if waker >= 0:
        esp32.wake_on_ext0(Pin(waker, Pin.IN, pull), not event.endswith(b"_low"))
    seconds = variables.get(b"system.wakeup.timeout")
    if seconds:
        machine.deepsleep(seconds * 1000)
    machine.deepsleep()


def look_for_rest(device, most):
    """Sleep when nothing has happened for so many looks. To be called at each."""
    device.idle = 0 if busy(log.sessions, device.ports) else device.idle + 1
    if device.idle >= most and not device.stopping():
        log.event(b"Sleeping")
        device.sleep()


def busy(sessions, ports):
    """True while one of the sessions carries a command out, or one of the ports has none: it is in
    stream mode.
    """
    local = 0
    for session in sessions:
        if session.running:
            return True
        local += session.port in ports
    return local < len(ports)


def woken():
    """After a sleep, once the GPIOs have their directions: let go of those that were held."""
    esp32.gpio_deep_sleep_hold(False)
    for gpio in range(board.GPIOS):
        # Not those of UART0: they were not held, and the look at a pad takes it from its UART.
        if board.is_gpio(gpio, True) and (board.owner(gpio) or b"")[:5] != b"UART0":
            Pin(gpio, hold=False)
