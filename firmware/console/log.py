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
    """An asynchronous message in brackets, with the time as the session wants it (the variable
    system.cmd.timestamp): `[2026-03-25 | 02:50:33: Opened: 0]`.
    """
    for session in sessions:
        if session.print_level >= ASYNC:
            try:
                session.show(b"[%s%s]" % (_stamp(session), text))
            except MemoryError:  # whoever logs goes on, often in the middle of cleaning up
                session.dropped += 1


def _stamp(session):
    form = session.timestamp
    if form == b"utc":
        now = time.time()
        if now > _CLOCK_SET:
            return b"%04d-%02d-%02d | %02d:%02d:%02d: " % tuple(time.gmtime(now)[:6])
    elif form == b"uptime":
        now = session.device.uptime()
        return b"%02d:%02d:%02d: " % (now // 3600, now // 60 % 60, now % 60)
    return b""


def line(level, text):
    """One line of log (bytes, no line end) at a level."""
    for session in sessions:
        if session.print_level >= level:
            try:
                session.show(text)
            except MemoryError:
                session.dropped += 1
