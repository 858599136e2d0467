# What follows a variable that has changed. Imported then; nothing of it stays in RAM.
from firmware import board, forget
from firmware.store import variables

# Groups of variables that switch services: see switched.py.
_SWITCHES = (b"broadcast", b"http", b"ioconn", b"mdns", b"ntp", b"remote_terminal", b"wwep")


def follow(device, changed, index, running):
    """Tell who has to know of `changed` (full name) and its index. `running`: services may be
    started. Raises board.GpioInUse.
    """
    forget(__name__)
    if changed[:5] == b"gpio.":
        from firmware import gpio

        gpio.changed(changed, index)
    elif changed in device.STATUS_GPIOS:
        device.service("status_pins").switch(device, changed)
    elif changed[-5:] == b"_gpio":
        # What follows the variable claims the GPIO later on; who sets it is told now.
        number = variables.get(changed)
        holder = board.owner(number)
        if holder and holder != changed:
            raise board.GpioInUse(number, holder)
    if running and changed.split(b".")[0] in _SWITCHES:
        device.service("switched").changed(device, changed)
