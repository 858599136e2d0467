# The mDNS responder and others who want its names: probes, ties, new names.
from mdns_link import ADDRESS, HTTP, INSTANCE, START, Link, names, only
from messages import AAAA, ANY, NSEC, PTR, SRV, TXT, A, message, question, record, wire

LOWER = b"\x0a\x00\x00\x04"
HIGHER = b"\x0a\x00\x00\x06"
RESPONSE = 0x8400


def theirs(*records):
    return message([], records, flags=RESPONSE)


def probe(name, *records):
    return message([question(name, ANY, 0x8001)], authorities=records)


def test_a_start():
    for seed in range(20):
        link = Link()
        box = link.board(b"box", [HTTP], seed=seed)
        said = link.run(START)
        times = [time for time, _, _ in said]
        assert 0 <= times[0] < 250
        assert [time - times[0] for time in times] == [0, 250, 500, 750, 1750]
        for _, _, m in said[:3]:
            assert m.flags == 0 and not m.answers
            assert m.questions == [(b"box.local", ANY, 0x8001), (INSTANCE, ANY, 0x8001)]
            assert m.authorities == [
                (b"box.local", A, 1, 120, ADDRESS),
                (INSTANCE, SRV, 1, 120, b"\0\0\0\0\0\x50box.local"),
                (INSTANCE, TXT, 1, 4500, b"\x06path=/"),
            ]
        for _, _, m in said[3:]:
            assert m.flags == RESPONSE and not m.questions
            assert names(m.answers) == [
                (b"box.local", A),
                (b"box.local", NSEC),
                (b"5.0.0.10.in-addr.arpa", PTR),
                (b"_http._tcp.local", PTR),
                (INSTANCE, SRV),
                (INSTANCE, TXT),
                (INSTANCE, NSEC),
                (b"_services._dns-sd._udp.local", PTR),
            ]
            unique = [record[2] == 0x8001 for record in m.answers]
            assert unique == [True, True, False, False, True, True, True, False]
        assert box.name == b"box" and box.established
    assert len({Link().board(seed=641 * i).wait(0) for i in range(100)}) > 50


def test_nothing_is_answered_before_the_name_is_ours():
    link = Link()
    box = link.board(b"box")
    while not box.established:
        assert link.tell(message([question(b"box.local", A, 0x8001)])) == []
        assert all(m.questions for _, _, m in link.run(10)) or box.established


def test_who_has_the_name_keeps_it():
    for at in (0, 100, 300, 600, 740):
        for rival in (
            record(b"BOX.local", A, HIGHER, 120, 0x8001),
            record(b"box.local", A, LOWER, 1),
            record(b"box.local", AAAA, bytes(16)),
        ):
            link = Link()
            box = link.board(b"box", [HTTP])
            link.run(at)
            link.tell(theirs(record(b"x.local", A, HIGHER), rival))
            assert box.name == b"box-2" and not box.established
            link.run(START)
            assert box.established
            last = link.sent[-1][2].answers
            assert (b"box-2.local", A) in names(last)
            assert (INSTANCE, SRV, 0x8001, 120, b"\0\0\0\0\0\x50box-2.local") in last


def test_an_instance_gets_a_number_of_its_own():
    link = Link()
    box = link.board(b"box", [HTTP])
    link.tell(theirs(record(INSTANCE, SRV, b"\0\0\0\0\0\x50" + wire(b"other.local"))))
    link.run(START)
    assert box.name == b"box"
    assert (b"My Module-2._http._tcp.local", SRV) in names(link.sent[-1][2].answers)


def test_instances_of_ours_with_one_name():
    link = Link()
    services = [(b"_x._udp", b"a", 1, []), (b"_x._udp", b"a", 2, []), (b"_x._udp", b"a-3", 3, [])]
    link.board(b"box", services)
    link.tell(theirs(record(b"a-2._x._udp.local", TXT, b"\x01x")))
    link.run(START)
    said = [(r[0], r[4][5]) for r in link.sent[-1][2].answers if r[1] == SRV]
    ends = [(b"a._x._udp.local", 1), (b"a-4._x._udp.local", 2), (b"a-3._x._udp.local", 3)]
    assert said == ends


