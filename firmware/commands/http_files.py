# Whole files over HTTP: http_download, http_upload. Neither has more than a piece of one in RAM.
import asyncio
import errno
import random

from micropython import const

from firmware import forget
from firmware.console import errors, log
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import sockets, streams
from firmware.store import files, variables

from . import http

_PIECE = const(512)

_REASONS = {
    errno.ENOENT: b"File not found",
    errno.EINVAL: b"CRC mismatch",
    files.EBUSY: b"File in use",
    files.ENFILE: b"Too many files",
    files.ENOSPC: b"Flash full",
}


def _error(e):
    # The CommandError for an OSError of the store.
    log.line(log.STATUS, _REASONS.get(e.errno) or b"Flash error %d" % e.errno)
    return CommandError(errors.FAILED)


@command(b"http_download", b"hdo", 1, 7)
async def http_download(session, args):
    """http_download [-u] [-c <crc>] [-i <interface>] <url> [<filename>]
    Fetch a file over HTTP; it is named as in the URL unless told, and takes the place of one of
    that name when it is whole and its CRC-16 (hexadecimal) is right. -u lets the web server give
    it to everybody.
    """
    given = http.options(args, b"uc:i:")
    http.count(args, 1, 2)
    crc = http.number(given[b"c"], 16, 0xFFFF) if b"c" in given else None
    flags = files.VALID | files.USER | (files.UNPROTECTED if b"u" in given else 0)
    name = args[1] if len(args) > 1 else _name(args[0])
    if not name:
        raise CommandError(errors.BAD_ARGUMENT, b"No file name")
    device = session.device
    stream = None
    try:
        handle, stream = await http.connected(session, b"GET", args[0], given.get(b"i"))
        await stream.ask()
        if stream.status != 200:
            raise http.failed()
        await _store(stream, name, flags, crc)
    except OSError as e:
        raise _error(e)
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)
    finally:
        if stream:
            http.release(device, handle, stream)
        http.drop(device)
        forget("firmware.store.replacement")
    log.line(log.STATUS, b"File downloaded")


def _name(text):
    # The last element of a URL's path.
    from wire import url

    try:
        return url.parse(text).name()
    except url.BadUrl as e:
        raise CommandError(errors.BAD_ARGUMENT, e.args[0])


async def _store(stream, name, flags, crc):
    # The body of an answer into a file.
    from firmware.store import replacement

    timeout = variables.get(b"http.client.timeout")
    file = replacement.Replacement(name, stream.size if stream.size >= 0 else None, flags, crc)
    try:
        while True:
            found = stream.look()
            if found == streams.DATA:
                piece = stream.piece()
                await file.write(piece)
                stream.taken(len(piece))
            elif found == streams.CLOSED:
                break
            else:
                try:
                    await asyncio.wait_for_ms(sockets.readable(stream.sock), timeout)
                except asyncio.TimeoutError:
                    stream.fail(b"No more from the server")
        if stream.failure:
            raise CommandError(errors.FAILED)
        file.finish()
    finally:
        file.close()


@command(b"http_upload", b"hup", 2, 4)
async def http_upload(session, args):
    """http_upload [-i <interface>] <url> <filename>
    Post a file to a URL, as the field `file` of a form.
    """
    given = http.options(args, b"i:")
    http.count(args, 2, 2)
    try:
        file = files.Reader(args[1])
    except OSError as e:
        raise _error(e)
    stream = None
    try:
        mark = b"%08x%08x" % (random.getrandbits(32), random.getrandbits(32))
        handle, stream = await http.connected(
            session, b"POST", args[0], given.get(b"i"), b"multipart/form-data; boundary=" + mark
        )
        await _send(stream, file, mark)
    finally:
        file.close()
        if stream:
            http.release(session.device, handle, stream)
        http.drop(session.device)
    log.line(log.STATUS, b"File uploaded")


async def _send(stream, file, mark):
    # The form, and then the answer.
    name = file.name.rpartition(b"/")[2].replace(b'"', b"%22")
    before = (
        b'--%s\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" % (mark, name)
    )
    after = b"\r\n--%s--\r\n" % mark
    buf = bytearray(_PIECE)
    try:
        await stream.begin(len(before) + file.size + len(after))
        await stream.write(before)
        while file.position < file.size:
            n = file.readinto(buf)
            await stream.write(memoryview(buf)[:n])
            await asyncio.sleep_ms(0)
        await stream.write(after)
        await stream.ask()
    except OSError:
        pass  # the log has the reason
    if not 200 <= stream.status < 300:
        raise http.failed()
