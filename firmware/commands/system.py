# The module itself: version, help, reboot, factory_reset, faults.
from micropython import const

from firmware import board, forget
from firmware.console import catalogue, errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import starts, variables

_COMMAND_HELP = "/command_help.csv"
_VARIABLE_HELP = "/variable_help.csv"
_BLOCK = const(256)  # of a help file at a time: it must work where the heap is nearly full


def _help_row(path, name):
    # The fields of the row of a full name. The texts stay in flash, and are read by the block:
    # MicroPython reads lines byte by byte.
    wanted = b"\n%s\t" % name
    try:
        with open(path, "rb") as f:
            text = b"\n"
            while True:
                i = text.find(wanted)
                end = text.find(b"\n", i + 1) if i >= 0 else -1
                if end >= 0:
                    return text[i + 1 : end].split(b"\t")
                piece = f.read(_BLOCK)
                if not piece:
                    return None
                text = text[i if i >= 0 else -len(wanted) :] + piece
    except OSError:
        return None


def _rows(words):
    # A line for each variable below a node: the second word is the name.
    access = {111: b"r", 115: b"w"}
    for name, kind, _ in variables.under(words):
        yield b"%s %s" % (access.get(kind[0], b"rw"), name)


def _commands():
    for row in catalogue.names():
        yield b"%s : %s" % row


def _all():
    yield from _commands()
    yield from _rows((b"all",))


@command(b"version", b"ver")
def version(session, args):
    """version
    Print name, version, build date, chip and board.
    """
    return board.banner()


@command(b"help", b"help", 0, None)
def help_(session, args):
    """help [commands | variables | all | <command> | <variable> | <group>]
    List the commands or the variables, or explain one.
    """
    if not args:
        return b"help commands, help variables, help all, help <command>, help <variable>"
    word = args[0]
    if len(args) == 1:
        if word == b"commands":
            return _commands
        if word == b"variables":
            return lambda: _rows((b"all",))
        if word == b"all":
            return _all
        for name, shortcut in catalogue.names():
            if word == name or word == shortcut:
                return _explanation(_COMMAND_HELP, name)
    try:
        name, _, _, used = variables.find(args)
        if used == len(args):
            return _explanation(_VARIABLE_HELP, name)
    except variables.UnknownVariable:
        for _ in variables.under(args):
            return lambda: _rows(args)
    raise CommandError(errors.UNKNOWN_OPTION)


def _explanation(path, name):
    row = _help_row(path, name)
    if row is None:
        raise CommandError(errors.FAILED, b"No help texts in flash")
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
    from firmware.store import faults

    entries = faults.entries()
    lines = [b"! %d faults" % (len(entries) + faults.unsaved)]
    lines += [b"# %d %s" % (i, entries[i]) for i in range(len(entries))]
    if not faults.unsaved:  # a count that is nowhere else
        forget("firmware.store.faults")
    return b"\r\n".join(lines)


@command(b"faults_reset", b"faur")
def faults_reset(session, args):
    """faults_reset
    Clear the fault log; in safe mode the next start is a normal one again.
    """
    from firmware.store import faults

    faults.reset()
    forget("firmware.store.faults")
    starts.forget()


@command(b"sleep", b"sleep")
def sleep(session, args):
    """sleep
    Answer `Sleeping`, and sleep until system.wakeup.timeout is over, system.wakeup.events comes,
    or the power is cycled.
    """
    session.device.sleep()
    return b"Sleeping"
