# The WWEP server by command: wwep_list. The server itself is a service (wwep_server.py there).
import sys

from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command


@command(b"wwep_list", b"wwl")
def wwep_list(session, args):
    """wwep_list
    List the registers of the WWEP server: device, register and value, in hexadecimal.
    """
    module = sys.modules.get("firmware.services.wwep_server")
    server = module and module.running
    if not server:
        raise CommandError(errors.FAILED, b"The server is not running")
    database = server.database
    keys = database.keys()
    return lambda: _lines(database, keys)


def _lines(database, keys):
    yield b"! %d registers" % len(keys)
    yield b"!   # Device Register Value"
    for i in range(len(keys)):
        yield b"# %3d %04X   %02X       %04X" % ((i,) + database.row(keys[i]))
