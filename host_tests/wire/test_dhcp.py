# The DHCP server by RFC 2131: what each message does to the table, what is answered and to whom.
# The replies' form is looked at by dhcp_client.Reply. Runs on CPython and on MicroPython.

from binascii import crc32

from checks import raises
from dhcp_client import (
    ACK,
    DECLINE,
    DISCOVER,
    FIRST,
    INFORM,
    LEASE,
    MASK,
    NAK,
    NONE,
    OFFER,
    POOL,
    RELEASE,
    REQUEST,
    SERVER,
    address,
    ask,
    join,
    leased,
    mac,
    message,
    option,
    server,
)

from wire import dhcp

A, B = mac(1), mac(2)


def test_an_offer_byte_by_byte():
    sent = message(DISCOVER, A, flags=0x80)
    buf = bytearray(sent + b"\xee" * 300)
    dut = server()
    size = dut.process(buf, len(sent), ("0.0.0.0", 68), 5)
    expected = (
        b"\x02\x01\x06\x00XID\x01\x00\x00\x80\x00"
        + bytes(4)
        + b"\x0a\x0a\x0a\x02"
        + bytes(8)
        + b"\x02\0\0\0\0\x01"
        + bytes(10 + 192)
        + b"\x63\x82\x53\x63\x35\x01\x02\x36\x04\x0a\x0a\x0a\x01"
        + b"\x33\x04\x00\x00\x0e\x10\x3a\x04\x00\x00\x07\x08\x3b\x04\x00\x00\x0c\x4e"
        + b"\x01\x04\xff\xff\xff\x00\x03\x04\x0a\x0a\x0a\x01\x06\x04\x0a\x0a\x0a\x01"
        + b"\x0f\x0dairwire.local\x72\x19https://10.10.10.1/portal\xff"
    )
    assert bytes(buf[:size]) == expected
    assert dut.to == b"\xff\xff\xff\xff"
    assert not dut.changed and not leased(dut, 5)  # an offer is no lease


def test_a_short_reply_has_the_size_of_bootp():
    dut = dhcp.Server(SERVER, MASK, FIRST, 1, 60)
    sent = message(DISCOVER, A)
    buf = bytearray(sent + b"\xee" * 300)
    assert dut.process(buf, len(sent), None, 0) == 300
    told = bytes(buf[240 + 9 + 18 : 300])
    assert told == b"\x01\x04\xff\xff\xff\x00\xff" + bytes(26)


def test_a_lease_and_its_end():
    dut = server()
    assert join(dut, A, 10) == address(2)
    assert dut.changed
    assert list(dut.leases(10)) == [(address(2), A, LEASE)]
    assert list(dut.leases(10 + LEASE - 1)) == [(address(2), A, 1)]
    assert list(dut.leases(10 + LEASE)) == []


def test_asking_again_gives_the_same_address():
    dut = server()
    offers = [ask(dut, message(DISCOVER, A), now).yiaddr for now in (0, 0, 1, 3)]
    assert offers == [address(2)] * 4
    for now in (3, 3, 4):
        assert join(dut, A, now) == address(2)
    assert join(dut, B, 4) == address(3)
    assert len(leased(dut, 4)) == 2
    # A discovery of who has a lease leaves it as it is.
    ask(dut, message(DISCOVER, A), 3000)
    assert [left for _, _, left in dut.leases(3000)] == [4 + LEASE - 3000] * 2
    # The address is kept for the client after the end too, while others are free.
    assert join(dut, mac(3), 9000) == address(4)
    assert join(dut, A, 9001) == address(2)


def test_the_wish_for_an_address_is_granted():
    dut = server()
    assert join(dut, A, asked=address(9)) == address(9)
    assert join(dut, B, asked=address(9)) == address(2)  # taken
    assert join(dut, mac(3), asked=address(14)) == address(3)  # not of the pool
    assert join(dut, mac(4), asked=SERVER) == address(4)
    assert join(dut, mac(5), asked=bytes((10, 10, 11, 5))) == address(5)
    assert join(dut, A, asked=address(10)) == address(9)  # it has one


def test_a_client_is_its_identifier():
    dut = server()
    one, two = b"\xff\0\0\0\1\0\1", b"\xff\0\0\0\2\0\1"
    assert join(dut, A, ident=one) == address(2)
    assert join(dut, A, ident=two) == address(3)  # another client of the same interface
    assert join(dut, B, ident=one) == address(2)  # the same client on another one
    assert leased(dut) == {address(2): B, address(3): A}
    assert join(dut, A) == address(4)
    assert join(dut, A, ident=b"\x01" + A) == address(4)  # the usual one
    assert join(dut, A, ident=b"\x00" + A) == address(5)


