# The mDNS responder that has its names: what it answers whom, when, and what it says at its end.
from checks import raises
from mdns_link import ADDRESS, HTTP, INSTANCE, PEER, Link, names, only
from messages import AAAA, ANY, NSEC, PTR, SRV, TXT, A, message, question, record, wire

from wire import mdns, mdns_records

QU = 0x8001
RESPONSE = 0x8400
FLUSH = 0x8001
HAS_A = wire(b"box.local") + b"\0\1\x40"
ALL = b"_services._dns-sd._udp.local"
HOUR = 3_600_000


def ask(link, *questions, **more):
    """What is said to the asker alone, and what is multicast within a second, with its delay."""
    begun = link.now
    replies = link.tell(message(questions, **more))
    return replies, [(time - begun, said) for time, _, said in link.run(1000)]


def test_address_byte_for_byte():
    link = Link()
    box = link.started(b"box")
    query = message([question(b"box.local")])
    link.buf[: len(query)] = query
    link.now += HOUR
    assert box.process(link.buf, len(query), PEER, link.now) == 0
    assert box.wait(link.now) == 0
    size = box.poll(link.now, link.buf)
    said = b"\0\0\x84\0\0\0\0\1\0\0\0\1\x03box\x05local\0\0\1\x80\1\0\0\0\x78\0\4" + ADDRESS
    said += b"\xc0\x0c\0\x2f\x80\1\0\0\0\x78\0\5\xc0\x0c\0\1\x40"
    assert bytes(link.buf[:size]) == said
    assert box.wait(link.now) is None and box.poll(link.now, link.buf) == 0


def test_unique_names_are_answered_at_once_and_shared_ones_later():
    link = Link()
    link.started(b"box", [HTTP])
    link.now += HOUR
    for names_asked, least, most in (
        ([question(b"BOX.local")], 0, 0),
        ([question(INSTANCE, SRV), question(b"box.local", ANY)], 0, 0),
        ([question(b"_http._tcp.local", PTR)], 20, 120),
        ([question(b"box.local"), question(b"_http._tcp.local", PTR)], 20, 120),
        ([question(b"box.local"), question(b"other.local")], 20, 120),
    ):
        replies, said = ask(link, *names_asked)
        delay, said = only(said)
        assert not replies and least <= delay <= most and said.flags == RESPONSE
        assert said.ident == 0 and not said.questions
        link.now += HOUR


def test_services():
    link = Link()
    link.started(b"box", [HTTP], ttl=300)
    link.now += HOUR
    srv = (INSTANCE, SRV, FLUSH, 300, b"\0\0\0\0\0\x50box.local")
    txt = (INSTANCE, TXT, FLUSH, 4500, b"\x06path=/")
    pointer = (b"_http._tcp.local", PTR, 1, 4500, INSTANCE)
    address = (b"box.local", A, FLUSH, 300, ADDRESS)
    for name, kind, answers, extra in (
        (b"_http._tcp.local", PTR, [pointer], [address, srv, txt]),
        (ALL, PTR, [(ALL, PTR, 1, 4500, b"_http._tcp.local")], []),
        (INSTANCE, SRV, [srv], [address]),
        (INSTANCE, TXT, [txt], []),
        (INSTANCE, ANY, [srv, txt], [address]),
        (b"box.local", A, [address], []),
        (b"box.local", ANY, [address], []),
        (
            b"5.0.0.10.in-addr.arpa",
            PTR,
            [(b"5.0.0.10.in-addr.arpa", PTR, 1, 300, b"box.local")],
            [address],
        ),
    ):
        _, said = ask(link, question(name, kind))
        said = only(said)[1]
        assert said.answers == answers
        assert [r for r in said.extra if r[1] != NSEC] == extra
        link.now += HOUR


def test_kinds_that_a_name_has_not():
    link = Link()
    link.started(b"box", [HTTP])
    link.now += HOUR
    _, said = ask(link, question(b"box.local", AAAA))
    end = said[0][1].answers[0][4][-3:]
    assert names(only(said)[1].answers) == [(b"box.local", NSEC)] and end == b"\0\1\x40"
    _, said = ask(link, question(INSTANCE, A))
    end = said[0][1].answers[0][4][-7:]
    assert names(only(said)[1].answers) == [(INSTANCE, NSEC)] and end == b"\0\5\0\0\x80\0\x40"
    # Of a name that others may have too, nobody can say what it has not.
    assert ask(link, question(b"_http._tcp.local", A)) == ([], [])


