# Starts the firmware. Ctrl-C on UART0 ends it and gives the REPL; Ctrl-D there starts it again.
from firmware import device

device.run()
