"""The DHCP client of a board by itself: its packets, its times, and what it does with nonsense."""

import socket
import struct

import pytest

from airwire.lan import dhcp

MAC = bytes.fromhex("246f28aabb02")
SERVER, IP, ROUTER = "10.0.0.1", "10.0.0.100", "10.0.0.254"


def fields(message):
    """op, transaction, ciaddr and the options of a client's message."""
    assert message[:4] == b"\x01\x01\x06\x00" and message[28:34] == MAC
    assert message[236:240] == b"\x63\x82\x53\x63"
    options, at = {}, 240
    while message[at] != 255:
        options[message[at]] = message[at + 2 : at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return message[4:8], socket.inet_ntoa(message[12:16]), options


def answer(to, kind, *, ip=IP, lease=100, server=SERVER, mac=MAC, transaction=None, more=b""):
    transaction = transaction or to[4:8]
    head = b"\x02\x01\x06\0" + transaction + bytes(8) + socket.inet_aton(ip) + bytes(8)
    options = bytes((53, 1, kind, 51, 4)) + struct.pack("!I", lease)
    options += bytes((54, 4)) + socket.inet_aton(server) if server else b""
    options += bytes((1, 4, 255, 255, 255, 0, 3, 8)) + socket.inet_aton(ROUTER) + bytes(4)
    return head + mac + bytes(202) + b"\x63\x82\x53\x63" + options + more + b"\xff"


@pytest.fixture
def bound():
    """A client that has a lease of 100 s since time 0."""
    client = dhcp.Client(MAC)
    ((discover, _),) = client.start(b"sensor", 0.0)
    ((request, _),) = client.received(answer(discover, dhcp.OFFER), 0.0)
    assert client.received(answer(request, dhcp.ACK), 0.0) == []
    return client


def test_a_lease():
    client = dhcp.Client(MAC)
    ((discover, server),) = client.start(b"sensor", 0.0)
    assert server is None and client.asking
    _, ciaddr, options = fields(discover)
    assert ciaddr == "0.0.0.0" and options[53] == b"\x01" and options[12] == b"sensor"
    assert options[61] == b"\x01" + MAC and options[55] == b"\x01\x03\x06"
    ((request, server),) = client.received(answer(discover, dhcp.OFFER), 0.1)
    _, ciaddr, options = fields(request)
    assert server is None and ciaddr == "0.0.0.0" and options[53] == b"\x03"
    assert options[50] == socket.inet_aton(IP) and options[54] == socket.inet_aton(SERVER)
    assert client.lease is None
    assert client.received(answer(request, dhcp.ACK), 0.2) == []
    assert not client.asking
    wanted = dhcp.Lease(IP, "255.255.255.0", ROUTER, "0.0.0.0", SERVER, 50.0, 87.5, 100.0)
    assert client.lease == wanted
    assert client.due == pytest.approx(50.1)  # from when it asked


def test_silence_is_asked_again_ever_later():
    client = dhcp.Client(MAC)
    client.start(b"", 0.0)
    times = []
    while len(times) < 7:
        times.append(client.due)
        assert client.tick(client.due - 0.01) == []
        ((message, server),) = client.tick(client.due)
        assert fields(message)[2][53] == b"\x01" and server is None
    assert times == [2, 6, 14, 30, 62, 122, 182]


def test_a_server_that_makes_an_offer_and_is_silent_then_is_left():
    client = dhcp.Client(MAC)
    ((discover, _),) = client.start(b"", 0.0)
    client.received(answer(discover, dhcp.OFFER), 0.0)
    kinds = []
    while not kinds or kinds[-1] == 3:
        ((message, _),) = client.tick(client.due)
        kinds.append(fields(message)[2][53][0])
    assert kinds == [3, 3, 3, 3, 1]


def test_it_is_renewed_by_its_server(bound):
    ((request, server),) = bound.tick(bound.due)
    _, ciaddr, options = fields(request)
    assert server == SERVER and ciaddr == IP and 50 not in options and 54 not in options
    assert bound.asking and bound.lease
    bound.received(answer(request, dhcp.ACK, lease=200), 51.0)
    assert not bound.asking and bound.due == 150.0


def test_then_by_any_server_and_then_lost(bound):
    bound.tick(bound.due)
    assert bound.due == 87.5
    ((request, server),) = bound.tick(bound.due)
    assert server is None and fields(request)[1] == IP
    assert bound.due == 100.0
    ((discover, _),) = bound.tick(bound.due)
    assert fields(discover)[2][53] == b"\x01" and bound.lease is None


def test_a_refusal_starts_again(bound):
    ((request, _),) = bound.tick(bound.due)
    ((discover, _),) = bound.received(answer(request, dhcp.NAK, ip="0.0.0.0"), 50.0)
    assert fields(discover)[2][53] == b"\x01" and bound.lease is None


def test_times_that_the_server_gives():
    client = dhcp.Client(MAC)
    ((discover, _),) = client.start(b"", 0.0)
    more = bytes((58, 4, 0, 0, 0, 2, 59, 4, 0, 0, 0, 4))
    ((request, _),) = client.received(answer(discover, dhcp.OFFER, more=more), 0.0)
    client.received(answer(request, dhcp.ACK, more=more), 0.0)
    assert (client.lease.renew, client.lease.rebind) == (2.0, 4.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"mac": b"\1\2\3\4\5\6"},
        {"transaction": b"\0\0\0\0"},
        {"server": ""},
        {"ip": "0.0.0.0"},
        {"more": b"\x0c\x09cut"},
    ],
)
def test_what_is_not_for_us_is_nothing(changes):
    client = dhcp.Client(MAC)
    ((discover, _),) = client.start(b"", 0.0)
    assert client.received(answer(discover, dhcp.OFFER, **changes), 0.0) == []


def test_nonsense_is_nothing(rng, counts):
    client = dhcp.Client(MAC)
    for _ in range(counts(300, 10_000)):
        ((discover, _),) = client.start(b"", 0.0)
        packet = bytearray(answer(discover, dhcp.OFFER))
        for _ in range(rng.randrange(1, 20)):
            packet[rng.randrange(len(packet))] = rng.randrange(256)
        client.received(bytes(packet[: rng.randrange(len(packet) + 1)]), 0.0)
        assert client.lease is None