def test_a_key_is_found_only_where_keys_are():
    dut = server()
    ident = b"the key of this one is in the hardware address of the other"
    other = b"\x02" + crc32(ident).to_bytes(4, "big") + b"\x01"
    assert join(dut, other) == address(2)
    assert join(dut, A, ident=ident) == address(3)
    assert join(dut, A, ident=ident) == address(3)


def test_thirteen_clients_for_twelve_addresses():
    dut = server()
    offers = [ask(dut, message(DISCOVER, mac(n))).yiaddr for n in range(1, 13)]
    assert sorted(offers) == [address(n) for n in range(2, 14)]
    assert ask(dut, message(DISCOVER, mac(13))) is None
    assert dut.exhausted == 1
    for n, offered in enumerate(offers, 1):
        ack = ask(dut, message(REQUEST, mac(n), asked=offered, server=SERVER))
        assert ack.kind == ACK and ack.yiaddr == offered
    assert ask(dut, message(DISCOVER, mac(13))) is None
    assert ask(dut, message(REQUEST, mac(13), asked=address(5))).kind == NAK
    assert dut.exhausted == 2 and len(leased(dut)) == POOL
    # Who has an address can go on, and who leaves makes room.
    assert join(dut, mac(7), 1) == offers[6]
    ask(dut, message(RELEASE, mac(7), ciaddr=offers[6], server=SERVER), 2)
    assert join(dut, mac(13), 3) == offers[6]
    assert join(dut, mac(7), 4) is None
    # After the end of the leases the one that ended first is given away first.
    assert join(dut, mac(20), LEASE + 2) == offers[0]


def test_an_offer_that_nobody_takes_is_taken_back():
    dut = server(count=1)
    assert ask(dut, message(DISCOVER, A), 0).kind == OFFER
    assert ask(dut, message(DISCOVER, B), 69) is None
    assert ask(dut, message(DISCOVER, B), 70).yiaddr == address(2)
    late = ask(dut, message(REQUEST, A, asked=address(2), server=SERVER), 71)
    assert late.kind == NAK
    assert not leased(dut, 71)


def test_selecting_another_server_gives_the_offer_back():
    dut = server(count=1)
    other = address(99)
    assert ask(dut, message(DISCOVER, A)).kind == OFFER
    assert ask(dut, message(REQUEST, B, asked=address(2), server=other)) is None
    assert ask(dut, message(DISCOVER, B)) is None  # B had no offer to give back
    assert ask(dut, message(REQUEST, A, asked=address(7), server=other)) is None
    assert join(dut, B) == address(2)
    # A lease is not an offer.
    assert ask(dut, message(REQUEST, B, asked=address(2), server=other)) is None
    assert leased(dut) == {address(2): B}
    assert dut.dropped == 0


def test_selecting_what_was_not_offered():
    dut = server()
    ask(dut, message(DISCOVER, A))
    assert ask(dut, message(REQUEST, A, asked=address(3), server=SERVER)).kind == NAK
    assert ask(dut, message(REQUEST, A, asked=address(200), server=SERVER)).kind == NAK
    assert ask(dut, message(REQUEST, A, asked=address(2), server=SERVER)).kind == ACK
    assert ask(dut, message(REQUEST, B, server=SERVER)) is None  # it does not say what
    assert dut.dropped == 1


def test_after_a_restart_of_the_client():
    dut = server()
    assert join(dut, A) == address(2)
    same = ask(dut, message(REQUEST, A, asked=address(2)), 50)
    assert same.kind == ACK and same.yiaddr == address(2) and same.to == dhcp.BROADCAST
    assert [left for _, _, left in dut.leases(50)] == [LEASE]
    # Of another client, of another network, outside the pool, or not the one that it has.
    for wrong in (address(2), bytes((192, 168, 1, 5)), address(100), SERVER):
        assert ask(dut, message(REQUEST, B, asked=wrong), 50).kind == NAK
    assert ask(dut, message(REQUEST, A, asked=address(5)), 50).kind == NAK
    # Forgotten here, but free: the network is ours alone.
    assert ask(dut, message(REQUEST, B, asked=address(7)), 50).yiaddr == address(7)
    assert leased(dut, 50) == {address(2): A, address(7): B}
    # Once its lease is over a client can move, and leaves nothing behind.
    moved = ask(dut, message(REQUEST, A, asked=address(5)), 50 + LEASE)
    assert moved.yiaddr == address(5)
    assert leased(dut, 50 + LEASE) == {address(5): A}
    assert join(dut, A, 50 + LEASE) == address(5)


