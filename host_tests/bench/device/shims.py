# The peer of a start: what the shims cost, which on a chip are C. It makes the same imports and
# the same objects as the firmware and has no line of ours and no asyncio; the modules named in
# /bench are empty ones. A prompt on UART0, then the heap on UART1.
import errno  # noqa: F401
import gc
import os  # noqa: F401
import select
import socket  # noqa: F401
import sys
import time

import machine
import network

with open("/bench") as file:
    for name in file.read().split():
        __import__(name)
watchdog = machine.WDT(timeout=20_000)
clock = machine.RTC()
clock.memory()
clock.memory(b"")
station = network.WLAN(network.WLAN.IF_STA)
uart = machine.UART(1, 115200, tx=17, rx=16, rxbuf=5760, txbuf=1024)
poll = select.poll()
poll.register(sys.stdin, select.POLLIN)
poll.register(uart, select.POLLIN)
station.status()
machine.unique_id()
time.time()
gc.collect()
sys.stdout.write("> ")
uart.write(b'{"heap": %d}' % gc.mem_alloc())
while True:
    poll.poll(-1)
