"""The DHCP server among strangers: whatever they send it raises nothing, and no client loses its
lease by it; and whatever its own clients do, no two of them have one address.

CPython only, as all *_fuzz.py.
"""

import dhcp_client as client
import pytest
from dhcp_client import address, ask, mac, message, option, server
from hypothesis import given
from hypothesis import strategies as st

from wire import dhcp

CLIENTS = 8  # of a pool of twelve: strangers find addresses too
OWNERS = [mac(n) for n in range(CLIENTS)]
STRANGERS = st.integers(1000, 1015).map(mac)
ADDRESSES = st.one_of(
    st.integers(0, 20).map(address),
    st.sampled_from([client.NONE, dhcp.BROADCAST, bytes((192, 168, 0, 2))]),
    st.binary(min_size=4, max_size=4),
)
OPTIONS = st.lists(
    st.one_of(
        st.tuples(st.just(53), st.integers(0, 9).map(lambda kind: bytes((kind,)))),
        st.tuples(st.sampled_from([50, 54]), ADDRESSES),
        st.tuples(st.just(54), st.just(client.SERVER)),
        st.tuples(st.just(52), st.integers(0, 4).map(lambda value: bytes((value,)))),
        st.tuples(st.just(61), st.binary(max_size=20)),
        st.tuples(st.integers(0, 255), st.binary(max_size=255)),
    ).map(lambda one: option(*one)),
    max_size=8,
).map(b"".join)


def joined():
    """A server with its clients, and what it must still have at the end."""
    dut = server()
    for n, who in enumerate(OWNERS):
        assert client.join(dut, who, ident=b"client %d" % n) == address(2 + n)
    return dut, dut.save(0)


def unharmed(dut, saved, now=0):
    kept = dut.save(now)
    assert kept[: len(saved)] == saved  # the strangers' leases come behind them
    assert (len(kept) - len(saved)) // 11 <= client.POOL - CLIENTS
    for n, who in enumerate(OWNERS):
        renewal = message(client.REQUEST, who, ciaddr=address(2 + n), ident=b"client %d" % n)
        ack = ask(dut, renewal, now)
        assert ack.kind == client.ACK


def give(dut, data, now=0):
    """A datagram of a stranger: a reply has the right form, and no address of an owner."""
    reply = ask(dut, data, now)
    if reply is not None and reply.yiaddr != client.NONE:
        assert client.FIRST <= reply.yiaddr <= address(13)
        assert reply.yiaddr > address(1 + CLIENTS)


@given(st.binary(max_size=600))
def test_any_bytes(data):
    dut, saved = joined()
    give(dut, data)
    unharmed(dut, saved)


@given(STRANGERS, ADDRESSES, st.binary(max_size=128), st.binary(max_size=64), OPTIONS, st.binary())
def test_any_options_of_a_stranger(who, ciaddr, file, sname, raw, rest):
    data = bytearray(message(0, who, ciaddr=ciaddr, raw=raw + rest, least=0))
    data[44 : 44 + len(sname)] = sname
    data[108 : 108 + len(file)] = file
    dut, saved = joined()
    for now in (0, 1):
        give(dut, bytes(data), now)
    unharmed(dut, saved)


