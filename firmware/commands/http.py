# The HTTP client by command: http_get, http_post, http_head, http_add_header, http_read_status.
# Whole files are in http_files.py.
import sys

from micropython import const

from firmware import forget
from firmware.console import errors, log, registry
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import sockets, streams
from firmware.net.station import JoinError
from firmware.store import variables

_MAX_FIELDS = const(1024)  # bytes of headers that are added to a request
_MAX_LENGTH = const(0x1FFFFFFF)

# Bytes that are free before the code is loaded that makes a request: all of it takes 20 KB.
_ROOM = const(28_672)

# What the firmware says itself: a second one would make another message of the request.
_OURS = (b"connection", b"content-length", b"host", b"transfer-encoding")


def options(args, letters):
    """Take the options off `args`: {letter: its value, or True}. A letter in `letters` with a
    colon behind it has a value. Raises CommandError.
    """
    found = {}
    while args and args[0][:1] == b"-":
        option = args.pop(0)[1:]
        at = letters.find(option)
        if len(option) != 1 or at < 0 or option == b":":
            raise CommandError(errors.UNKNOWN_OPTION)
        found[option] = True
        if letters[at + 1 : at + 2] == b":":
            if not args:
                raise CommandError(errors.TOO_FEW)
            found[option] = args.pop(0)
    return found


def count(args, least, most):
    """Raises CommandError where there are fewer or more arguments behind the options."""
    if len(args) < least:
        raise CommandError(errors.TOO_FEW)
    if len(args) > most:
        raise CommandError(errors.TOO_MANY)


def number(text, base, high):
    """A number argument. Raises CommandError."""
    try:
        value = int(text.decode(), base)
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)
    if not 0 <= value <= high:
        raise CommandError(errors.BOUNDS)
    return value


async def connected(session, method, text, interface, type_=None):
    """(handle, stream) of a request to the URL `text` that is not sent yet; the handle is only
    reserved. `interface` is that of the option -i, or None, `type_` the body's media type. Raises
    CommandError.
    """
    device = session.device
    to, line = _checked(text, type_)
    link = _link(device, interface)
    try:
        handle = device.streams.reserve()
    except streams.NoHandle:
        raise CommandError(errors.FAILED, b"No free stream")
    stream = None
    try:
        log.event(b"Opening: " + to.authority())
        # What stands in a query may be nobody else's business.
        log.line(log.OPERATION, b"Request %s %s" % (method, to.target.partition(b"?")[0]))
        ip = await _address(device, link, to.host)  # with its code gone before the next comes
        if to.secure:
            registry.make_room()  # as much again for the handshake
        if "firmware.net.http_stream" not in sys.modules:
            registry.claim(_ROOM)
        from firmware.net import http_stream, http_talk

        made = http_stream.HttpStream((device, log, variables.get), method, to, ip, line)
        try:
            await http_talk.connect(made)
        except http_talk.clients.OpenFailed:
            raise failed()
        stream = made
    finally:
        if stream is None:
            device.streams.release(handle)
    return handle, stream


def _link(device, name):
    # The interface of the option -i; without it the station, as for all clients.
    if name is None:
        return device.station
    from firmware.net import interfaces

    try:
        return interfaces.find(device, name, variables.get)
    except KeyError:
        raise CommandError(errors.BAD_ARGUMENT)


async def _address(device, link, host):
    try:
        await link.up()
        return host.decode() if sockets.is_address(host) else await device.resolve(host)
    except (OSError, JoinError, sockets.LookupFailed) as e:
        log.line(log.STATUS, sockets.reason(e))
        raise failed()


def _checked(text, type_):
    # (Url, line of the head with the media type)
    from wire import url

    try:
        return url.parse(text), field(b"Content-Type", type_) if type_ is not None else b""
    except url.BadUrl as e:
        raise CommandError(errors.BAD_ARGUMENT, e.args[0])
    finally:
        forget("wire.url")


