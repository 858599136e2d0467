# The firmware has been stopped by Ctrl-C on UART0: everything is given back, and the REPL follows.
import asyncio
import sys

from machine import Timer
from micropython import const

from firmware.console import log
from firmware.store import starts

_FEED_MS = const(2000)


def stop(device):
    """Leave the Device and its loop as a REPL can use the board."""
    starts.healthy()
    device.close_streams()
    if device.softap:
        device.softap.close()
    log.sessions.clear()
    asyncio.new_event_loop()
    # The watchdog cannot be stopped, so at the REPL a timer feeds it.
    Timer(0).init(period=_FEED_MS, callback=lambda timer: device.wdt.feed())
    sys.stdout.write("\r\nAirwire stopped. Ctrl-D starts it again.\r\n")
