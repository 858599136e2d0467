# Files by command: file_create, file_open, file_delete, file_stat, ls, format_flash.
import asyncio
import errno

from micropython import const

from firmware.console import errors, log
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import streams
from firmware.store import files, variables

# An announced size up to this is taken and thrown away when there is no room for it: data never
# become commands. It is more than any flash has, and fits a small int.
_MAX_ANNOUNCED = const(0x1FFFFFFF)
_VERSION_PARTS = const(4)

# Whatever goes wrong with a file is `Command failed`, which clients look for; the log says why.
_REASONS = {
    errno.ENOENT: b"File not found",
    errno.EEXIST: b"File exists",
    errno.EINVAL: b"CRC mismatch",
    files.EBUSY: b"File in use",
    files.ENFILE: b"Too many files",
    files.ENOSPC: b"Flash full",
}


def _failed(text):
    log.line(log.STATUS, text)
    return CommandError(errors.FAILED)


def _error(e):
    # The CommandError for an OSError of the store.
    return _failed(_REASONS.get(e.errno) or b"Flash error %d" % e.errno)


def _number(text, base, high):
    # `0x` may stand before a hexadecimal number.
    try:
        value = int(text.decode(), base)
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)
    if not 0 <= value <= high:
        raise CommandError(errors.BOUNDS)
    return value


def _version(text):
    # One to four numbers of a byte each; as many are shown as are given.
    parts = text.split(b".")
    if len(parts) > _VERSION_PARTS:
        raise CommandError(errors.BAD_ARGUMENT)
    for part in parts:
        if not part.isdigit():
            raise CommandError(errors.BAD_ARGUMENT)
        _number(part, 10, 255)
    return b".".join([b"%d" % int(part) for part in parts])


def _options(args):
    # Takes the options off `args`: (flags of the file, True for a stream).
    flags = files.VALID | files.USER
    stream = False
    while args and args[0][:1] == b"-":
        for letter in args.pop(0)[1:]:
            if letter == 0x65:  # e
                flags |= files.ESSENTIAL
            elif letter == 0x75:  # u
                flags |= files.UNPROTECTED
            elif letter == 0x6F:  # o
                stream = True
            else:
                raise CommandError(errors.UNKNOWN_OPTION)
    return flags, stream


def _writer(args, size, flags):
    # The Writer of `<filename> <size> [<version> [<type> [<crc>]]]`.
    version = _version(args[2]) if len(args) > 2 else b"1.0.0.0"
    kind = _number(args[3], 16, 0xFF) if len(args) > 3 else 0xFE
    crc = _number(args[4], 16, 0xFFFF) if len(args) > 4 else None
    try:
        return files.Writer(args[0], size, version, kind, flags, crc)
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)
    except OSError as e:
        raise _error(e)


@command(b"file_create", b"fcr", 2, 8)
async def file_create(session, args):
    """file_create [-[e][u]] [-o] <filename> <size> [<version> [<type> [<crc>]]]
    Make a file of the <size> bytes that follow the command line; with -o, open a stream for them
    and print its handle. -e marks it as essential, -u lets the web server give it to everybody.
    Type (FE) and CRC-16 are hexadecimal. A file of that name must be deleted first.
    """
    flags, stream = _options(args)
    if len(args) < 2:
        raise CommandError(errors.TOO_FEW)
    if len(args) > 5:
        raise CommandError(errors.TOO_MANY)
    size = _number(args[1], 10, _MAX_ANNOUNCED)
    if stream:
        return _put(session, lambda: _writer(args, size, flags))
    try:
        writer = _writer(args, size, flags)
    except CommandError as e:
        if size:
            await session.read_data(size, lambda data: None)
        raise e
    failed = None

    async def sink(data):
        nonlocal failed
        if not failed:
            try:
                await writer.write(data)
            except OSError as e:
                failed = e

    try:
        if size:
            await session.read_data(size, sink)
    finally:
        writer.close()
    if failed:
        raise _error(failed)
    log.line(log.STATUS, b"File created")


def _put(session, opened):
    # Put the file that opened() gives into the stream table. Returns the response, its handle.
    table = session.device.streams
    try:
        handle = table.reserve()
    except streams.NoHandle:
        raise CommandError(errors.FAILED, b"No free stream")
    file = None
    try:
        file = opened()
    finally:
        if file is None:
            table.release(handle)
    table.put(handle, file)

    def finished(good):
        # A complete file needs its stream no more, nor does one that failed.
        log.line(log.STATUS, b"File created" if good else b"File not created")
        if variables.get(b"stream.auto_close"):
            table.close(handle)

    if isinstance(file, files.Writer):
        file.finished = finished
        if file.ended:  # a file of no bytes
            finished(True)
    return b"%d" % handle


@command(b"file_open", b"fop", 1, 1)
def file_open(session, args):
    """file_open <filename>
    Open a file for reading and print its stream handle; the read that reaches the end closes it.
    """
    try:
        return _put(session, lambda: files.Reader(args[0]))
    except OSError as e:
        raise _error(e)


@command(b"file_delete", b"fde", 1, 1)
def file_delete(session, args):
    """file_delete <filename>
    Delete a file.
    """
    try:
        files.delete(args[0])
    except OSError as e:
        raise _error(e)
    log.line(log.STATUS, b"File deleted")


@command(b"file_stat", b"fst", 1, 1)
def file_stat(session, args):
    """file_stat <filename>
    Print size, version, type, flags and CRC-16 of a file.
    """
    try:
        _, row = files.find(args[0])
    except OSError as e:
        raise _error(e)
    return b"name: %s\r\nsize: %d\r\nversion: %s\r\ntype: %s\r\nflags: %s\r\ncrc: %s" % (
        row[0],
        row[5],
        row[1],
        row[2],
        row[3],
        row[4],
    )


@command(b"ls", b"ls", 0, 1)
def ls(session, args):
    """ls [-v]
    List the files, by name; -v adds type and flags.
    """
    if args and args[0] != b"-v":
        raise CommandError(errors.UNKNOWN_OPTION)
    listing = files.listing()
    return lambda: _rows(listing, args)


def _rows(listing, verbose):
    if verbose:
        yield b"!  # Type  Flags  Hnd    Size    Version  Filename"
    else:
        yield b"!  #   Size   Version  Filename"
    i = 0
    for entry in listing:
        name, version, kind, flags, _, size = files.row(entry)
        if verbose:
            # Hnd is the first sector in WiConnect; LittleFS tells none.
            yield b"# %2d e-%s   %s    0 %7s %10s  %s" % (i, kind, flags, size, version, name)
        else:
            yield b"# %2d %6s %9s  %s" % (i, size, version, name)
        i += 1


@command(b"format_flash", b"format", 1, 1)
async def format_flash(session, args):
    """format_flash <MAC address>
    Delete all files, not the settings; the module's own MAC address confirms it.
    """
    mac = session.device.station.mac_text()
    if args[0].replace(b":", b"").upper() != mac.replace(b":", b""):
        raise CommandError(errors.BAD_ARGUMENT, b"MAC address does not match")
    if files.is_open():
        raise _failed(b"File in use")
    try:
        for entry in files.listing():
            files.delete(files.row(entry)[0])
            await asyncio.sleep_ms(0)
    except OSError as e:
        raise _error(e)
    log.line(log.STATUS, b"Flash formatted")
