# What udhcpc 1.35 (busybox), dhclient 4.4.3 (ISC) and dhcpcd 9.4.1 sent to this server over a veth
# pair, and how they took its answers; their own logs and hooks showed the address, the mask, the
# router, the name server, the domain, the three times and the portal. Their messages once more,
# with the answers that they were content with. Runs on CPython and on MicroPython.
#
# A message is (xid to ciaddr, options; kind of the answer or None, last byte of its yiaddr). What
# lay between was zero but for the hardware address. dhcpcd's vendor class is shortened: it named
# the machine.

from binascii import unhexlify

from dhcp_client import ACK, NAK, NONE, OFFER, address, ask, join, leased, mac, server

from wire import dhcp

CLIENT = mac(1)

UDHCPC = (
    # A first start.
    (
        "ee5b7d1e0000000000000000",
        (
            "3501013902024037070103060c0f1c2a0c057468696e673c0c756468637020312e33352e303d0701"
            "020000000001ff"
        ),
        OFFER,
        2,
    ),
    (
        "ee5b7d1e0000000000000000",
        (
            "35010332040a0a0a0236040a0a0a013902024037070103060c0f1c2a0c057468696e673c0c756468"
            "637020312e33352e303d0701020000000001ff"
        ),
        ACK,
        2,
    ),
    # A start with the wish for another address, and for broadcasts.
    (
        "40599c0f0000800000000000",
        (
            "35010132040a0a0a093902024037070103060c0f1c2a3c0c756468637020312e33352e303d070102"
            "0000000001ff"
        ),
        OFFER,
        2,
    ),
    (
        "40599c0f0000800000000000",
        (
            "35010332040a0a0a0236040a0a0a013902024037070103060c0f1c2a3c0c756468637020312e3335"
            "2e303d0701020000000001ff"
        ),
        ACK,
        2,
    ),
    # Told to renew (SIGUSR1). The answer came at once, before udhcpc listened for it; so it asks
    # once more, and all.
    (
        "40599c0f000000000a0a0a02",
        "3501033902024037070103060c0f1c2a3c0c756468637020312e33352e303d0701020000000001ff",
        ACK,
        2,
    ),
    (
        "40599c0f000300000a0a0a02",
        "3501033902024037070103060c0f1c2a3c0c756468637020312e33352e303d0701020000000001ff",
        ACK,
        2,
    ),
    # Told to end.
    (
        "a462bd3c000300000a0a0a02",
        "35010736040a0a0a013d0701020000000001ff",
        None,
        0,
    ),
)

DHCLIENT = (
    # A first start.
    (
        "4619974e0000000000000000",
        "35010137050103060f72ff",
        OFFER,
        2,
    ),
    (
        "4619974e0000000000000000",
        "35010336040a0a0a0132040a0a0a0237050103060f72ff",
        ACK,
        2,
    ),
    # Half of the lease is over.
    (
        "4619974e000000000a0a0a02",
        "35010337050103060f72ff",
        ACK,
        2,
    ),
    # A start with a lease in its file.
    (
        "ebc021110000000000000000",
        "35010332040a0a0a0237050103060f72ff",
        ACK,
        2,
    ),
    # The same, while another client has the address.
    (
        "7c8e49790000000000000000",
        "35010332040a0a0a0237050103060f72ff",
        NAK,
        0,
    ),
    (
        "51c54f350000000000000000",
        "35010137050103060f72ff",
        OFFER,
        3,
    ),
    (
        "51c54f350000000000000000",
        "35010336040a0a0a0132040a0a0a0337050103060f72ff",
        ACK,
        3,
    ),
    # dhclient -r
    (
        "e1fa163c000000000a0a0a03",
        "35010736040a0a0a01ff",
        None,
        0,
    ),
)

