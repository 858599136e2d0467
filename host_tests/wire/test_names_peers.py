"""The name services against codecs that we did not write: their questions are understood, our
answers are what they say. dnslib and scapy for all, python-zeroconf for mDNS.

CPython only, as all *_peers.py.
"""

import socket
import struct

import dnslib
import pytest
import zeroconf
from mdns_link import ADDRESS, HTTP, INSTANCE, PEER, Link
from scapy.layers import dns as scapy_dns
from scapy.layers import llmnr as scapy_llmnr
from scapy.layers import netbios as scapy_netbios

from wire import dns, dns_server, llmnr, netbios

TEXT = socket.inet_ntoa(ADDRESS)
HOUR = 3_600_000


def reply(server, datagram, room=512):
    buf = bytearray(datagram) + bytearray(room - len(datagram))
    return bytes(buf[: server.process(buf, len(datagram), ("10.0.0.9", 40000))])


# The soft-AP's DNS server


@pytest.mark.parametrize("name", ["setup.com", "WWW.setup.com", "a" * 63 + ".com"])
def test_dns_server_and_dnslib(name):
    server = dns_server.Server([b"setup.com"], ADDRESS, every=True)
    query = dnslib.DNSRecord.question(name)
    query.add_ar(dnslib.EDNS0(udp_len=1232))
    got = dnslib.DNSRecord.parse(reply(server, query.pack()))
    assert got.header.id == query.header.id and got.q == query.q
    assert (got.header.qr, got.header.aa, got.header.rcode) == (1, 1, 0)
    assert [(str(r.rname).rstrip("."), str(r.rdata), r.ttl) for r in got.rr] == [(name, TEXT, 60)]
    for kind, code in (("AAAA", 0), ("HTTPS", 0), ("AXFR", 5)):
        query = dnslib.DNSRecord.question(name, kind)
        got = dnslib.DNSRecord.parse(reply(server, query.pack()))
        assert got.header.rcode == code and not got.rr and got.q == query.q
    got = dnslib.DNSRecord.parse(reply(server, dnslib.DNSRecord.question("x.local").pack()))
    assert got.header.rcode == 3


def test_dns_server_and_scapy():
    server = dns_server.Server([b"setup.com"], ADDRESS)
    for name, code in ((b"setup.com.", 0), (b"example.com.", 5)):
        query = scapy_dns.DNS(id=9, rd=1, qd=[scapy_dns.DNSQR(qname=name)])
        got = scapy_dns.DNS(reply(server, bytes(query)))
        assert (got.id, got.qr, got.rcode, got.qd[0].qname) == (9, 1, code, name)
        assert [r.rdata for r in got.an] == ([TEXT] if code == 0 else [])


def test_dns_server_and_our_resolver():
    server = dns_server.Server([b"setup.com"], ADDRESS)
    answer = reply(server, dns.build_query(77, b"Setup.Com"))
    assert dns.parse_answer(answer, len(answer), 77, b"setup.com") == ([ADDRESS], 60)


# LLMNR and NetBIOS


def test_llmnr_and_scapy():
    box = llmnr.Responder(b"box", ADDRESS)
    query = scapy_llmnr.LLMNRQuery(id=5, qd=[scapy_dns.DNSQR(qname=b"box.")])
    got = scapy_llmnr.LLMNRResponse(reply(box, bytes(query)))
    assert (got.id, got.qr, got.c, got.tc, got.z, got.rcode) == (5, 1, 0, 0, 0, 0)
    assert [(r.rrname, r.rdata, r.ttl) for r in got.an] == [(b"box.", TEXT, 30)]
    back = dnslib.DNSRecord.question("5.0.0.10.in-addr.arpa", "PTR")
    back.header.rd = 0
    got = dnslib.DNSRecord.parse(reply(box, back.pack()))
    assert [str(r.rdata) for r in got.rr] == ["box."]


def test_netbios_and_scapy():
    box = netbios.Responder(b"box", ADDRESS, b"\x24\x6f\x28\xaa\xbb\xcc")
    query = scapy_netbios.NBNSHeader(NAME_TRN_ID=5, QDCOUNT=1, NM_FLAGS=0x11)
    query /= scapy_netbios.NBNSQueryRequest(QUESTION_NAME=b"BOX")
    got = scapy_netbios.NBNSHeader(reply(box, bytes(query)))
    assert (got.NAME_TRN_ID, got.RESPONSE, got.ANCOUNT, got.RCODE) == (5, 1, 1, 0)
    said = got[scapy_netbios.NBNSQueryResponse]
    assert said.RR_NAME.strip() == b"BOX"
    assert [entry.NB_ADDRESS for entry in said.ADDR_ENTRY] == [TEXT]
    assert bytes(got) == reply(box, bytes(query))


def test_node_status_and_scapy():
    box = netbios.Responder(b"box", ADDRESS, b"\x24\x6f\x28\xaa\xbb\xcc")
    query = struct.pack(">HHHHHH", 5, 0, 1, 0, 0, 0) + b"\x20CK" + b"A" * 30 + b"\0\0\x21\0\1"
    raw = reply(box, query)
    said = scapy_netbios.NBNSHeader(raw)[scapy_netbios.NBNSNodeStatusResponse]
    names = [(n.NETBIOS_NAME.strip(), n.SUFFIX) for n in said.NODE_NAME]
    assert said.NUM_NAMES == 4
    assert names == [(n, s) for n in (b"BOX", b"BOX.LOCAL") for s in (0, 0x20)]
    assert said.MAC_ADDRESS == "24:6f:28:aa:bb:cc"


