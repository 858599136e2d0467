# system.*: the session's own console settings, memory, identity.
import gc

from firmware import board, forget
from firmware.console import session as console
from firmware.store import variables

_FIELDS = {
    b"cmd.buffered": "buffered",
    b"cmd.echo": "echo",
    b"cmd.header_enabled": "headers",
    b"cmd.prompt_enabled": "prompt",
    b"cmd.timestamp": "timestamp",
    b"print_level": "print_level",
}
# What the DCT says of the module, by its name there.
_MADE = {
    b"manufacture_date": b"date",
    b"manufacturer": b"maker",
    b"product": b"product",
    b"serial": b"serial",
}
_PRESET = (b"cmd.echo", b"cmd.header_enabled", b"cmd.prompt_enabled", b"print_level")


def get(leaf, session):
    if leaf in _FIELDS:
        return getattr(session, _FIELDS[leaf])
    if leaf == b"cmd.mode":
        return b"machine" if session.headers else b"human"
    if leaf == b"memory.used":
        gc.collect()  # what is left is alive; the percentage below holds garbage as well
        return gc.mem_alloc()
    if leaf == b"cmd.gpio":
        return console.busy.number if console.busy else -1
    if leaf == b"memory.usage":
        used = gc.mem_alloc()
        return 100 * used // (used + gc.mem_free())
    if leaf == b"build_number":
        built = board.banner().partition(b"Built:")[2].partition(b" for")[0]
        return bytes([c for c in built if 48 <= c < 58])
    if leaf == b"safemode":
        return int(session.device.safe_mode)
    if leaf == b"uuid":
        return session.device.station.mac_text().replace(b":", b"")
    if leaf == b"board":
        return board.NAME
    if leaf in _MADE:
        return _made(_MADE[leaf])
    return board.banner()


def _made(field):
    from firmware.store import dct
    from wire.dct import MANUFACTURING, TEXT

    try:
        return dct.read(MANUFACTURING, field, TEXT)
    except KeyError:
        return b""
    finally:
        forget("firmware.store.dct")
        forget("wire.dct")


def put(leaf, value, session):
    if leaf == b"cmd.mode":
        session.preset(value == b"machine")
        for field in _PRESET:
            variables.values.pop(b"system." + field, None)  # the preset decides them all again
    elif leaf == b"cmd.gpio":
        from firmware.console import busy

        try:
            busy.show(value)
        finally:
            variables.values[b"system.cmd.gpio"] = get(leaf, session)
    else:
        setattr(session, _FIELDS[leaf], value)
        # Kept even where it equals the default: a saved machine preset would override it at the
        # next start.
        variables.values[b"system." + leaf] = value


def start(session):
    """Give the session of the host MCU the saved console settings. Raises CommandError when the
    GPIO of system.cmd.gpio cannot be used.
    """
    session.preset(variables.get(b"system.cmd.mode") == b"machine")
    for leaf in _FIELDS:
        value = variables.values.get(b"system." + leaf)
        if value is not None:
            setattr(session, _FIELDS[leaf], value)
    if b"system.cmd.gpio" in variables.values:
        from firmware.console import busy

        busy.show(variables.values[b"system.cmd.gpio"])