def test_silence():
    link = Link()
    link.started(b"box", [HTTP])
    link.now += HOUR
    for query in (
        message([question(b"other.local")]),
        message([question(b"box.local", A, 3)]),
        message([question(b"box")]),
        message([question(b"box.local.x")]),
        message([question(b"box.local")], flags=0x0800),  # another operation
        message([question(b"box.local")], flags=0x0003),  # a code
        message([question(b"box.local")], flags=0x8000),  # a response
        message([question(b"box.local")])[:-1],
        message([question(b"a.local")])[:5] + b"\2" + bytes(6) + question(b"box.local"),
        message([b"\xc0\x0c\0\1\0\1"]),
        message([b"\x03box\xc0\x0c\0\1\0\1"]),
        b"",
        bytes(11),
    ):
        assert link.tell(query) == [] and link.run(1000) == [], query


def test_several_services():
    link = Link()
    services = [
        (b"_http._tcp", b"one.two", 80, []),
        (b"_http._tcp", b"three", 81, [b"a", b"b=c"]),
        (b"_telnet._tcp", b"one.two", 23, []),
        (b"_x._udp", b"y", 65535, []),
        (b"_z._udp", b"\xc3\xa9", 1, []),
    ]
    assert len(services) == mdns_records.MAX_SERVICES
    link.started(b"box", services)
    link.now += HOUR
    _, said = ask(link, question(b"_http._tcp.local", PTR))
    said = only(said)[1]
    instances = [b"one\\.two._http._tcp.local", b"three._http._tcp.local"]
    assert [r[4] for r in said.answers] == instances
    assert [r[4] for r in said.extra if r[1] == TXT] == [b"\0", b"\x01a\x03b=c"]
    assert [r[4][4:6] for r in said.extra if r[1] == SRV] == [b"\0\x50", b"\0\x51"]
    _, said = ask(link, question(ALL, PTR))
    types = [r[4] for r in only(said)[1].answers]
    assert types == [
        b"_http._tcp.local",
        b"_telnet._tcp.local",
        b"_x._udp.local",
        b"_z._udp.local",
    ]
    _, said = ask(link, question(b"\xc3\xa9._z._udp.local", SRV))
    assert only(said)[1].answers[0][4] == b"\0\0\0\0\0\x01box.local"


def test_to_the_asker_alone():
    link = Link()
    link.started(b"box", [HTTP])
    # Somebody asks for it who has just come, and all others have heard it lately.
    replies, said = ask(link, question(b"box.local", A, QU))
    assert not said and names(only(replies).answers) == [(b"box.local", A)]
    assert replies[0].answers[0][2] == FLUSH and replies[0].ident == 0
    # A quarter of its time later all are to hear it again.
    link.now += 30_000
    replies, said = ask(link, question(b"box.local", A, QU), question(INSTANCE, TXT, QU))
    assert names(only(replies).answers) == [(INSTANCE, TXT)]
    assert names(only(said)[1].answers) == [(b"box.local", A)]
    # Both ways at once: the way to all serves both.
    link.now += 5000
    replies, said = ask(link, question(b"box.local", A, QU), question(b"box.local"))
    assert not replies and len(said) == 1


def test_ordinary_resolvers():
    link = Link()
    link.started(b"box", [HTTP])
    query = message([question(INSTANCE, SRV)], ident=77, flags=0x0100)
    reply = only(link.tell(query, ("10.0.0.9", 40000)))
    assert reply.buf[12 : len(query)] == query[12:]
    assert reply.ident == 77 and reply.flags == RESPONSE and len(reply.questions) == 1
    assert reply.answers == [(INSTANCE, SRV, 1, 10, b"\0\0\0\0\0\x50box.local")]
    assert (b"box.local", A, 1, 10, ADDRESS) in reply.extra
    browse = message([question(b"_http._tcp.local", PTR)])
    reply = only(link.tell(browse, ("10.0.0.9", 40000)))
    assert names(reply.extra)[0] == (b"box.local", A)
    assert b"\0\0\0\0\0\x50\x03box\x05local\0" in reply.buf  # no pointer there
    assert all(r[2] == 1 and r[3] <= 10 for r in reply.extra)
    assert link.run(1000) == []
    ours = question(b"box.local")
    for asked in ([question(b"other.local")], [ours, ours], [b"\x01x\xc0\x0c\0\1\0\1", ours]):
        assert link.tell(message(asked), ("10.0.0.9", 40000)) == []