def test_what_is_no_conflict():
    link = Link()
    box = link.board(b"box", [HTTP])
    for said in (
        record(b"box.local", A, ADDRESS),  # ourselves, as the link gives it back
        record(b"box.local", A, HIGHER, 0),  # a goodbye
        record(b"box.local", A, HIGHER, 120, 3),
        record(b"box.local", NSEC, wire(b"box.local") + b"\0\1\x40"),
        record(b"_http._tcp.local", PTR, wire(b"Other._http._tcp.local")),
        record(b"5.0.0.10.in-addr.arpa", PTR, wire(b"other.local")),
        record(b"box2.local", A, HIGHER),
        record(INSTANCE, SRV, b"\0\0\0\0\0\x50" + wire(b"BOX.local")),
    ):
        link.tell(theirs(said))
        assert box.name == b"box"
    link.tell(theirs(record(b"box.local", A, HIGHER)), ("10.0.0.9", 40000))  # from somewhere else
    link.tell(theirs(record(b"box.local", A, HIGHER))[:-1])  # cut off
    link.run(START)
    assert box.established and box.name == b"box"


def test_many_names_are_taken():
    link = Link()
    box = link.board(b"box")
    for i in range(2, 16):
        link.tell(theirs(record(box.name + b".local", A, HIGHER)))
        assert box.name == b"box-%d" % i
        assert box.wait(link.now) < 250
    for _ in range(16, 20):  # the fifteenth within ten seconds, and on
        link.tell(theirs(record(box.name + b".local", A, HIGHER)))
        assert box.wait(link.now) == 5000
        link.run(1000)
    link.run(5000 + START)
    link.run(20_000)
    assert box.established
    # Later ones count anew.
    link.tell(theirs(record(box.name + b".local", A, HIGHER, 120, 0x8001)))
    assert box.wait(link.now) < 250


def test_long_names_are_cut():
    for name, expected in (
        (b"a" * 63, b"a" * 61 + b"-2"),
        (b"a" * 61, b"a" * 61 + b"-2"),
        (b"x." + b"a" * 62, b"x." + b"a" * 61 + b"-2"),
        (b"a" * 63 + b".x", b"a" * 63 + b".x-2"),
    ):
        link = Link()
        box = link.board(name)
        link.tell(theirs(record(name + b".local", A, HIGHER)))
        assert box.name == expected
    # A character of several bytes goes as one.
    link = Link()
    link.board(b"box", [(b"_x._udp", b"a" * 60 + b"\xe2\x82\xac", 1, [])])
    instance = b"a" * 60 + b"\xe2\x82\xac._x._udp.local"
    link.tell(theirs(record(instance, TXT, b"\x01x")))
    link.run(START)
    assert (b"a" * 60 + b"-2._x._udp.local", TXT) in names(link.sent[-1][2].answers)


def test_ties():
    # Who is lower in order waits a second and tries again; who is higher goes on.
    for records, waits in (
        ([record(b"box.local", A, HIGHER)], True),
        ([record(b"BOX.local", A, LOWER)], False),
        ([record(b"box.local", A, ADDRESS)], False),
        ([record(b"box.local", A, ADDRESS), record(b"box.local", AAAA, bytes(16))], True),
        ([record(b"box.local", AAAA, bytes(16)), record(b"box.local", A, LOWER)], False),
        ([record(b"box.local", AAAA, bytes(16))], True),
        ([record(b"box.local", A, LOWER, 120, 2)], True),
        ([record(b"x.local", A, HIGHER)], False),
        ([], False),
    ):
        link = Link()
        box = link.board(b"box")
        link.run(300)
        link.tell(probe(b"box.local", *records))
        assert (box.wait(link.now) == 1000) == waits, records
        assert box.name == b"box"
        link.run(1000 + START)
        assert box.established


