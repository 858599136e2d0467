# Certificates and keys by command: cert_list, cert_load, cert_delete.
import asyncio
import gc
import io
import sys

from micropython import const

from firmware import forget
from firmware.console import errors, log, registry
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import variables

# As those of a file: up to the first there are data, which are taken, up to the second they are
# kept. A chain of four with keys of RSA is 8 KB of PEM.
_MAX_ANNOUNCED = const(0x1FFFFFFF)
_MOST = const(16_384)
# What a host sends goes on until the line has been silent for so long: a pause of a terminal that
# pastes is shorter, and that of a network mostly.
_SILENCE_MS = const(300)
# Where all that was announced has come, more is there already, or on its way.
_MORE_MS = const(100)
# A person, who has still to find the file, pastes it when the time for data is over already.
_PASTE_MS = const(30_000)
# Bytes of the heap that a list or a check takes with the code that reads identities: more than is
# kept free for a command's file.
_ROOM = const(40_960)
_REASONS = {
    1: b"DCT of a later version",  # EPERM
    19: b"No DCT",  # ENODEV
    28: b"DCT full",  # ENOSPC
}
_KINDS = {b"cert": "CERTIFICATE", b"key": "KEY", b"ca": "ROOTS"}


@command(b"cert_list", b"cel", 0, 0)
async def cert_list(session, args):
    """cert_list
    List certificates and keys: those in the DCT, files that end as such (.pem .crt .cer .der
    .key), and what variables refer to. Keys are not printed, only their kind and size.
    """
    _make_room()
    from firmware.store import identity_rows
    from wire import x509

    lines = [b"!  # Kind  Where     Expiry                Reference  Subject"]
    try:
        for ref, kind, where, text, end in identity_rows.rows(variables.get, True):
            time = b"-" if end is None else x509.iso(end)
            if b" " in ref or b'"' in ref:
                from wire.quoting import quote

                ref = quote(ref)
            row = (len(lines) - 1, kind, where, time, ref, text)
            lines.append(b"# %2d %-5s %-9s %-21s %s  %s" % row)
            await asyncio.sleep_ms(0)  # a few milliseconds each
    finally:
        identity_rows.drop()
    return lines


@command(b"cert_load", b"celo", 3, 4)
async def cert_load(session, args):
    """cert_load <name> cert|key|ca <size>|-f <filename>
    Put a certificate (or chain), its private key, or trusted certificates into the identity <name>
    in the DCT: the <size> bytes of PEM or DER that follow the command line, which are not echoed,
    or a file. A key that comes with its certificate in one PEM is taken with it.
    """
    name, kind = args[:2]
    if args[2][:1] == b"-":
        if args[2] != b"-f":
            raise CommandError(errors.UNKNOWN_OPTION)
        if len(args) < 4:
            raise CommandError(errors.TOO_FEW)
        _check(name, kind)
        return _load(name, _KINDS[kind], _opened(args[3]))
    wait_ms = _SILENCE_MS
    try:
        if len(args) > 3:
            raise CommandError(errors.TOO_MANY)
        if not args[2].isdigit():
            raise CommandError(errors.BAD_ARGUMENT)
        size = int(args[2])
        if not 0 < size <= _MAX_ANNOUNCED:
            raise CommandError(errors.BOUNDS)
        refusal = data = None
        try:
            _check(name, kind)
            if size > _MOST:
                raise CommandError(errors.BOUNDS)
            data = io.BytesIO(size)  # room for all of it, or for nothing
        except CommandError as e:
            refusal = e
        try:
            await _unseen(session, session.read_data(size, lambda piece: _keep(data, piece)))
            wait_ms = _MORE_MS
        except CommandError as e:
            if session.echo:
                wait_ms = _PASTE_MS
            refusal = refusal or e
        if refusal:
            raise refusal
        return _load(name, _KINDS[kind], data)
    except CommandError as e:
        refusal = e
    # What is sent all the same is a key, as likely as not, and no command.
    name = "firmware.console.starved"
    kept = name in sys.modules  # where memory ran out once, it may again
    from firmware.console import starved

    if not kept:
        forget(name)
    await _unseen(session, starved.discard(session, _MOST, wait_ms, _SILENCE_MS))
    raise refusal


def _make_room():
    gc.collect()
    if gc.mem_free() < _ROOM:
        registry.make_room()


async def _unseen(session, taking):
    # A data phase without echo: a key belongs on nobody's screen, nor in a terminal's log.
    echo = session.echo
    session.echo = 0
    try:
        await taking
    finally:
        session.echo = echo


def _keep(data, piece):
    if data:
        data.write(piece)


def _check(name, kind):
    if kind not in _KINDS or not 1 <= len(name) <= 32 or min(name) <= 32 or max(name) > 126:
        raise CommandError(errors.BAD_ARGUMENT)


def _opened(name):
    from firmware.store import files

    try:
        return open(files.find(name)[0], "rb")
    except OSError:
        raise _failed(b"File not found")


def _failed(text):
    return CommandError(errors.FAILED, text)


def _load(name, kind, f):
    # Into the DCT, once all is known to be good.
    _make_room()
    from firmware.store import identity_check

    try:
        with f:
            put = identity_check.entries(name, kind, f)
    except ValueError as e:
        text = e.args[0]
        raise _failed(text[:1].upper() + text[1:])
    finally:
        identity_check.drop()
    f = None
    changed = _change(name, put, ())
    log.line(log.STATUS, b"Identity loaded" if changed else b"Identity is there already")


def _change(name, put, remove):
    # True where the DCT is another one now.
    from firmware.store import dct as table

    try:
        changed = table.change(put, remove)
    except OSError as e:
        raise _failed(_REASONS.get(e.errno) or b"Flash error %d" % e.errno)
    finally:
        forget("firmware.store.dct")
        forget("wire.dct")
    looked = sys.modules.get("firmware.store.looked")
    if looked:
        looked.days.pop(b"dct:" + name, None)  # it is looked at anew
    return changed


@command(b"cert_delete", b"cede", 1, 2)
def cert_delete(session, args):
    """cert_delete <name> [cert|key|ca]
    Delete an identity from the DCT, or one part of it.
    """
    from wire import dct

    name = args[0]
    kind = None
    if len(args) > 1:
        _check(name, args[1])
        kind = getattr(dct, _KINDS[args[1]])
    if not _change(name, (), ((dct.IDENTITY, name, kind),)):
        raise _failed(b"Identity not found")
    log.line(log.STATUS, b"Identity deleted")