def test_known_answers():
    link = Link()
    link.started(b"box", [HTTP])
    pointer = record(b"_http._tcp.local", PTR, wire(INSTANCE), 2250)
    host = record(b"BOX.local", A, ADDRESS, 60, FLUSH)
    srv = record(INSTANCE, SRV, b"\0\0\0\0\0\x50" + wire(b"Box.LOCAL"), 60)
    txt = record(INSTANCE, TXT, b"\x06path=/", 4500)
    cases = (
        (question(b"_http._tcp.local", PTR), [pointer], True),
        (question(b"box.local"), [record(b"x.local", A, ADDRESS), host], True),
        (question(INSTANCE, ANY), [txt, srv], True),
        (question(INSTANCE, ANY), [txt], False),
        (question(b"_http._tcp.local", PTR), [host, txt, srv], False),
        # Less than half of its time is left.
        (question(b"_http._tcp.local", PTR), [pointer.replace(b"\x08\xca", b"\x08\xc9")], False),
        # Not quite ours.
        (question(b"box.local"), [record(b"box.local", A, b"\x0a\0\0\6")], False),
        (question(b"box.local"), [record(b"box.local", A, ADDRESS + b"\0")], False),
        (question(b"box.local"), [record(b"box.local", A, b"\x0a\0\0")], False),
        (question(INSTANCE, TXT), [record(INSTANCE, TXT, b"\x06path=", 4500)], False),
        (question(INSTANCE, TXT), [record(INSTANCE, TXT, b"\x06path=x", 4500)], False),
        (question(INSTANCE, SRV), [srv.replace(b"\0\x50", b"\0\x51")], False),
        (question(INSTANCE, SRV), [srv.replace(b"Box", b"Bax")], False),
    )
    for asked, known, silent in cases:
        link.now += HOUR
        replies, said = ask(link, asked, answers=known)
        assert not replies and len(said) == (0 if silent else 1), (asked, known)
    # The same way for one who asks for himself.
    link.run(1000)
    query = message([question(b"box.local", A, QU)], [host])
    assert link.tell(query) == [] == link.run(1000)


def test_known_answers_that_come_later():
    link = Link()
    link.started(b"box", [HTTP])
    asked = [question(b"_http._tcp.local", PTR), question(b"box.local")]
    pointer = message([], [record(b"_http._tcp.local", PTR, wire(INSTANCE), 4500)])
    host = record(b"box.local", A, ADDRESS)
    truncated = message(asked, flags=0x0200)
    link.now += HOUR
    _, said = ask(link, *asked, flags=0x0200)
    delay, said = only(said)
    assert 400 <= delay <= 500 and len(said.answers) == 2
    for sender, left in ((PEER, 1), (("10.0.0.8", 5353), 2)):
        link.now += HOUR
        link.tell(truncated)
        link.run(100)
        link.tell(pointer, sender)
        said = only(link.run(1000))[2]
        assert len(said.answers) == left
    delays = set()
    for _ in range(20):
        link.now += HOUR
        delays.add(ask(link, *asked, flags=0x0200)[1][0][0])
    assert len(delays) > 5
    # All of it: nothing is left to say.
    link.now += HOUR
    link.tell(message(asked, [host], flags=0x0200))
    link.tell(pointer)
    assert link.run(1000) == []
    # A second asker does not make the first one's answer wait.
    link.now += HOUR
    link.tell(truncated)
    link.run(100)
    begun = link.now
    link.tell(message([question(INSTANCE, TXT)], flags=0x0200), ("10.0.0.8", 5353))
    assert [time - begun < 100 for time, _, _ in link.run(1500)] == [True, False]


def test_no_record_twice_within_a_second():
    link = Link()
    link.started(b"box")
    link.now += HOUR
    begun = link.now
    for _ in range(40):
        link.tell(message([question(b"box.local")]))
        link.run(100)
    assert [time - begun for time, _, _ in link.run(2000) or link.sent] == [
        0,
        1000,
        2000,
        3000,
        4000,
    ]
    # Who probes for the name has to hear of us before he is done: 250 ms.
    link.now += HOUR
    del link.sent[:]
    begun = link.now
    probe = message(
        [question(b"box.local", ANY)], authorities=[record(b"box.local", A, b"\1\2\3\4")]
    )
    for _ in range(10):
        link.tell(probe)
        link.run(100)
    assert [time - begun for time, _, _ in link.sent] == [0, 250, 500, 750, 1000]


def test_what_comes_along_was_not_said_within_a_second():
    link = Link()
    link.started(b"box", [HTTP])
    link.now += HOUR
    link.tell(message([question(b"box.local")]))
    link.run(300)
    link.tell(message([question(b"_http._tcp.local", PTR)]))
    said = link.run(500)[-1][2]
    assert names(said.extra) == [(INSTANCE, SRV), (INSTANCE, TXT)]


