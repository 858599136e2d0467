# What a server (serving.py) does when it starts. Forgotten after each use.
from machine import Pin

from firmware import board
from firmware.console import log


def pin(server, leaf):
    """The output that a variable of the server names, or None."""
    gpio = server.get(leaf)
    if gpio < 0:
        return None
    try:
        board.claim(gpio, server.group + leaf)
    except board.GpioInUse as e:
        log.line(log.STATUS, b"%s%s: GPIO %d is used by %s" % ((server.group, leaf) + e.args))
        return None
    server.pins.append(gpio)
    return Pin(gpio, Pin.OUT, value=0)


def ready(server):
    """Set up a server that starts by itself; False where it is to end."""
    if not server.get(b"auto_start"):
        return False
    try:
        server.setup(server.get(b"auto_interface"), server.get(b"port"))
    except KeyError:
        log.line(log.STATUS, b"%s server: no such interface" % server.name)
        return False
    return True
