# Starts the firmware. Ctrl-C on UART0 ends it and gives the REPL; Ctrl-D there starts it again.
from firmware.store import starts

# The choice between the normal start and safe mode, before all that could fail. Not in boot.py: what
# mpremote and ampy start is no faulty start.
starts.begin()

from firmware import device  # noqa: E402

device.run()