# mDNS


def asked(name, kind, unicast=False, multicast=True, known=()):
    out = zeroconf.DNSOutgoing(0, multicast)
    question = zeroconf.DNSQuestion(name, kind, 1)
    question.unicast = unicast
    out.add_question(question)
    for record in known:
        out.add_answer_at_time(record, 0)
    return out.packets()[0]


def incoming(message):
    got = zeroconf.DNSIncoming(message.buf)
    assert got.valid
    return got


def facts(message):
    """What python-zeroconf finds in a message, and dnslib, which must agree."""
    found = {}
    for r in incoming(message).answers():
        value = {
            zeroconf.DNSAddress: lambda r: socket.inet_ntoa(r.address),
            zeroconf.DNSPointer: lambda r: r.alias,
            zeroconf.DNSService: lambda r: (r.port, r.server),
            zeroconf.DNSText: lambda r: r.text,
            zeroconf.DNSNsec: lambda r: tuple(r.rdtypes),
        }[type(r)](r)
        found[r.name, r.type] = value, r.ttl, r.unique
    other = dnslib.DNSRecord.parse(message.buf)
    assert len(other.rr) + len(other.auth) + len(other.ar) == len(found)
    for r in other.rr + other.auth + other.ar:
        name = ".".join(label.decode() for label in r.rname.label) + "."
        value, ttl, unique = found[name, r.rtype]
        assert r.ttl == ttl and bool(r.rclass & 0x8000) == unique
        if r.rtype == dnslib.QTYPE.A:
            assert str(r.rdata) == value
        elif r.rtype == dnslib.QTYPE.SRV:
            assert (r.rdata.port, str(r.rdata.target)) == value
    return found


HOST = {
    ("box.local.", 1): (TEXT, 120, True),
    ("box.local.", 47): ((1,), 120, True),
}
WHERE = INSTANCE.decode() + "."
SERVICE = {
    ("_http._tcp.local.", 12): (WHERE, 4500, False),
    (WHERE, 33): ((80, "box.local."), 120, True),
    (WHERE, 16): (b"\x06path=/", 4500, True),
}


def test_mdns_announcements():
    link = Link()
    link.board(b"box", [HTTP])
    *probes, first, second = [said for _, _, said in link.run(3000)]
    assert len(probes) == 3 and first.buf == second.buf
    for said in probes:
        got = incoming(said)
        assert got.is_query() and got.num_authorities == 3
        assert [(q.name, q.type, q.unicast) for q in got.questions] == [
            ("box.local.", 255, True),
            (WHERE, 255, True),
        ]
    assert facts(first) == {
        **HOST,
        **SERVICE,
        (WHERE, 47): ((16, 33), 120, True),
        ("5.0.0.10.in-addr.arpa.", 12): ("box.local.", 120, False),
        ("_services._dns-sd._udp.local.", 12): ("_http._tcp.local.", 4500, False),
    }


def test_mdns_answers():
    link = Link()
    link.started(b"box", [HTTP])
    for name, kind, expected in (
        ("BOX.local.", 1, HOST),
        ("_http._tcp.local.", 12, {**HOST, **SERVICE}),
    ):
        link.now += HOUR
        assert link.tell(asked(name, kind)) == []
        ((_, _, said),) = link.run(1000)
        assert facts(said) == expected
        # To one who asks for himself.
        (said,) = link.tell(asked(name, kind, unicast=True))
        assert facts(said) == expected
        # To an ordinary resolver.
        query = asked(name, kind, multicast=False)
        (said,) = link.tell(query, ("10.0.0.9", 40000))
        assert said.buf[12 : len(query)] == query[12:]
        assert facts(said) == {key: (r[0], 10, False) for key, r in expected.items()}


def test_mdns_known_answers():
    link = Link()
    link.started(b"box", [HTTP])
    pointer = zeroconf.DNSPointer("_http._tcp.local.", 12, 1, 4500, WHERE)
    other = zeroconf.DNSPointer("_http._tcp.local.", 12, 1, 4500, "x._http._tcp.local.")
    for known, answers in (((pointer,), 0), ((other,), 1), ((other, pointer), 0)):
        link.now += HOUR
        link.tell(asked("_http._tcp.local.", 12, known=known))
        assert len(link.run(1000)) == answers


def test_mdns_conflict_with_zeroconf():
    link = Link()
    box = link.board(b"box")
    info = zeroconf.ServiceInfo(
        "_http._tcp.local.", WHERE, port=80, server="box.local.", addresses=[b"\x0a\0\0\6"]
    )
    out = zeroconf.DNSOutgoing(0x8400)
    for record in (info.dns_pointer(), info.dns_service(), info.dns_text(), *info.dns_addresses()):
        out.add_answer_at_time(record, 0)
    for datagram in out.packets():
        link.tell(datagram, PEER)
    assert box.name == b"box-2"


def test_mdns_goodbye():
    link = Link()
    box = link.started(b"box", [HTTP])
    box.stop(link.now)
    ((_, _, said),) = link.run(1000)
    assert {r[1] for r in facts(said).values()} == {0}
