# The passkey of the soft-AP: one of its own for each module, made at its first start. Imported for
# that moment only.
import os

from micropython import const

from firmware.console import log
from firmware.store import saved, settings, variables

_NAME = b"softap.passkey"
# That are not mistaken for one another.
_LETTERS = b"abcdefghijkmnpqrstuvwxyz23456789"
_LENGTH = const(12)  # 60 bits


def make():
    """Make and tell it, and save it alone: what else was set and not saved stays so."""
    key = bytes([_LETTERS[byte & 31] for byte in os.urandom(_LENGTH)])
    values = variables.values
    changed = variables.changed
    variables.values = {}
    variables.changed = None
    try:
        saved.load()
        variables.values[_NAME] = key
        settings.save()
    except OSError:
        log.line(log.STATUS, b"Soft-AP passkey not saved: Flash full")
    finally:
        variables.values = values
        variables.changed = changed
    values[_NAME] = key
    log.line(log.ASYNC, b"Soft-AP passkey: " + key)
