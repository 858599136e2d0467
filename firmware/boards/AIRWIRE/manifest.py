# What is frozen into a MicroPython of one's own: run by MicroPython's build on the computer, never
# on the device. `make frozen` has written build/frozen: the modules of the image, before they are
# compiled, and boot.py and main.py.

# Of the port's own modules: the file system, and machine. Its _boot.py is replaced by ours.
freeze("$(PORT_DIR)/modules", ("flashbdev.py", "inisetup.py", "machine.py"))
freeze("modules")
include("$(MPY_DIR)/extmod/asyncio")
require("ssl")

# As the image is compiled: asserts out, line numbers kept.
freeze("../../../build/frozen", opt=2)
