# wwep.state: the LED and the buttons of the WWEP client, as they are now. The other variables of
# the group are plain.
from machine import Pin

from firmware import board
from firmware.store import variables

# Name, the variable that has the GPIO and owns it, and the level that counts as 1.
_PINS = (
    (b"led", b"wwep.led_gpio", 1),
    (b"button", b"wwep.button_gpio", 0),
    (b"secure", b"wwep.secure.button_gpio", 0),
)


def get(leaf, session):
    found = []
    for name, owner, level in _PINS:
        gpio = variables.get(owner)
        if gpio >= 0 and board.owner(gpio) == owner:
            found.append(b"%s:%d" % (name, Pin(gpio).value() == level))
    return b",".join(found)
