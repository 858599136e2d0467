# uart.*: what a line may be, and what was lost on it.
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.store import variables

_USB = {b"data": 8, b"parity": b"none", b"stop": 1, b"flow": b"off"}


def get(leaf, index, session):
    if leaf == b"overruns":
        return session.device.ports[int(index)].overruns
    return variables.get(b"uart." + leaf, index)


def check(leaf, index, value):
    # Whether rate and flow control go together shows when they are applied or saved: a host sets
    # them one after the other.
    if index == b"0" and value != _USB.get(leaf, value):
        raise CommandError(errors.BAD_ARGUMENT, b"UART0 is 8N1 without flow control")
