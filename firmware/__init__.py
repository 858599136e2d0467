# The application on the device. device.py composes it; the other rooms are described in
# docs/architecture.md.
import sys


def forget(name):
    """Take a module of a package from RAM. Its next use imports it again, so it keeps no state."""
    package, leaf = name.rsplit(".", 1)
    if sys.modules.pop(name, None):
        delattr(sys.modules[package], leaf)