def field(name, value):
    """A line of a head. Raises CommandError where it would not be one."""
    from wire import http_head

    try:
        return http_head.field(name, value)
    except http_head.LocalError as e:
        raise CommandError(errors.BAD_ARGUMENT, e.args[0].encode())


def release(device, handle, stream):
    """Give back what connected() has given."""
    device.streams.release(handle)
    stream.close()


def drop(device):
    """Take from RAM what no stream needs."""
    module = sys.modules.get("firmware.net.http_stream")
    if module:
        module.drop(device)


def failed():
    """The CommandError where there is no answer."""
    log.event(b"Open failed")
    return CommandError(errors.FAILED)


async def _open(session, method, args, letters, least):
    given = options(args, letters)
    count(args, least, least)
    length = number(given[b"l"], 10, _MAX_LENGTH) if b"l" in given else None
    if b"c" in given and length is None:
        length = -1  # http_head.CHUNKED
    device = session.device
    stream = None
    good = False
    try:
        handle, stream = await connected(session, method, args[0], given.get(b"i"), *args[1:])
        if length is not None:
            await stream.begin(length)
            good = True
        elif b"o" not in given:
            await stream.ask()
            good = bool(stream.status)
        else:
            good = True
    except OSError:
        pass  # the log has the reason
    finally:
        if good:
            device.streams.put(handle, stream)
        elif stream:
            release(device, handle, stream)
        drop(device)
    if not good:
        raise failed()
    return b"%d" % handle


@command(b"http_get", b"hge", 1, 4)
def http_get(session, args):
    """http_get [-o] [-i <interface>] <url>
    Ask an HTTP server for what is at a URL, follow redirects, and print the handle of a stream for
    the body. With -o nothing is sent yet, so that http_add_header can add to it.
    """
    return _open(session, b"GET", args, b"oi:", 1)


@command(b"http_head", b"hhe", 1, 4)
def http_head(session, args):
    """http_head [-o] [-i <interface>] <url>
    As http_get, but the server is asked to leave the body away.
    """
    return _open(session, b"HEAD", args, b"oi:", 1)


@command(b"http_post", b"hpo", 2, 8)
def http_post(session, args):
    """http_post [-o] [-c] [-l <length>] [-i <interface>] <url> <content-type>
    Post to a URL, and print the handle of a stream for the answer's body. The body is empty, or
    with -o what stream_write adds until http_read_status; with -l the head is sent at once, for a
    body of that many bytes, and with -c for one in chunks.
    """
    return _open(session, b"POST", args, b"ocl:i:", 2)


def _stream(session, text):
    # An open stream of this kind.
    try:
        stream = session.device.streams.get(number(text, 10, streams.MAX_STREAMS - 1))
    except KeyError:
        raise CommandError(errors.FAILED)
    if stream.kind[:4] != b"HTTP":
        raise CommandError(errors.FAILED, b"Not an HTTP stream")
    return stream


@command(b"http_add_header", b"had", 3, 3)
def http_add_header(session, args):
    """http_add_header <handle> <name> <value>
    Add a line to the head of a request that was opened with -o and is not sent yet.
    """
    stream = _stream(session, args[0])
    if args[1].lower() in _OURS:
        raise CommandError(errors.BAD_ARGUMENT, b"The module says this itself")
    line = field(args[1], args[2])
    if not stream.queueing():
        raise CommandError(errors.FAILED, b"The request is sent already")
    if len(stream.fields) + len(line) > _MAX_FIELDS:
        raise CommandError(errors.BOUNDS)
    stream.fields += line


@command(b"http_read_status", b"hre", 1, 1)
@command(b"http_read", b"hrs", 1, 1)
async def http_read_status(session, args):
    """http_read_status <handle>
    Send the request of a stream, where it was opened with -o, wait for the answer, and print its
    status code.
    """
    stream = _stream(session, args[0])
    task = stream.ask()
    if task:
        await task
    if not stream.status:
        raise CommandError(errors.FAILED)
    return b"%d" % stream.status
