# Log lines: from any part of the firmware to every session whose print level lets them through.
#
# Levels: 1 streams opened and closed, links up and down; 2 status lines; 3 what operations do; 4
# details for developers.
import time

from micropython import const

ASYNC = const(1)
STATUS = const(2)
OPERATION = const(3)
DETAIL = const(4)

_CLOCK_SET = const(800_000_000)  # seconds since 2000: a clock before mid-2025 was never set

sessions = []  # the sessions that show log lines; a session appends and removes itself


def event(text):
    """An asynchronous message in brackets, with the time where the clock is set: `[2026-03-25 |
    02:50:33: Opened: 0]`.
    """
    now = time.time()
    if now > _CLOCK_SET:
        t = time.gmtime(now)
        text = b"[%04d-%02d-%02d | %02d:%02d:%02d: %s]" % (
            t[0],
            t[1],
            t[2],
            t[3],
            t[4],
            t[5],
            text,
        )
    else:
        text = b"[%s]" % text
    line(ASYNC, text)


def line(level, text):
    """One line of log (bytes, no line end) at a level."""
    for session in sessions:
        if session.print_level >= level:
            session.show(text)
