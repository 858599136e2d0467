# The application on the device. device.py composes it; the other rooms are described in
# docs/architecture.md.
import sys


def forget(name):
    """Take a module of a package from RAM. Its next use imports it again, so it keeps no state."""
    package, leaf = name.rsplit(".", 1)
    if sys.modules.pop(name, None):
        delattr(sys.modules[package], leaf)


def forget_parts(owner):
    """Take from RAM what only `owner` uses, which has ended: see parts.py."""
    try:
        from . import parts

        for name in parts.PARTS[owner].split():
            forget("firmware." + name)
    except MemoryError:
        pass  # they stay until they are used again
    parts = None
    forget("firmware.parts")
