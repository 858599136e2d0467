# The first script of a virtual board: sets it up as the ESP32 port's _boot.py does, runs boot.py
# and main.py in __main__'s namespace, and ends in the REPL or in a reset. Started by the
# supervisor: start.py BOARD.JSON

import sys

import _boot

_boot.prepare(sys.argv.pop())
del sys.modules["_boot"]
_run = __import__("_exec").run
for _name in list(globals()):  # a chip's __main__ has nothing but its name
    if _name not in ("__name__", "_name", "_run"):
        globals().pop(_name)
globals().pop("_name")
globals().pop("_run")(globals())
