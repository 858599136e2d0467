# Who is where, by command: network_lookup, mdns_discover.
import sys

from firmware import forget
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import sockets
from firmware.net.station import JoinError
from wire.quoting import quote


@command(b"network_lookup", b"nlo", 1, 1)
async def network_lookup(session, args):
    """network_lookup <host>
    Print the address of a host; the network is brought up first if need be. Names that end with
    .local are asked of all hosts of the network first, by mDNS, all others of the name servers.
    """
    if args[0][:1] == b"-":
        raise CommandError(errors.UNKNOWN_OPTION)
    device = session.device
    try:
        await device.station.up()
        return (await device.resolve(args[0])).encode()
    except (OSError, JoinError, sockets.LookupFailed) as e:
        raise CommandError(errors.FAILED, sockets.reason(e))


@command(b"mdns_discover", b"mdns", 0, 1)
async def mdns_discover(session, args):
    """mdns_discover [<type>]
    List the services in the network that are announced by mDNS, all or those of one type, such as
    http or _ntp._udp: type, address and port, host, name, and what else is said of them.
    """
    kinds = [_type(args[0])] if args else ()
    station = session.device.station
    try:
        await station.up()
        from firmware.net import browse

        found = await browse.browse(station, kinds)
    except (OSError, JoinError) as e:
        raise CommandError(errors.FAILED, sockets.reason(e))
    finally:
        forget("firmware.net.browse")
        forget("wire.mdns_browse")
        if "wire.mdns" not in sys.modules:
            forget("wire.dns")
    return lambda: _table(found)


def _type(text):
    # _http._tcp.local, of any of its forms: http, http.udp, _http._tcp.
    words = text.lower().split(b".")
    if words[-1] == b"local":
        words.pop()
    if len(words) == 1:
        words.append(b"tcp")
    if (
        len(words) != 2
        or not words[0].lstrip(b"_")
        or words[1].lstrip(b"_") not in (b"tcp", b"udp")
    ):
        raise CommandError(errors.BAD_ARGUMENT)
    return b"_%s._%s.local" % tuple([word.lstrip(b"_") for word in words])


def _table(found):
    yield b"! %d services found" % len(found)
    yield b"!  # Type            Address:Port          Host                 Name"
    for i in range(len(found)):
        kind, name, address, port, host, strings = found[i]
        if kind.lower().endswith(b".local"):
            kind = kind[:-6]
        where = b"%d.%d.%d.%d" % tuple(address) if address else b"-"
        row = b"# %2d %-15s %-21s %-20s %s" % (
            i,
            quote(kind),
            b"%s:%d" % (where, port),
            quote(host) if host else b"-",
            quote(name),
        )
        yield b" ".join([row] + [quote(string) for string in strings])
