# os with the names of the ESP32 port, and no others (the unix port has getenv, system and the
# like).

import sys

import uos
from uos import (  # noqa: F401
    VfsFat,
    VfsLfs2,
    chdir,
    getcwd,
    mkdir,
    mount,
    remove,
    rename,
    rmdir,
    stat,
    statvfs,
    umount,
    unlink,
    urandom,
)

MACHINE = "Airwire virtual board with ESP32"


def _release():
    return ".".join([str(n) for n in sys.implementation.version[:3]])


def version():
    """As in the banner: v1.26.1 on 2025-09-11."""
    return "v" + _release() + " on " + sys.version.split(" on ")[-1]


def ilistdir(path="."):
    if path in ("/", "") or (
        path == "." and getcwd() == "/"
    ):  # the host's root is not the board's
        return (entry for entry in uos.ilistdir(path) if entry[0] != "host")
    return uos.ilistdir(path)


def listdir(path="."):
    return [entry[0] for entry in ilistdir(path)]


def uname():
    from collections import namedtuple

    fields = ("sysname", "nodename", "release", "version", "machine")
    return namedtuple("uname", fields)("esp32", "esp32", _release(), version(), MACHINE)


def sync():
    pass  # every mounted file system of the board writes through
