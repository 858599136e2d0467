# Looking for services: the question byte for byte, what answers add up to, and what is not
# believed or kept.
import struct

from mdns_link import ADDRESS, HTTP, Link

from wire import dns, mdns_browse

ID = 0x1234
A = 1
PTR = 12
TXT = 16
SRV = 33
HTTP_NAME = b"\x05_http\x04_tcp\x05local\0"
BOX = b"\x03box\x05local\0"


def record(owner, kind, data, ttl=120, kind_class=0x8001):
    return owner + struct.pack(">HHIH", kind, kind_class, ttl, len(data)) + data


def fed(*records, browser=None, ident=ID, flags=0x8400, cut=0):
    """A browser that was given an answer with these records."""
    browser = browser or mdns_browse.Browser(ID)
    head = struct.pack(">HHHHHH", ident, flags, 0, 1, 0, len(records) - 1)
    message = head + b"".join(records)
    browser.feed(bytearray(message), len(message) - cut)
    return browser


def service(name, host=BOX, port=80):
    """What is said of a service of a name of one label."""
    own = bytes((len(name),)) + name + HTTP_NAME
    return (
        record(HTTP_NAME, PTR, own),
        record(own, SRV, struct.pack(">HHH", 0, 0, port) + host),
        record(own, TXT, b"\x03a=b\0\x01c"),
    )


def test_question_byte_for_byte():
    got = mdns_browse.question(ID, b"_http._tcp.local")
    assert got == b"\x12\x34\0\0\0\1\0\0\0\0\0\0" + HTTP_NAME + b"\0\x0c\0\1"


def test_our_responder_and_this():
    link = Link()
    link.started(services=[HTTP, (b"_ntp._udp", b"clock", 123, [])])
    browser = mdns_browse.Browser(ID)
    for name in (mdns_browse.TYPES, b"_http._tcp.local", b"_ntp._udp.local"):
        for reply in link.tell(mdns_browse.question(ID, name), ("10.0.0.9", 50000)):
            browser.feed(reply.buf, len(reply.buf))
    assert sorted(browser.types) == [b"_http._tcp.local", b"_ntp._udp.local"]
    assert browser.services() == [
        (b"_http._tcp.local", b"My Module", ADDRESS, 80, b"box.local", [b"path=/"]),
        (b"_ntp._udp.local", b"clock", ADDRESS, 123, b"box.local", []),
    ]


def test_records_in_any_order():
    address = record(b"\x03BOX\x05local\0", A, ADDRESS)
    kind = b"_http._tcp.local"
    for order in ((0, 1, 2, 3), (3, 2, 1, 0)):
        records = service(b"page") + (address,)
        browser = fed(*[records[i] for i in order])
        want = (kind, b"page", ADDRESS, 80, b"box.local", [b"a=b", b"c"])
        assert browser.services() == [want]
    # In messages of their own; a service of which nothing is known but that it is there.
    browser = fed(service(b"page")[0])
    assert browser.services() == [(kind, b"page", None, 0, b"", [])]
    fed(service(b"page")[1], browser=browser)
    assert browser.services() == [(kind, b"page", None, 80, b"box.local", [])]


def test_what_is_passed_over():
    good = service(b"page")
    for bad in (
        fed(*good, ident=ID + 1),
        fed(*good, flags=0),
        fed(record(HTTP_NAME, PTR, good[0][-22:], ttl=0)),
        fed(record(HTTP_NAME, PTR, b"\x04page" + HTTP_NAME, kind_class=3)),
        fed(record(HTTP_NAME, PTR, b"\x04page" + BOX)),
        fed(record(HTTP_NAME, PTR, b"\0")),
        fed(record(HTTP_NAME, PTR, b"\xc0\x0c")),
        fed(*good[1:]),
        fed(good[0], cut=1),
    ):
        assert not bad.services() and not bad.types
    odd = fed(good[0], record(b"\x04page" + HTTP_NAME, SRV, b"\0\0\0\0\0\x50"))
    assert odd.services()[0][3] == 0
    for txt in (b"", b"\x05a=b", b"\0", b"\xff"):
        found = fed(good[0], record(b"\x04page" + HTTP_NAME, TXT, txt)).services()
        assert found[0][5] == []


def test_bounds():
    types = [b"\x03_%02d\x04_tcp\x05local\0" % i for i in range(mdns_browse.MAX_TYPES + 2)]
    enumeration = dns.encode_name(mdns_browse.TYPES)
    browser = fed(*[record(enumeration, PTR, name) for name in types])
    assert len(browser.types) == mdns_browse.MAX_TYPES
    many = [service(b"n%02d" % i)[0] for i in range(mdns_browse.MAX_INSTANCES + 2)]
    assert len(fed(*many).services()) == mdns_browse.MAX_INSTANCES
    txt = record(b"\x03n00" + HTTP_NAME, TXT, (b"\x63" + b"x" * 99) * 8)
    found = fed(many[0], txt).services()
    assert sum([len(string) + 1 for string in found[0][5]]) <= mdns_browse.MAX_TXT
