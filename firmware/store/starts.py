# Faulty starts: counted in the RTC's memory, which resets keep and a power cut clears.
#
# A start is faulty until it has run a while or ended in an orderly way. After eight faulty starts
# in a row the firmware starts in safe mode: console, settings and files, but no network and no
# service, so that what keeps ending it can be mended. `faults_reset` and `reboot` lead back.
import machine
from micropython import const

_LIMIT = const(8)  # WiConnect's number
_MARK = b"AW"  # RTC memory that begins otherwise is somebody else's
_ANNOUNCE = const(1)  # the version is printed at the start that follows (after `reboot`)

safe_mode = False
announce = False
_count = 0


def _write(flags=0):
    machine.RTC().memory(_MARK + bytes((_count, flags)))


def begin():
    """At each start, once: count it, and decide between the normal start and safe mode."""
    global safe_mode, announce, _count
    memory = machine.RTC().memory()
    if len(memory) == 4 and memory[:2] == _MARK:
        _count = memory[2]
        announce = bool(memory[3] & _ANNOUNCE)
    safe_mode = _count >= _LIMIT
    if not safe_mode:
        _count += 1
    _write()


def healthy():
    """This start has run long enough, or ends in an orderly way: it is not a faulty one."""
    global _count
    if not safe_mode:
        _count = 0
        _write()


def forget():
    """Leave safe mode at the next start (`faults_reset`)."""
    global _count
    _count = 0
    _write()


def announce_next():
    """The next start prints the version."""
    _write(_ANNOUNCE)
