"""Names to addresses: several name servers, all the ways in which they misbehave, what is kept of
their answers, and consoles that are served meanwhile.
"""

import socket
import struct
import time
from contextlib import contextmanager

import pytest

from host_tests.board.name_servers import (
    TO_QUESTION,
    NameServer,
    alias,
    asked,
    host,
    reply,
    silent,
    table,
    wire,
)

pytestmark = pytest.mark.needs("air", "uart1")

# Milliseconds: long enough for an answer on a busy machine.
ENOUGH = 5000
# For those that say nothing.
SHORT = 300


@contextmanager
def asking(board, *serve, timeout=ENOUGH, retries=0):
    """The board asks name servers with these behaviours, one or two; gives its console, which
    shows the log, and them.
    """
    shift = board.board.status()["port_shift"]
    servers = [NameServer(shift, one) for one in serve]
    console = board.machine(print_level=2)
    second = servers[1].address if len(servers) > 1 else "0.0.0.0"
    board.configure(
        console,
        network_dhcp_enabled=0,
        static_ip="127.0.0.77",
        static_netmask="255.0.0.0",
        static_gateway="127.0.1.9",
        static_dns=servers[0].address,
        network_dns_secondary=second,
        network_dns_timeout=timeout,
        network_dns_retries=retries,
    )
    board.join(console)
    try:
        for server in servers:
            server.__enter__()
        yield console, *servers
    finally:
        for server in servers:
            server.__exit__()


def failed(console, name, why):
    reply = console.run(f"network_lookup {name}")
    assert (reply.code, reply.text.decode()) == (1, why)


def test_lookup(board):
    """The network is brought up for it; an address needs no server."""
    console = board.machine(print_level=2)
    board.configure(console, wlan_ssid=board.wifi[0], wlan_passkey=board.wifi[1])
    assert console.ok("network_lookup host.airwire") == "127.0.0.1"
    assert console.ok("nlo 10.1.2.3") == "10.1.2.3"
    failed(console, "nobody.airwire", "Name not found")
    for name in (
        "a..b",
        "b.-a.example",
        "a-.example",
        '"a b"',
        "999.1.1.1",
        "1.2.3",
        "a!",
        "x" * 64,
    ):
        failed(console, name, "Not a name")
    assert console.run("nlo -x").code == 6
    assert console.run("network_lookup").code == 4


def test_aliases(board):
    def serve(query, say):
        name = asked(query)
        if name == "all.example":  # all of the chain in one answer
            say(reply(query, alias("b.example"), host("10.0.0.1", wire("b.example"))))
        elif name == "parts.example":  # each link in an answer of its own
            say(reply(query, alias("next.example")))
        elif name == "next.example":
            say(reply(query, alias("last.example"), alias("other.example", wire("x.example"))))
        elif name == "last.example":
            say(reply(query, host("10.0.0.2")))
        elif name == "circle.example":
            say(reply(query, alias("round.example")))
        elif name == "round.example":
            say(reply(query, alias("circle.example")))

    with asking(board, serve) as (console, server):
        assert console.ok("nlo all.example") == "10.0.0.1"
        assert console.ok("nlo parts.example") == "10.0.0.2"
        assert server.count() == 4
        failed(console, "circle.example", "Too many aliases")
        assert server.count() == 9


def test_answers_of_others(board):
    """Wrong id or question, another address or port, nonsense: passed over for the true one."""
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 0))

    def serve(query, say):
        ident = struct.pack(">H", struct.unpack_from(">H", query)[0] ^ 1)
        false = reply(query, host("10.6.6.6"))
        say(reply(query, host("10.6.6.6"), ident=ident))
        say(false, other)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
            port.bind((server.address, 0))
            say(false, port)
        say(b"")
        say(query)
        say(false[:12] + wire("other.example") + b"\0\1\0\1" + host("10.6.6.6"))
        say(reply(query, host("10.0.0.3")))

    with other, asking(board, serve) as (console, server):
        assert console.ok("nlo true.example") == "10.0.0.3"
        assert server.count() == 1


def test_late_answers(board):
    """What answers an earlier question is too late; each is asked again as often as set."""
    queries = []

    def serve(query, say):
        queries.append(query)
        if len(queries) > 1:
            say(reply(queries[0], host("10.6.6.6")))
        if len(queries) == 3:
            say(reply(query, host("10.0.0.4")))

    with asking(board, serve, timeout=SHORT, retries=2) as (console, server):
        assert console.ok("nlo late.example") == "10.0.0.4"
        assert len({query[:2] for query in queries}) == len(queries) == 3