def test_renewing_and_rebinding():
    dut = server()
    join(dut, A)
    dut.save(0)
    for now in (1800, 3150, 3151):
        for flags in (0, 0x80):
            ack = ask(dut, message(REQUEST, A, ciaddr=address(2), flags=flags), now)
            assert ack.kind == ACK and ack.yiaddr == ack.ciaddr == address(2)
            assert ack.to == address(2)
    assert [left for _, _, left in dut.leases(3151)] == [LEASE]
    assert not dut.changed  # a renewal is nothing that must be saved
    # Who has no right to it is told so, and all hear it: the client's address is not to be used.
    assert ask(dut, message(REQUEST, B, ciaddr=address(2)), 3200).kind == NAK
    assert ask(dut, message(REQUEST, B, ciaddr=address(77)), 3200).kind == NAK
    # A lease that was forgotten while the client used it, and one that is over.
    assert ask(dut, message(REQUEST, B, ciaddr=address(3)), 3200).to == address(3)
    assert ask(dut, message(REQUEST, A, ciaddr=address(2)), 9999).kind == ACK
    assert dut.changed


def test_an_address_in_use_is_left_alone():
    dut = server(count=2)
    assert join(dut, A) == address(2)
    dut.save(0)
    assert ask(dut, message(DECLINE, A, asked=address(2), server=SERVER), 1) is None
    assert dut.changed and not leased(dut, 1)
    assert ask(dut, message(REQUEST, A, asked=address(2)), 1).kind == NAK
    assert join(dut, A, 1) == address(3)
    assert join(dut, B, 600) is None
    assert join(dut, B, 601) == address(2)
    # Nobody declines for others, for other servers, or without saying what.
    assert ask(dut, message(DECLINE, A, asked=address(2), server=SERVER), 602) is None
    assert ask(dut, message(DECLINE, B, asked=address(2), server=address(99)), 602) is None
    assert ask(dut, message(DECLINE, B, asked=address(200), server=SERVER), 602) is None
    assert dut.dropped == 0
    assert ask(dut, message(DECLINE, B, server=SERVER), 602) is None
    assert dut.dropped == 1
    assert leased(dut, 602) == {address(2): B, address(3): A}


def test_a_release():
    dut = server()
    join(dut, A)
    join(dut, B)
    dut.save(0)
    for ciaddr, who in ((address(3), A), (NONE, A), (address(200), A), (address(2), B)):
        assert ask(dut, message(RELEASE, who, ciaddr=ciaddr, server=SERVER)) is None
    assert ask(dut, message(RELEASE, A, ciaddr=address(2), server=address(99))) is None
    assert leased(dut) == {address(2): A, address(3): B} and not dut.changed
    assert ask(dut, message(RELEASE, A, ciaddr=address(2), server=SERVER), 1) is None
    assert leased(dut, 1) == {address(3): B} and dut.changed
    assert join(dut, mac(3), 2) == address(4)  # who left may come back
    assert join(dut, A, 3) == address(2)


def test_informing():
    dut = server()
    told = ask(dut, message(INFORM, A, ciaddr=address(77)))
    assert told.kind == ACK and told.yiaddr == NONE and told.ciaddr == address(77)
    assert told.to == address(77)
    assert ask(dut, message(INFORM, A)).to == dhcp.BROADCAST
    assert ask(dut, message(INFORM, A, ciaddr=bytes((8, 8, 8, 8)))) is None
    assert not leased(dut) and not dut.changed


def test_leases_are_saved_and_loaded():
    dut = server()
    join(dut, A, asked=address(9))
    join(dut, B, ident=b"thing", now=100)
    ask(dut, message(DISCOVER, mac(3)), 100)
    saved = dut.save(200)
    assert isinstance(saved, bytes) and len(saved) == 4 + 2 * 11 and not dut.changed
    again = server()
    again.load(saved, 5)
    assert sorted(again.leases(5)) == [(address(2), B, LEASE), (address(9), A, LEASE)]
    assert again.save(5) == saved
    assert join(again, mac(3), 5) == address(3)
    assert join(again, A, 5) == address(9)
    assert join(again, B, 5, ident=b"thing") == address(2)
    assert ask(again, message(REQUEST, A, ciaddr=address(9)), 6).kind == ACK
    assert server().save(0) == FIRST


