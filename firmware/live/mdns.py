# mdns.*: under which name the module is found, and whether names and services can be sent.
import sys

from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.store import variables

_LABEL = 63


def get(leaf, session):
    if leaf == b"name" or leaf == b"service":
        return variables.get(b"mdns." + leaf)
    home = sys.modules.get("firmware.services.mdns")
    service = home and home.running
    if leaf == b"domain":
        return _domain(service) if service and service.net else b""
    if not (service and service.net):  # the link is down
        return b"none"
    return b"module" if service.port else b"chip"


def _domain(service):
    # The name under which the module is found, or tries to be.
    name = service.wanted
    if service.port:
        name = service.codec.name if service.codec else service.told
    return name + b".local"


def check(leaf, index, value):
    try:
        if leaf == b"name":
            _check(value)
        else:
            from wire import mdns_service

            mdns_service.parse(value, b"")
    except ValueError as e:
        raise CommandError(errors.BAD_ARGUMENT, e.args[0].encode())


def _check(name):
    if name.lower().endswith(b".local"):
        raise ValueError("without .local, which is appended")
    for label in name.split(b"."):
        if not 0 < len(label) <= _LABEL or label[:1] == b"-" or label[-1:] == b"-":
            raise ValueError("not a host name")
    for byte in name.lower():
        if not (0x61 <= byte <= 0x7A or 0x30 <= byte <= 0x39 or byte in b"-.#"):
            raise ValueError("letters, digits, - and . alone")