def test_ties_of_instances():
    for port, text, waits in ((81, b"\x06path=/", True), (79, b"\x06path=/", False)):
        link = Link()
        box = link.board(b"box", [HTTP])
        srv = record(INSTANCE, SRV, b"\0\0\0\0\0" + bytes((port,)) + wire(b"box.local"))
        link.tell(probe(INSTANCE, srv, record(INSTANCE, TXT, text)))
        assert (box.wait(link.now) == 1000) == waits
    # Pointers are no part of the comparison: this is what we say ourselves.
    query = question(INSTANCE, ANY)
    local = 12 + query.index(b"\x05local")
    srv = record(INSTANCE, SRV, b"\0\0\0\0\0\x50\x03box\xc0" + bytes((local,)))
    link = Link()
    box = link.board(b"box", [HTTP])
    link.tell(message([query], authorities=[srv, record(INSTANCE, TXT, b"\x06path=/")]))
    assert box.wait(link.now) < 1000
    # What the asker knows is no part of it either.
    higher = record(b"box.local", A, HIGHER)
    link.tell(message([question(b"box.local", ANY)], [record(b"box.local", A, LOWER)], [higher]))
    assert box.wait(link.now) == 1000
    # The text comes first in order.
    srv = record(INSTANCE, SRV, b"\0\0\0\0\0\x4f" + wire(b"box.local"))
    link = Link()
    box = link.board(b"box", [HTTP])
    link.tell(probe(INSTANCE, srv, record(INSTANCE, TXT, b"\x07path=/a")))
    assert box.wait(link.now) == 1000


def test_a_name_that_is_ours_is_defended():
    link = Link()
    box = link.started(b"box")
    # Whoever probes hears of us, and so do all.
    for _ in range(2):
        assert link.tell(probe(b"box.local", record(b"box.local", A, HIGHER))) == []
        said = only(link.run(0))[2]
        assert said.answers == [(b"box.local", A, 0x8001, 120, ADDRESS)]
        link.run(60_000)
    # Who claims it without asking makes us ask, and gives way or has it.
    link.run(5000)
    link.tell(theirs(record(b"box.local", A, HIGHER, 120, 0x8001)))
    assert not box.established and box.name == b"box"
    said = link.run(START)
    assert box.established and box.name == b"box" and len(said) == 5
    link.tell(theirs(record(b"box.local", A, HIGHER, 120, 0x8001)))
    link.run(100)
    link.tell(theirs(record(b"box.local", A, HIGHER, 120, 0x8001)))
    assert box.name == b"box-2"


def test_two_boards_with_one_name():
    # At the same moment, nearly so, while the other announces, and when the other has it.
    for pause in (0, 1, 120, 250, 400, 700, 740, 800, 1100, 5000):
        for swapped in (False, True):
            for services in ((), [HTTP]):
                link = Link()
                addresses = (HIGHER, ADDRESS) if swapped else (ADDRESS, HIGHER)
                one = link.board(b"box", services, addresses[0], seed=pause + 1)
                link.run(pause)
                two = link.board(b"box", services, addresses[1], seed=7)
                link.run(10_000)
                assert one.established and two.established
                assert {one.name, two.name} == {b"box", b"box-2"}, (pause, swapped)
                instances = [{r[0] for r in m.answers if r[1] == SRV} for _, _, m in link.sent]
                if services:
                    assert {INSTANCE} in instances
                    assert {b"My Module-2._http._tcp.local"} in instances
                link.now += 60_000
                link.tell(message([question(b"box-2.local"), question(b"box.local")]))
                said = link.run(1000)
                assert len(said) == 2 and len({m.answers[0] for _, _, m in said}) == 2


def test_three_boards_with_one_name():
    link = Link()
    boards = [link.board(b"box", (), bytes((10, 0, 0, i)), seed=i) for i in range(3)]
    link.run(15_000)
    assert {board.name for board in boards} == {b"box", b"box-2", b"box-3"}


def test_two_links_become_one():
    link = Link()
    one = link.board(b"box", (), ADDRESS, seed=3)
    link.run(10_000)
    far = Link(link.now)
    two = far.board(b"box", (), HIGHER, seed=4)
    far.run(10_000)
    link.run(10_000)
    link.boards.append(two)
    link.run(1000)
    link.tell(message([question(b"box.local")]))
    link.run(20_000)
    assert {one.name, two.name} == {b"box", b"box-2"}