def test_what_cannot_be_loaded_is_left_out():
    dut = server()
    join(dut, A, asked=address(9))
    join(dut, B)
    saved = dut.save(0)
    small = server(count=3)
    small.load(saved, 0)
    assert leased(small) == {address(2): B}
    moved = dhcp.Server(SERVER, MASK, address(20), 12, LEASE)
    moved.load(saved, 0)
    assert not leased(moved)
    for size in range(len(saved)):
        cut = server()
        cut.load(saved[:size], 0)
        assert len(leased(cut)) == max(0, size - 4) // 11


def test_what_is_no_request_of_this_network_is_dropped():
    good = message(DISCOVER, A)
    bad = [good[:size] for size in range(243)]
    for at, byte in ((0, 2), (0, 0), (1, 6), (2, 0), (2, 16), (236, 0), (239, 0x64), (24, 10)):
        bad.append(good[:at] + bytes((byte,)) + good[at + 1 :])
    kind = option(53, b"\x01")
    for raw in (
        b"",
        b"\xff",
        b"\0" * 60,
        b"\xff" + kind,  # after the end
        option(53, b""),
        option(53, b"\x01\x01"),
        kind + option(50, b"\x0a\x0a\x0a"),
        kind + option(50, b"\x0a\x0a\x0a\x02\x02"),
        kind + option(54, b""),
        kind + option(61, b"\x01"),
        kind + option(52, b""),
        kind + b"\x0c",
        kind + b"\x0c\x05abcd",
        kind + b"\x0c\xff",
    ):
        bad.append(message(0, A, raw=raw, least=0))
    bad += [message(kind, A) for kind in (0, OFFER, ACK, NAK, 9, 255)]
    dut = server()
    for data in bad:
        assert ask(dut, good).kind == OFFER  # of which nothing counts for the next message
        assert ask(dut, data) is None, data
    assert dut.dropped == len(bad)
    assert dut.save(0) == FIRST


def test_options_that_end_with_the_buffer():
    for raw in (b"\x0c", b"\x0c\x01", option(53, b"\x01")[:2]):
        head = message(0, A, raw=b"", least=0)
        buf = bytearray(head + bytes(548 - len(head) - len(raw)) + raw)
        dut = server()
        assert dut.process(buf, 548, None, 0) == 0
        assert dut.dropped == 1


def test_options_as_they_may_come():
    pad = b"\0\0\0"
    long = option(12, b"x" * 255)
    asked = option(50, address(9))
    for n, raw in enumerate(
        (
            option(53, b"\x01") + asked,  # no end
            pad + asked + pad + option(53, b"\x01") + pad + b"\xff" + b"\x0c",
            long + option(53, b"\x01") + asked + b"\xff",
        )
    ):
        offer = ask(server(), message(0, mac(n), raw=raw, least=0))
        assert offer.kind == OFFER and offer.yiaddr == address(9), raw
    raw = long + b"\0" * 40 + option(53, b"\x01")
    assert ask(server(), message(0, A, raw=raw, least=0)).kind == OFFER


def test_options_go_on_in_file_and_sname():
    def overloaded(value, sname, file):
        data = bytearray(message(0, A, raw=option(53, b"\x01") + option(52, value)))
        data[44 : 44 + len(sname)] = sname
        data[108 : 108 + len(file)] = file
        return bytes(data)

    five, nine = option(50, address(5)) + b"\xff", option(50, address(9)) + b"\xff"
    for value, expected in ((b"\0", 2), (b"\1", 9), (b"\2", 5), (b"\3", 5)):
        assert ask(server(), overloaded(value, five, nine)).yiaddr == address(expected)
    cut = b"\x0c\xff"
    for value, answered in ((b"\0", True), (b"\1", False), (b"\2", True), (b"\3", False)):
        assert (ask(server(), overloaded(value, b"", cut)) is not None) is answered


def test_our_misuse():
    def made(own=1, mask=MASK, first=2, count=12, seconds=LEASE, **told):
        return dhcp.Server(address(own), mask, address(first), count, seconds, **told)

    made(own=14)
    made(first=243)
    made(mask=bytes((255, 255, 255, 240)))
    for options in (
        {"own": 2},
        {"own": 13},
        {"count": 0},
        {"count": -1},
        {"first": 244},
        {"first": 0},
        {"seconds": 0},
        {"seconds": dhcp.MAX_SECONDS + 1},
        {"mask": bytes((255, 255, 255, 248))},
        {"domain": b"x" * 256},
        {"domain": b"x" * 130, "portal": b"x" * 150},
    ):
        raises(ValueError, lambda options=options: made(**options))
    dut = made()
    raises(ValueError, dut.process, bytearray(547), 300, None, 0)
    raises(ValueError, dut.process, bytearray(548), 549, None, 0)
