# uart.*: what a line may be, and what was lost on it.
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.store import lines, variables

_USB = {b"data": 8, b"parity": b"none", b"stop": 1, b"flow": b"off"}


def get(leaf, index, session):
    if leaf == b"overruns":
        return session.device.ports[int(index)].overruns
    return variables.get(b"uart." + leaf, index)


def put(leaf, index, value, session):
    if index == b"0":
        if value != _USB.get(leaf, value):
            raise CommandError(errors.BAD_ARGUMENT, b"UART0 is 8N1 without flow control")
        return
    refusal = lines.Settings(int(index)).refusal
    if refusal:
        raise CommandError(errors.BAD_ARGUMENT, refusal)
