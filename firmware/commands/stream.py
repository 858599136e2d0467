# Streams by command: tcp_client, tls_client, udp_client, stream_list, stream_poll, stream_read,
# stream_write, stream_close, exit.
from micropython import const

from firmware import forget
from firmware.console import errors, log
from firmware.console.errors import CommandError
from firmware.console.registry import command, make_room
from firmware.net import streams
from firmware.store import variables

_MAX_READ = const(4096)  # one reply's worth of heap; a host reads on in a loop
# Bytes that are read at once: a heap that is nearly full still has such pieces.
_PART = const(512)
# Bytes of one data phase: a wrong number must not swallow commands for long.
_MAX_WRITE = const(65536)


def integer(text, low, high):
    """A number argument. Raises CommandError BAD_ARGUMENT or BOUNDS."""
    try:
        value = int(text.decode())
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)
    if not low <= value <= high:
        raise CommandError(errors.BOUNDS)
    return value


def _open(session, text):
    handle = integer(text, 0, streams.MAX_STREAMS - 1)
    try:
        return handle, session.device.streams.get(handle)
    except KeyError:
        raise CommandError(errors.FAILED)


def _auto_close(session, handle, stream):
    # The read that drains a stream whose other side has closed is its last.
    if stream.poll() == streams.CLOSED and variables.get(b"stream.auto_close"):
        session.device.streams.close(handle)


def _arguments(args, variable, options):
    # (host, port, local port) of `[-l <local port>] <host> <port> [<local port>]`.
    local = None
    if options and args[0] == b"-l":
        local = integer(args[1], 0, 65535)
        args = args[2:]
    elif args[0][:1] == b"-":
        raise CommandError(errors.UNKNOWN_OPTION)
    if len(args) < 2:
        raise CommandError(errors.TOO_FEW)
    if len(args) > (2 if options else 3):
        raise CommandError(errors.TOO_MANY)
    port = integer(args[1], 1, 65535)
    if len(args) > 2:
        local = integer(args[2], 0, 65535)
    return args[0], port, variables.get(variable) if local is None else local


async def _client(session, kind, host, port, local, ca=None):
    from firmware.net import clients  # as much code as all else here

    try:
        handle, _ = await clients.open_client(
            session.device, log, variables.get, kind, host, port, local, None, ca
        )
    except streams.NoHandle:
        raise CommandError(errors.FAILED, b"No free stream")
    except clients.OpenFailed:
        raise CommandError(errors.FAILED)
    finally:
        forget("firmware.net.clients")
    return b"%d" % handle


@command(b"tcp_client", b"tcpc", 2, 4)
def tcp_client(session, args):
    """tcp_client [-l <local port>] <host> <port>
    Open a TCP connection; the network is brought up first if need be. Prints the stream handle.
    """
    return _client(session, b"TCPC", *_arguments(args, b"tcp.client.local_port", True))


@command(b"tls_client", b"tlsc", 2, 5)
def tls_client(session, args):
    """tls_client [-l <local port>] <host> <port> [<ca cert>]
    Open a TLS connection, as tcp_client does a TCP connection. The server must be signed by a
    certificate of <ca cert>, which stands in for network.tls.ca_cert. Prints the stream handle.
    """
    make_room()  # what TLS loads is more than all commands
    last = 4 if args[0] == b"-l" else 2
    ca = args[last] if len(args) > last else None
    args = _arguments(args[:last], b"tcp.client.local_port", True)
    return _client(session, b"TLSC", *args, ca)


@command(b"udp_client", b"udpc", 2, 3)
def udp_client(session, args):
    """udp_client <host> <port> [<local port>]
    Open a UDP stream; the network is brought up first if need be. Prints the stream handle. Each
    stream_write is one datagram, of 1472 bytes at most.
    """
    return _client(session, b"UDPC", *_arguments(args, b"udp.client.local_port", False))


@command(b"stream_list", b"list")
def stream_list(session, args):
    """stream_list
    List the open streams: handle, type, and what they are connected to.
    """
    lines = [b"! # Type  Info"]
    for handle, stream in session.device.streams.open():
        lines.append(b"# %d %-5s %s" % (handle, stream.kind, stream.describe()))
    return lines


@command(b"stream_poll", b"poll", 1, 1)
def stream_poll(session, args):
    """stream_poll <handle> | all
    Print 0 when no data waits, 1 when data can be read, 2 when the other side has closed; with
    `all` a line of handle and state for each open stream.
    """
    table = session.device.streams
    if args[0] == b"all":
        return b"\r\n".join([b"%d,%d" % (h, stream.poll()) for h, stream in table.open()])
    handle = integer(args[0], 0, streams.MAX_STREAMS - 1)
    try:
        return b"%d" % table.get(handle).poll()
    except KeyError:
        if table.gone(handle):  # it was closed before the host could ask
            return b"%d" % streams.CLOSED
        raise CommandError(errors.FAILED)


@command(b"stream_read", b"read", 2, 2)
def stream_read(session, args):
    """stream_read <handle> <size>
    Print at most <size> bytes of what has arrived, without waiting for more.
    """
    handle, stream = _open(session, args[0])
    size = integer(args[1], 1, _MAX_READ)
    data = _read(stream, size) if stream.most is None else stream.read(size)
    _auto_close(session, handle, stream)
    return data


def _read(stream, size):
    # What has arrived, as bytes, or in parts. Where memory runs out between two of them, the rest
    # waits for the next read.
    data = stream.read(min(size, _PART))
    if len(data) < _PART or size == _PART:
        return data
    parts = [b""] * ((size + _PART - 1) // _PART)
    at = 0
    try:
        from firmware.console.listing import Parts

        while data:
            parts[at] = data
            at += 1
            size -= len(data)
            data = len(data) == _PART and size and stream.read(min(size, _PART))
    except MemoryError:
        pass
    return Parts(parts)


@command(b"stream_write", b"write", 2, 2)
async def stream_write(session, args):
    """stream_write <handle> <size>
    Send the <size> bytes that follow the command line.
    """
    size = integer(args[1], 1, _MAX_WRITE)
    whole = failure = None
    try:
        _, stream = _open(session, args[0])
        if stream.most is not None:  # one datagram, which is sent when it is complete
            if size > stream.most:
                raise CommandError(errors.BOUNDS)
            whole = bytearray(size)
    except CommandError as e:
        failure = e  # the host sends the data in any case: they are not commands
    at = 0

    async def sink(data):
        nonlocal at, failure
        if failure:
            return
        if whole is not None:
            whole[at : at + len(data)] = data
            at += len(data)
            if at < size:
                return
            data = whole
        try:
            await stream.write(data)
        except OSError:
            failure = CommandError(errors.FAILED)

    await session.read_data(size, sink)
    if failure:
        raise failure


@command(b"stream_close", b"close", 1, 1)
def stream_close(session, args):
    """stream_close <handle> | all
    Close a stream, or all of them.
    """
    table = session.device.streams
    if args[0] == b"all":
        table.close_all()
        return
    handle, _ = _open(session, args[0])
    log.line(log.STATUS, b"Closing: %d" % handle)
    table.close(handle)


@command(b"exit", b"exit")
def exit_(session, args):
    """exit
    Return from command mode to stream mode.
    """
    if not session.leave:
        raise CommandError(errors.FAILED, b"Not in stream mode")
    session.leave()
