# Who is where, by command: network_lookup.
from firmware.console import errors, log
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.net import sockets
from firmware.net.station import JoinError


@command(b"network_lookup", b"nlo", 1, 1)
async def network_lookup(session, args):
    """network_lookup <host>
    Print the address of a host; the network is brought up first if need be. Names that end with
    .local are asked of all hosts of the network first, by mDNS, all others of the name servers.
    """
    device = session.device
    try:
        await device.station.up()
        return (await device.resolve(args[0])).encode()
    except (OSError, JoinError, sockets.LookupFailed) as e:
        log.line(log.STATUS, sockets.reason(e))
        raise CommandError(errors.FAILED)