DHCPCD = (
    # A first start.
    (
        "1d2790cd0000000000000000",
        (
            "350101370a0103060f1c21333a3b72390205c03d13ff00000001000100013293f376020000000001"
            "3c126468637063642d392e342e313a4c696e75780c057468696e67910101ff"
        ),
        OFFER,
        2,
    ),
    (
        "1d2790cd0000000000000000",
        (
            "32040a0a0a0235010336040a0a0a01370a0103060f1c21333a3b72390205c03d13ff000000010001"
            "00013293f3760200000000013c126468637063642d392e342e313a4c696e75780c057468696e6791"
            "0101ff"
        ),
        ACK,
        2,
    ),
    # dhcpcd -n
    (
        "77cf81f9000000000a0a0a02",
        (
            "350103370a0103060f1c21333a3b72390205c03d13ff00000001000100013293f376020000000001"
            "3c126468637063642d392e342e313a4c696e75780c057468696e67910101ff"
        ),
        ACK,
        2,
    ),
    # dhcpcd -N
    (
        "52b15d31000400000a0a0a02",
        (
            "350103370a0103060f1c21333a3b72390205c03d13ff00000001000100013293f376020000000001"
            "3c126468637063642d392e342e313a4c696e75780c057468696e67910101ff"
        ),
        ACK,
        2,
    ),
    # dhcpcd -k
    (
        "e5c2720e000000000a0a0a02",
        "35010736040a0a0a013d13ff00000001000100013293f376020000000001ff",
        None,
        0,
    ),
    # A start while a host that was not seen has the address.
    (
        "bace18a50000000000000000",
        (
            "350101370a0103060f1c21333a3b72390205c03d13ff00000001000100013293f376020000000001"
            "3c126468637063642d392e342e313a4c696e75780c057468696e67910101ff"
        ),
        OFFER,
        2,
    ),
    (
        "bace18a50000000000000000",
        (
            "32040a0a0a0235010336040a0a0a01370a0103060f1c21333a3b72390205c03d13ff000000010001"
            "00013293f3760200000000013c126468637063642d392e342e313a4c696e75780c057468696e6791"
            "0101ff"
        ),
        ACK,
        2,
    ),
    # It claims it.
    (
        "bace18a50000000000000000",
        "32040a0a0a0235010436040a0a0a013d13ff00000001000100013293f376020000000001ff",
        None,
        0,
    ),
    (
        "d9936b050001000000000000",
        (
            "350101370a0103060f1c21333a3b72390205c03d13ff00000001000100013293f376020000000001"
            "3c126468637063642d392e342e313a4c696e75780c057468696e67910101ff"
        ),
        OFFER,
        3,
    ),
    (
        "d9936b050001000000000000",
        (
            "32040a0a0a0335010336040a0a0a01370a0103060f1c21333a3b72390205c03d13ff000000010001"
            "00013293f3760200000000013c126468637063642d392e342e313a4c696e75780c057468696e6791"
            "0101ff"
        ),
        ACK,
        3,
    ),
)

DHCPCD_STATIC = (
    # dhcpcd -s 10.10.10.77/24
    (
        "235b4dc2000500000a0a0a4d",
        "350108370501031c2133390205c03c126468637063642d392e342e313a4c696e7578910101ff",
        ACK,
        0,
    ),
)


def message(fields, options):
    data = b"\x01\x01\x06\x00" + unhexlify(fields) + bytes(12) + CLIENT + bytes(10 + 192)
    data += b"\x63\x82\x53\x63" + unhexlify(options)
    return data + bytes(max(0, 300 - len(data)))  # as all three do it


def play(dut, messages, now=0):
    for fields, options, kind, last in messages:
        sent = message(fields, options)
        reply = ask(dut, sent, now)
        if kind is None:
            assert reply is None
            continue
        assert reply.kind == kind
        assert reply.yiaddr == (address(last) if last else NONE)
        ciaddr = sent[12:16]
        assert reply.to == (dhcp.BROADCAST if ciaddr == NONE else ciaddr)
        now += 1
    assert dut.dropped == 0
    return now


def test_udhcpc():
    dut = server()
    now = play(dut, UDHCPC[:-1])
    assert leased(dut, now) == {address(2): CLIENT}
    play(dut, UDHCPC[-1:], now)
    assert not leased(dut, now)


def test_dhclient():
    dut = server()
    now = play(dut, DHCLIENT[:2])
    now = play(dut, DHCLIENT[2:4], now + 1800)
    assert list(dut.leases(now)) == [(address(2), CLIENT, 3599)]
    # The module has lost its leases, and has given the address to another client.
    dut = server()
    assert join(dut, mac(2)) == address(2)
    now = play(dut, DHCLIENT[4:7])
    assert leased(dut, now) == {address(2): mac(2), address(3): CLIENT}
    play(dut, DHCLIENT[7:], now)
    assert leased(dut, now) == {address(2): mac(2)}


def test_dhclient_after_a_power_cut_of_the_module():
    dut = server()
    play(dut, DHCLIENT[:2])
    saved = dut.save(2)
    for leases in (saved, b""):  # and where they could not be saved
        again = server()
        again.load(leases, 0)
        play(again, DHCLIENT[2:4], 1800)
        assert leased(again, 1800) == {address(2): CLIENT}


def test_dhcpcd():
    dut = server()
    now = play(dut, DHCPCD[:4])
    assert leased(dut, now) == {address(2): CLIENT}
    now = play(dut, DHCPCD[4:5], now)
    assert not leased(dut, now)
    now = play(dut, DHCPCD[5:], now)
    assert leased(dut, now) == {address(3): CLIENT}
    assert join(dut, mac(2), now) == address(4)  # 2 is not to be had


def test_dhcpcd_with_an_address_of_its_own():
    dut = server()
    play(dut, DHCPCD_STATIC)
    assert not leased(dut) and not dut.changed
