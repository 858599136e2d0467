# The module itself: version, help, reboot, factory_reset, faults.
from firmware import board
from firmware.console import errors, registry
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import faults, variables

_COMMAND_HELP = "/command_help.csv"
_VARIABLE_HELP = "/variable_help.csv"


def _help_row(path, first):
    # The fields of the row whose name or shortcut is `first`, read line by line: the texts stay in
    # flash.
    try:
        with open(path, "rb") as f:
            for line in f:
                fields = line.rstrip().split(b"|")
                if first in fields[:2]:
                    return fields
    except OSError:
        pass
    return None


@command(b"version", b"ver")
def version(session, args):
    """version
    Print name, version, build date, chip and board.
    """
    return board.banner()


@command(b"help", b"help", 0, None)
def help_(session, args):
    """help [commands | variables | <command> | <variable>]
    List the commands or the variables with their shortcuts, or explain one.
    """
    if not args:
        return b"help commands, help variables, help <command>, help <variable>"
    if args[0] == b"commands":
        return [b"%s : %s" % row for row in registry.names()]
    if args[0] == b"variables":
        access = {111: b"r", 115: b"w"}
        return [b"%s %s" % (access.get(k[0], b"rw"), n) for n, k, _ in variables.under((b"all",))]
    row = _help_row(_COMMAND_HELP, args[0])
    if row is None:
        try:
            row = _help_row(_VARIABLE_HELP, variables.find(args)[0])
        except variables.UnknownVariable:
            pass
    if row is None:
        raise CommandError(errors.UNKNOWN_OPTION)
    return [b"%s : %s" % (row[0], row[1])] + row[2:]


@command(b"reboot", b"reboot")
def reboot(session, args):
    """reboot
    Close everything and start again.
    """
    session.device.restart(announce=True)
    return b"Rebooting"


@command(b"factory_reset", b"fac", 1, 1)
def factory_reset(session, args):
    """factory_reset <MAC address>
    Forget all settings and start again; the module's own MAC address confirms it.
    """
    mac = session.device.station.mac_text()
    if args[0].replace(b":", b"").upper() != mac.replace(b":", b""):
        raise CommandError(errors.BAD_ARGUMENT, b"MAC address does not match")
    session.device.factory_reset()
    return b"Rebooting"


@command(b"faults_print", b"faup")
def faults_print(session, args):
    """faults_print
    Print the fault log, oldest first.
    """
    entries = faults.entries()
    lines = [b"! %d faults" % (len(entries) + faults.unsaved)]
    lines += [b"# %d %s" % (i, entries[i]) for i in range(len(entries))]
    return b"\r\n".join(lines)


@command(b"faults_reset", b"faur")
def faults_reset(session, args):
    """faults_reset
    Clear the fault log.
    """
    faults.reset()