def test_data_that_end_with_the_buffer():
    for kind in (A, SRV, TXT, PTR):
        name = b"box.local" if kind == A else INSTANCE if kind != PTR else b"_http._tcp.local"
        for size in range(8):
            known = record(
                name, kind, b"\0\0\0\0\0\x50\x03"[:size] if kind == SRV else bytes(size)
            )
            query = bytearray(message([question(name, kind)], [known]))
            link = Link()
            box = link.started(b"box", [HTTP])
            link.now += HOUR
            assert box.process(query, len(query), PEER, link.now) == 0
            reply = bytearray(message([], [known], flags=RESPONSE))
            assert box.process(reply, len(reply), PEER, link.now) == 0


def test_a_weak_copy_is_made_good():
    link = Link()
    link.started(b"box")
    link.now += HOUR
    link.tell(message([], [record(b"box.local", A, ADDRESS, 60, FLUSH)], flags=RESPONSE))
    assert link.run(2000) == []
    link.tell(message([], [record(b"box.local", A, ADDRESS, 59, FLUSH)], flags=RESPONSE))
    assert names(only(link.run(2000))[2].answers) == [(b"box.local", A)]
    link.now += HOUR
    link.tell(message([], [record(b"box.local", A, ADDRESS, 0, FLUSH)], flags=RESPONSE))
    assert len(link.run(2000)) == 1


def test_goodbye():
    link = Link()
    box = link.started(b"box", [HTTP])
    box.stop(link.now)
    assert not box.established
    said = only(link.run(1000))[2]
    assert {r[3] for r in said.answers} == {0} and not said.extra
    assert (b"box.local", A, FLUSH, 0, ADDRESS) in said.answers
    assert (b"_http._tcp.local", PTR, 1, 0, INSTANCE) in said.answers
    assert box.wait(link.now) is None
    assert ask(link, question(b"box.local")) == ([], [])
    box.stop(link.now)
    assert box.wait(link.now) is None
    # Who has never said anything has nothing to take back.
    box = Link().board()
    box.stop(0)
    assert box.wait(0) is None and box.poll(0, bytearray(512)) == 0
    never = mdns.Responder(b"never")
    query = message([question(b"never.local")])
    assert never.wait(0) is None and never.process(bytearray(query), len(query), PEER, 0) == 0


def test_a_small_buffer_takes_several_messages():
    services = [(b"_http._tcp", b"%d" % i * 20, 80, [b"x" * 100]) for i in range(5)]
    link = Link()
    link.buf = bytearray(512)
    box = link.started(b"box", services)
    link.now += HOUR
    for expected in (5, 5):
        link.tell(
            message(
                [
                    question(b"_http._tcp.local", PTR),
                    question(b"1" * 20 + b"._http._tcp.local", TXT),
                ]
            )
        )
        said = link.run(1000)
        assert sum(len([r for r in m.answers if r[1] == PTR]) for _, _, m in said) == expected
        link.now += HOUR
    box.stop(link.now)
    said = [r for _, _, m in link.run(1000) for r in m.answers]
    assert len(said) == len(set(said)) == 3 + 1 + 5 * 4 and {r[3] for r in said} == {0}


def test_time_that_wraps():
    link = Link(now=(1 << 30) - 1500)
    link.board(b"box")
    said = link.run(4000)
    assert [len(m.questions) for _, _, m in said] == [1, 1, 1, 0, 0]
    link.tell(message([question(b"box.local")]))
    link.tell(message([question(b"box.local")]))
    assert len(link.run(3000)) == 1


def test_arguments():
    respond = mdns.Responder
    for name in (b"", b"a..b", b"a" * 64, b".".join([b"a" * 62] * 5)):
        raises(ValueError, respond, name)
    for service in (
        (b"", b"i", 80, []),
        (b"_x." + b"a" * 62, b"i", 80, []),
        (b"_x._tcp", b"", 80, []),
        (b"_x._tcp", b"i" * 64, 80, []),
        (b"_x._tcp", b"i", 80, [b"x" * 256]),
        (b"_x._tcp", b"i", 80, [b"x" * 250] * 4),
    ):
        raises(ValueError, respond, b"a", [service])
    raises(ValueError, respond, b"a" * 60 + (b"." + b"a" * 60) * 3)
    raises(ValueError, respond, b"a", [(b"_x._tcp", b"%d" % i, 1, []) for i in range(6)])
    for ttl in (-1, 0, 86401):
        raises(ValueError, respond, b"a", (), ttl)
    raises(ValueError, respond(b"a").start, b"\1\2\3", 0, 0)