@pytest.mark.parametrize(
    "serve, why",
    [
        (silent, "No answer from the name server"),
        (lambda query, say: say(reply(query, flags=0x8182)), "Server failure"),
        (lambda query, say: say(reply(query, flags=0x8185)), "Server failure"),
        (
            lambda query, say: say(reply(query, host("10.6.6.6"), flags=0x8380)),
            "The name server's answer is too long",
        ),
        (lambda query, say: say(reply(query, host("10.6.6.6"))[:-2]), "Server failure"),
        (lambda query, say: say(reply(query, b"\xc0\x2d")), "Server failure"),
    ],
    ids=["silent", "failure", "refused", "truncated", "cut off", "loop"],
)
def test_the_second_server(board, serve, why):
    """Whoever is silent, or cannot say, is not asked again before the other; a name that does not
    exist is the last word of either.
    """
    with asking(board, serve, table(good_example="10.0.0.5"), timeout=SHORT) as names:
        console, first, second = names
        assert console.ok("nlo good.example") == "10.0.0.5"
        assert (first.count(), second.count()) == (1, 1)
        failed(console, "bad.example", "Name not found")
        second.serve = serve
        failed(console, "sad.example", why)
        first.serve = table()
        failed(console, "mad.example", "Name not found")
        assert first.count() == 3


def test_retries(board):
    with asking(board, silent, silent, timeout=100, retries=1) as (console, first, second):
        failed(console, "good.example", "No answer from the name server")
        assert (first.count(), second.count()) == (2, 2)


def test_who_cannot_say_is_not_asked_again(board):
    def refuse(query, say):
        say(reply(query, flags=0x8185))

    with asking(board, refuse, silent, timeout=100, retries=2) as (console, first, second):
        failed(console, "good.example", "No answer from the name server")
        assert (first.count(), second.count()) == (1, 3)
        second.serve = refuse
        failed(console, "good.example", "Server failure")
        assert (first.count(), second.count()) == (1, 1)


def test_cache(board):
    """An answer is kept for its time; eight of them; those of another network are not."""
    counts = {}

    def serve(query, say):
        name = asked(query)
        counts[name] = counts.get(name, 0) + 1
        ttl = {"zero.example": 0, "one.example": 1}.get(name, 60)
        first = alias("edge.example", ttl=ttl) if name == "short.example" else b""
        owner = wire("edge.example") if first else TO_QUESTION
        records = [part for part in (first, host(f"10.0.0.{counts[name]}", owner, ttl)) if part]
        say(reply(query, *records))

    with asking(board, serve) as (console, server):
        for name, second in (("long.example", 1), ("LONG.Example.", 1), ("short.example", 1)):
            console.ok(f"nlo {name}")
            assert console.ok(f"nlo {name}") == f"10.0.0.{second}", name
        assert console.ok("nlo zero.example") == "10.0.0.1"
        assert console.ok("nlo zero.example") == "10.0.0.2"
        console.ok("nlo one.example")
        end = time.monotonic() + 20
        while console.ok("nlo one.example") == "10.0.0.1":
            assert time.monotonic() < end, "kept for ever"
        for n in range(8):
            console.ok(f"nlo n{n}.example")
        assert console.ok("nlo long.example") == "10.0.0.2", "gave way"
        assert console.ok("nlo n7.example") == "10.0.0.1"
        board.configure(console, wlan_ssid="airwire-open", wlan_passkey="")
        console.ok("network_up")
        assert console.ok("nlo n7.example") == "10.0.0.2"


def test_the_consoles_are_served_meanwhile(board):
    """While a name server is silent, the other console answers within a tenth of a second."""
    with asking(board, silent, timeout=2000, retries=0) as (console, server):
        usb = board.uart0.machine()
        console.send(b"network_lookup good.example\r\n")
        assert server.names.get(timeout=10) == "good.example"
        times = []
        for _ in range(20):
            start = time.monotonic()
            usb.ok("get wlan.ssid")
            times.append(time.monotonic() - start)
        server.serve = table(good_example="10.0.0.7")
        assert console.reply().code == 1, "it was silent all the time"
        assert sorted(times)[-1] < 0.1, times
