# Says in the log which certificates have ended or will end soon: when the clock is set, and when
# one is used, but of each only once a day. Imported for it and forgotten after it.
import time

from esp32 import Partition
from micropython import const

from firmware import forget

_SOON = const(30)  # days: time enough to make another one
_DAY = const(86_400)  # seconds
_FIRST_YEAR = const(2024)  # a clock before that was never set
_EPOCH = const(946_684_800)  # seconds from 1970 to where the chip's clock begins
_COPY = const(8)  # blocks of the DCT from one copy to the other
_ALL = b""  # among the references in looked.days: all that there are


def look(log, variables):
    """Look at the certificates in the DCT and at those that variables refer to. `log` has line(),
    `variables` is the module.
    """
    forget("firmware.store.expiry")
    named = [
        name
        for name in variables.values
        if name[:12] == b"network.tls." or name == b"http.server.tls_cert"
    ]
    # Most modules have none: what reads them takes 15 KB.
    if (named or _has_dct()) and _first_today(_ALL):
        _tell(log, lambda rows: rows.rows(variables.get, False))


def used(log, *refs):
    """Look at those that are about to be used, by their references; b"" is none."""
    forget("firmware.store.expiry")
    for ref in refs:
        if ref and _first_today(ref):
            _tell(log, lambda rows, ref=ref: rows.of(ref))


def _has_dct():
    found = Partition.find(Partition.TYPE_DATA, label="dct")
    first = bytearray(1)
    for block in (0, _COPY) if found else ():
        found[0].readblocks(block, first, 0)
        if first[0] != 0xFF:  # erased
            return True
    return False


def _first_today(ref):
    # Once a day, once the clock is set.
    if time.gmtime()[0] < _FIRST_YEAR:
        return False
    from . import looked

    today = time.time() // _DAY
    if looked.days.get(ref) == today:
        return False
    looked.days[ref] = today
    return True


def _tell(log, listed):
    now = int(time.time()) + _EPOCH
    identity_rows = None
    try:
        from . import identity_rows

        for ref, kind, _, subject, end in listed(identity_rows):
            if end is None or kind == b"key":
                continue
            days = (end - now) // _DAY
            if days < 0:
                log.line(log.STATUS, b"Certificate has expired: %s (%s)" % (ref, subject))
            elif days < _SOON:
                words = (days, b"" if days == 1 else b"s", ref, subject)
                log.line(log.STATUS, b"Certificate expires in %d day%s: %s (%s)" % words)
    except MemoryError:
        pass  # another day
    finally:
        if identity_rows:
            identity_rows.drop()
