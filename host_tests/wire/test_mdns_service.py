# The text of mdns.service: its forms, and what is refused.
from checks import raises

from wire import mdns, mdns_records, mdns_service

BOX = b"box"
HTTP = (b"_http._tcp", BOX, 80, [])


def parse(text):
    return mdns_service.parse(text, BOX)


def test_forms():
    for text in (b"http", b"HTTP.tcp", b"_http._tcp", b"http local", b"http local 80", b" http;,"):
        assert parse(text) == [HTTP], text
    assert parse(b"") == parse(b" , ;") == []
    assert parse(b"foo.udp 7") == [(b"_foo._udp", BOX, 7, [])]
    assert parse(b"ntp")[0][0] == b"_ntp._udp"
    assert parse(b"ntp.tcp")[0][0] == b"_ntp._tcp"
    assert parse(b"http local 8080 My page path=/a x=") == [
        (b"_http._tcp", b"My page", 8080, [b"path=/a", b"x="])
    ]
    assert parse(b"http a=1 My b=2 page") == [(b"_http._tcp", b"My page", 80, [b"a=1", b"b=2"])]
    assert parse(b"http; telnet 2000,foo-2 9 x=y") == [
        HTTP,
        (b"_telnet._tcp", BOX, 2000, []),
        (b"_foo-2._tcp", BOX, 9, [b"x=y"]),
    ]


def test_characters_with_a_meaning():
    (service,) = parse(b"http A%2C%20B%3d note=a%20b%2cc%3B%25 100% %4 %zz %+1")
    assert service == (b"_http._tcp", b"A, B= 100% %4 %zz %+1", 80, [b"note=a b,c;%"])


def test_what_is_refused():
    for text in (
        b"foo",
        b"foo local",
        b"http 0",
        b"http 65536",
        b"http.sctp",
        b"http.tcp.x",
        b".tcp 5",
        b"_ 5",
        b"abcdefghijklmnop 5",
        b"sp%20ace 5",
        b"http =x",
        b"http " + b"n" * 64,
        b"http k=" + b"v" * 254,
        b"http,http,http,http,http,http",
        b"http " + b" ".join([b"k=" + b"v" * 198] * 4),
    ):
        raises(ValueError, parse, text)


def test_the_responder_takes_what_is_not_refused():
    text = (
        b"http " + b"n" * 63 + b" k=" + b"v" * 253 + b";telnet;ssh;ftp;abcdefghijklmno.udp 65535"
    )
    services = parse(text)
    assert len(services) == mdns_service.MAX_SERVICES == mdns_records.MAX_SERVICES
    mdns.Responder(BOX, services).start(b"\x0a\0\0\1", 0, 1)
    assert [service[0] for service in services][4] == b"_abcdefghijklmno._udp"
