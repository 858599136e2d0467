# How much one read of the port of UART0 takes from a stdin in which bytes wait. The firmware is
# the one of the image, from the folder in argv[1]; argv[2] is the size of the buffer.
import sys

ROOT = sys.argv[1]
sys.path[:0] = [ROOT, ROOT + "/lib"]


class Machine:  # no pin and no UART is ever used here
    Pin = UART = None


sys.modules["machine"] = Machine

from firmware import board  # noqa: E402
from firmware.console import ports  # noqa: E402

port = ports.UsbPort(board.Line)
print(port.readinto(bytearray(int(sys.argv[2]))))
