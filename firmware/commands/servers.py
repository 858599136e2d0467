# The servers of streams by command: tcp_server, tls_server, udp_server. They are services, in
# files of these names there.
import asyncio
import sys

from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import sockets, station, streams

from .stream import integer


def _arguments(args):
    # (interface or b"default", verb, port or None) of `[-i <interface>] start|stop [<port>]`.
    interface = b"default"
    if args[0] == b"-i":
        if len(args) < 3:
            raise CommandError(errors.TOO_FEW)
        interface = args[1]
        args = args[2:]
    elif args[0][:1] == b"-":
        raise CommandError(errors.UNKNOWN_OPTION)
    if len(args) > 2:
        raise CommandError(errors.TOO_MANY)
    if args[0] not in (b"start", b"stop"):
        raise CommandError(errors.BAD_ARGUMENT)
    return interface, args[0], integer(args[1], 1, 65535) if len(args) > 1 else None


async def _end(device, name):
    device.stop(name)
    while name in device.services:
        await asyncio.sleep_ms(1)


async def _serve(session, args, name, file):
    interface, verb, port = _arguments(args)
    device = session.device
    module = sys.modules.get("firmware.services." + file)
    server = module and module.running
    if not server:  # one that would start by itself does not get in the way
        await _end(device, name)
    if verb == b"stop":
        if server is None or port not in (None, server.port):
            raise CommandError(errors.FAILED, b"No such server")
        server.shut()
        await _end(device, name)
        return
    if server:
        raise CommandError(errors.FAILED, b"The server is running on port %d" % server.port)
    device.claim()
    server = device.service(file).start(device)
    try:
        server.setup(interface, port or server.get(b"port"))
        await server.link.up()
        await server.open()
    except KeyError:
        server.shut()
        raise CommandError(errors.BAD_ARGUMENT, b"No such interface")
    except (OSError, station.JoinError, streams.NoHandle) as e:
        server.shut()
        words = None  # the log says why the network is not up
        if isinstance(e, OSError):
            words = sockets.reason(e)
        elif isinstance(e, streams.NoHandle):
            words = b"No free stream"
        raise CommandError(errors.FAILED, words)
    except:
        server.shut()
        raise
    device.start(name, server.run)


@command(b"tcp_server", b"tcps", 1, 4)
def tcp_server(session, args):
    """tcp_server [-i <interface>] start|stop [<port>]
    Start a TCP server, on the port of tcp.server.port unless told, or stop it with its streams.
    The network is brought up first if need be. Each client is a stream.
    """
    return _serve(session, args, "tcp server", "tcp_server")


@command(b"tls_server", b"tlss", 1, 4)
def tls_server(session, args):
    """tls_server [-i <interface>] start|stop [<port>]
    Start a TLS server, on the port of tcp.server.port unless told, or stop it with its streams.
    Its certificate is network.tls.server_cert. The network is brought up first if need be. Each
    client is a stream, once its handshake is done.
    """
    return _serve(session, args, "tls server", "tls_server")


@command(b"udp_server", b"udps", 1, 4)
def udp_server(session, args):
    """udp_server [-i <interface>] start|stop [<port>]
    Start a UDP server, on the port of udp.server.port unless told, or stop it. The network is
    brought up first if need be. One stream hears all clients, and answers the last.
    """
    return _serve(session, args, "udp server", "udp_server")
