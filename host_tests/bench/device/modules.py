# What each module named in /bench costs when it is imported: the heap before and after, collected.
# Each is named after all that it imports, so that a module's figure is its own; what is not ours
# is imported beforehand.
import asyncio  # noqa: F401
import errno  # noqa: F401
import gc
import json
import os  # noqa: F401
import select  # noqa: F401
import socket  # noqa: F401
import time  # noqa: F401

import machine
import network  # noqa: F401

uart = machine.UART(1, 115200, txbuf=8192)
machine.WDT, machine.Pin, machine.RTC, machine.Timer  # noqa: B018
costs = {}
with open("/bench") as f:
    names = f.read().split()
for name in names:
    costs[name] = 0  # room for it is made here, not where it is counted
for name in names:
    gc.collect()
    before = gc.mem_alloc()
    __import__(name, None, None, ("*",))
    gc.collect()
    costs[name] = gc.mem_alloc() - before
uart.write(json.dumps(costs).encode())
