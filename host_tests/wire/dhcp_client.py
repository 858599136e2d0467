# What the tests of the DHCP server share: a client's messages, put together from figure 1 and
# table 5 of RFC 2131, and a reader of replies that takes nothing from the server's code. Runs on
# CPython and on MicroPython.

from wire import dhcp

SERVER = bytes((10, 10, 10, 1))
MASK = bytes((255, 255, 255, 0))
FIRST = bytes((10, 10, 10, 2))
POOL = 12
LEASE = 3600
DOMAIN = b"airwire.local"
PORTAL = b"https://10.10.10.1/portal"
NONE = bytes(4)

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)

# Codes of options: what a client may say, and what a server of ours says.
ASKED, OVERLOAD, KIND, SERVER_ID, WISHES, CLIENT_ID = 50, 52, 53, 54, 55, 61
TOLD = {1: MASK, 3: SERVER, 6: SERVER, 15: DOMAIN, 114: PORTAL}
TIMES = {51: 3600, 58: 1800, 59: 3150}


def server(count=POOL, seconds=LEASE):
    return dhcp.Server(SERVER, MASK, FIRST, count, seconds, SERVER, SERVER, DOMAIN, PORTAL)


def address(n):
    return bytes((10, 10, 10, n))


def mac(n):
    return bytes((2, 0, 0, 0, n >> 8, n & 0xFF))


def option(code, value):
    return bytes((code, len(value))) + value


def message(kind, who, ciaddr=NONE, flags=0, least=300, giaddr=NONE, raw=None, **options):
    """A client's message. `who` is a hardware address; options are given as asked=, server=,
    ident= (bytes); `raw` are all the bytes after the cookie, if they are to be others.
    """
    if raw is None:
        raw = option(KIND, bytes((kind,)))
        for code, name in ((CLIENT_ID, "ident"), (ASKED, "asked"), (SERVER_ID, "server")):
            if name in options:
                raw += option(code, options[name])
        raw += option(WISHES, b"\x01\x03\x06\x0f\x72") + b"\xff"
    head = b"\x01\x01\x06\x00" + b"XID" + who[5:] + b"\x00\x07" + bytes((flags, 0))
    head += ciaddr + NONE + NONE + giaddr + who + bytes(10)
    data = head + bytes(192) + b"\x63\x82\x53\x63" + raw
    return data + bytes(max(0, least - len(data)))


class Reply:
    """What the server answered to `sent`: `kind`, `yiaddr`, `options` ({code: value}), `to`."""

    def __init__(self, data, sent, to):
        assert 300 <= len(data) <= 548
        assert data[:4] == b"\x02\x01\x06\x00"
        assert data[4:8] == sent[4:8]  # xid
        assert data[8:10] == b"\0\0"
        assert data[10:12] == sent[10:12]  # flags
        assert data[20:28] == bytes(8)  # siaddr, giaddr
        assert data[28:44] == sent[28:44]  # chaddr
        assert data[44:236] == bytes(192)  # sname, file
        assert data[236:240] == b"\x63\x82\x53\x63"
        self.ciaddr = data[12:16]
        self.yiaddr = data[16:20]
        self.to = to
        self.options = {}
        at = 240
        while data[at] != 255:
            assert data[at] not in self.options
            value = data[at + 2 : at + 2 + data[at + 1]]
            assert len(value) == data[at + 1]
            self.options[data[at]] = value
            at += 2 + len(value)
        assert data[at + 1 :] == bytes(len(data) - at - 1)
        self.kind = self.options.pop(KIND)[0]
        assert self.options.pop(SERVER_ID) == SERVER
        if self.kind == NAK:
            assert not self.options
            assert self.ciaddr == self.yiaddr == NONE
            assert to == dhcp.BROADCAST
            return
        told = {code: self.options.pop(code) for code in TOLD}
        assert told == TOLD
        times = {code: int_of(value) for code, value in self.options.items()}
        assert times == (TIMES if self.yiaddr != NONE else {})


def int_of(value):
    number = 0
    for byte in value:
        number = number << 8 | byte
    return number


def ask(server, sent, now=0):
    """Give the server a message; its Reply, or None."""
    buf = bytearray(sent)
    buf.extend(b"\xa5" * max(0, 600 - len(sent)))  # what an earlier datagram left there
    size = server.process(buf, len(sent), None, now)
    return Reply(bytes(buf[:size]), sent, server.to) if size else None


def join(server, who, now=0, **options):
    """Discover and request as most clients do: the address, or None."""
    offer = ask(server, message(DISCOVER, who, **options), now)
    if offer is None:
        return None
    assert offer.kind == OFFER and offer.to == dhcp.BROADCAST
    options.update({"asked": offer.yiaddr, "server": SERVER})
    ack = ask(server, message(REQUEST, who, **options), now)
    assert ack.kind == ACK and ack.yiaddr == offer.yiaddr and ack.to == dhcp.BROADCAST
    return ack.yiaddr


def leased(server, now=0):
    """{address: hardware address} of the leases."""
    return {ip: hardware for ip, hardware, _ in server.leases(now)}
