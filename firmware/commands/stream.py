# Streams by command: tcp_client, stream_list, stream_poll, stream_read, stream_write,
# stream_close.
import asyncio
import errno
import random

from micropython import const

from firmware.console import errors, log
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import resolver, sockets, streams
from firmware.net.station import JoinError
from firmware.store import variables

_MAX_READ = const(4096)  # one reply's worth of heap; a host reads on in a loop
_MAX_WRITE = const(
    65536
)  # bytes of one data phase: a wrong number must not swallow commands for long
# The stack picks a local port by itself but cannot tell it, and stream_list shows it: so it is
# picked here.
_FIRST_PORT = const(49152)  # RFC 6335: dynamic ports
_PORTS = const(16384)
_OTHER_PORTS = const(4)  # of 16,384 ports at most ten are ours: four misses in a row do not happen


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


@command(b"tcp_client", b"tcpc", 2, 4)
async def tcp_client(session, args):
    """tcp_client [-l <local port>] <host> <port>
    Open a TCP connection; the network is brought up first if need be. Prints the stream handle.
    """
    local = variables.get(b"tcp.client.local_port")
    if args[0] == b"-l":
        local = integer(args[1], 0, 65535)
        args = args[2:]
    elif args[0][:1] == b"-":
        raise CommandError(errors.UNKNOWN_OPTION)
    if len(args) < 2:
        raise CommandError(errors.TOO_FEW)
    if len(args) > 2:
        raise CommandError(errors.TOO_MANY)
    host = args[0]
    port = integer(args[1], 1, 65535)
    table = session.device.streams
    try:
        handle = table.reserve()
    except streams.NoHandle:
        raise CommandError(errors.FAILED, b"No free stream")
    stream = None
    try:
        stream = await _connect(session, host, port, local)
    finally:
        if stream is None:
            table.release(handle)
    table.put(handle, stream)
    return b"%d" % handle


async def _connect(session, host, port, local):
    device = session.device
    log.event(b"Opening: %s:%d" % (host, port))
    try:
        await device.station.up()
        ip = await device.resolve(host)
        attempts = variables.get(b"tcp.client.retries")
        busy = _OTHER_PORTS
        while True:
            used = local or _FIRST_PORT + random.getrandbits(14) % _PORTS
            try:
                sock = await sockets.connect(
                    ip, port, variables.get(b"tcp.client.connect_timeout"), used
                )
                return streams.Stream(b"TCPC", b"%s:%d (%d)" % (host, port, used), sock)
            except OSError as e:
                if e.errno == errno.EADDRINUSE and not local and busy:
                    busy -= 1
                    continue  # somebody has the port that was picked: take another
                if not attempts:
                    raise
            attempts -= 1
            await asyncio.sleep_ms(variables.get(b"tcp.client.retry_period"))
    except (OSError, JoinError, resolver.LookupFailed) as e:
        log.line(log.STATUS, sockets.reason(e))
        log.event(b"Open failed")
        raise CommandError(errors.FAILED)


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
    """stream_poll <handle>
    Print 0 when no data waits, 1 when data can be read, 2 when the other side has closed.
    """
    _, stream = _open(session, args[0])
    return b"%d" % stream.poll()


@command(b"stream_read", b"read", 2, 2)
def stream_read(session, args):
    """stream_read <handle> <size>
    Print at most <size> bytes of what has arrived, without waiting for more.
    """
    handle, stream = _open(session, args[0])
    data = stream.read(integer(args[1], 1, _MAX_READ))
    _auto_close(session, handle, stream)
    return data


@command(b"stream_write", b"write", 2, 2)
async def stream_write(session, args):
    """stream_write <handle> <size>
    Send the <size> bytes that follow the command line.
    """
    size = integer(args[1], 1, _MAX_WRITE)
    try:
        handle, stream = _open(session, args[0])
    except CommandError as e:
        await session.read_data(
            size, lambda data: None
        )  # the host sends them in any case: they are not commands
        raise e
    failed = False

    async def sink(data):
        nonlocal failed
        if not failed:
            try:
                await stream.write(data)
            except OSError:
                failed = True

    await session.read_data(size, sink)
    if failed:
        raise CommandError(errors.FAILED)


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
