# The peer of a start: what the shims cost, which on a chip are C. It makes the same imports and
# the same objects as the firmware and has no line of ours and no asyncio; the modules named in
# /bench are empty ones; a number before them says how often the flash is to be read. A prompt on
# UART0, then the heap, and how often it was read, on UART1.
import errno  # noqa: F401
import gc
import os  # noqa: F401
import select
import socket  # noqa: F401
import sys
import time

import _board
import esp32
import machine
import network

with open("/bench") as file:
    names = file.read().split()
reads = int(names.pop(0)) if names else 0
for name in names:
    __import__(name)
flash = esp32.Partition("vfs")
unit = bytearray(128)  # LittleFS' cache: what it reads at once
while _board.flash.reads < reads:
    flash.readblocks(0, unit, 0)
del names, flash, unit, esp32
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
uart.write(b'{"heap": %d, "reads": %d}' % (gc.mem_alloc(), _board.flash.reads))
while True:
    poll.poll(-1)
