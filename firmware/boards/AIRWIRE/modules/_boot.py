# Runs before boot.py in a MicroPython of one's own, in the place of the port's file of this name:
# gives the console its UART, puts the frozen modules first, mounts the file system.
import os
import sys

import vfs
from flashbdev import bdev
from machine import UART
from micropython import const

# As the host's UART of firmware/board.py: half a second of line rate.
_BAUD = const(115200)
_RXBUF = const(5760)
_TXBUF = const(1024)

# sys.stdin and sys.stdout, and with them the console and the REPL. A soft reset has taken it away.
os.dupterm(UART(0, _BAUD, tx=1, rx=3, rxbuf=_RXBUF, txbuf=_TXBUF))

# The file system has folders of the same names, with data: they would be taken for the packages.
sys.path.remove(".frozen")
sys.path.insert(0, ".frozen")

try:
    vfs.mount(bdev, "/")
except OSError:
    import inisetup

    inisetup.setup()