def test_ten_thousand_packets_at_one_server(counts, rng):
    # Messages of all kinds with some of their bytes changed. What an owner says counts, so nobody
    # has an owner's hardware address and no identifier; the clock goes on.
    dut, saved = joined()
    packets = counts(1000, 10_000)
    known = [client.NONE, client.SERVER, *(address(n) for n in range(16))]
    for n in range(packets):
        options = {
            name: rng.choice(known) if name != "ident" else rng.randbytes(rng.randrange(24))
            for name in rng.sample(("asked", "server", "ident"), rng.randrange(4))
        }
        data = bytearray(
            message(
                rng.randrange(1, 9),
                mac(rng.randrange(1000, 1030)),
                ciaddr=rng.choice(known),
                flags=rng.choice((0, 0x80)),
                **options,
            )
        )
        for _ in range(rng.choice((0, 0, 1, 2, 8))):
            data[rng.choice((rng.randrange(len(data)), rng.randrange(240, 280)))] = rng.choice(
                (0, 255, 53, 61, rng.randrange(256))
            )
        if data[28:34] in OWNERS:
            data[28] ^= 0x40
        if rng.random() < 0.1:
            del data[rng.randrange(len(data)) :]
        now = n * (client.LEASE - 1) // packets
        give(dut, bytes(data), now)
        assert dut.save(now)[: len(saved)] == saved
    assert 0 < dut.dropped < packets and dut.exhausted
    unharmed(dut, saved, now)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 5),  # who
        st.sampled_from(["join", "discover", "reboot", "renew", "release", "decline", "cut"]),
        st.integers(2, 6),  # the address that it says, where it has none
        st.sampled_from([0, 1, 69, 70, 599, 1800, 3599, 3600]),  # seconds since the step before
    ),
    max_size=40,
)


@given(STEPS)
def test_what_clients_believe_agrees_with_the_table(steps):
    """Each client keeps what it was given and until when. What it may still use is leased to it
    and to nobody else, whatever others do and through cuts of power.
    """
    dut, now, have = server(count=4), 0, {}
    saved = dut.save(0)
    for n, step, last, seconds in steps:
        now += seconds
        have = {who: (ip, until) for who, (ip, until) in have.items() if until > now}
        who, wanted = mac(n), address(last)
        mine = have.get(who, (wanted, 0))[0]
        reply = None
        if step == "discover":
            offer = ask(dut, message(client.DISCOVER, who, asked=wanted), now)
            taken = {ip for other, (ip, _) in have.items() if other != who}
            assert offer is None or offer.yiaddr not in taken
            assert who not in have or offer.yiaddr == mine
        elif step == "join":
            offer = ask(dut, message(client.DISCOVER, who), now)
            if offer:
                request = message(client.REQUEST, who, asked=offer.yiaddr, server=client.SERVER)
                reply = ask(dut, request, now)
                assert reply.kind == client.ACK
        elif step == "reboot":
            reply = ask(dut, message(client.REQUEST, who, asked=mine), now)
        elif step == "renew":
            reply = ask(dut, message(client.REQUEST, who, ciaddr=mine), now)
        elif step == "cut":  # of the module's power: the leases are those that were saved
            dut = server(count=4)
            dut.load(saved, now)
        else:
            kind, said = client.RELEASE, {"ciaddr": mine}
            if step == "decline":
                kind, said = client.DECLINE, {"asked": mine}
            ask(dut, message(kind, who, server=client.SERVER, **said), now)
            have.pop(who, None)
        if reply and reply.kind == client.ACK:
            have[who] = (reply.yiaddr, now + client.LEASE)
        elif reply:
            assert who not in have  # who has a lease keeps it
        if dut.changed:
            saved = dut.save(now)
        leased = client.leased(dut, now)
        assert len(set(leased.values())) == len(leased)
        for who, (ip, _) in have.items():
            assert leased[ip] == who


@given(st.binary(max_size=80))
def test_any_bytes_are_loaded_or_left_out(data):
    for saved in (data, client.FIRST + data):
        dut = server()
        dut.load(saved, 7)
        assert len(list(dut.leases(7))) <= min(client.POOL, max(0, len(saved) - 4) // 11)
        again = server()
        again.load(dut.save(7), 7)
        assert list(again.leases(7)) == list(dut.leases(7))
        assert client.ask(dut, message(client.DISCOVER, mac(1)), 7) is not None


@pytest.mark.parametrize("size", range(548, 600, 17))
def test_a_reply_stays_in_the_buffer(size):
    sent = message(client.DISCOVER, mac(1))
    buf = bytearray(sent + bytes(size - len(sent)))
    longest = dhcp.Server(
        client.SERVER, client.MASK, client.FIRST, 1, 60, client.SERVER, client.SERVER,
        b"d" * 63, b"p" * 195,
    )  # fmt: skip
    assert longest.process(buf, len(sent), None, 0) <= dhcp.MAX_MESSAGE
    assert len(buf) == size
