# gpio.usage: the GPIOs in use, and what uses them. The other variables of the group are plain.
from firmware import board
from firmware.store import variables


def get(leaf, session):
    lines = [b"!  # Description"]
    for gpio in range(40):
        holder = board.owner(gpio)
        if holder is None and gpio == board.BUTTON_0:
            holder = b"factory reset button"
        if holder:
            alias = variables.values.get(b"gpio.alias %d" % gpio)
            row = b"# %2d %s" % (gpio, holder)
            lines.append(b"%s (%s)" % (row, alias) if alias else row)
    return b"\r\n".join(lines)
