"""The messages of REST, literally: what is read in place, and what an answer looks like."""

from wire import rest, rest_request
from wire.http_head import RemoteError


def read(body):
    """(flags, command, data) of a message, or why it is none."""
    body = bytearray(body)
    try:
        flags, line, start, end = rest_request.parse(body)
    except RemoteError as error:
        return error.reason
    return flags, line, bytes(body[start:end])


def test_messages():
    assert read(b'{"command":"ver"}') == (0, b"ver", b"")
    assert read(b' { "data" : "a" , "command" : "ver\\r\\n" } ') == (0, b"ver", b"a")
    assert read(b'{"flags":7,"command":"dmVy","data":"AAH/"}') == (7, b"ver", b"\0\1\xff")
    assert read(b'{"command":"\\u00e9\\ud83d\\ude00\\"\\\\\\/"}') == (
        0,
        b'\xc3\xa9\xf0\x9f\x98\x80"\\/',
        b"",
    )
    assert read(b'{"command":"a","data":null,"more":-1.5e3}') == (0, b"a", b"")


def test_what_is_no_message():
    for body in (b"", b"[]", b"{", b'{"command":"a"}x', b'{"command":"a","command":"a"}'):
        assert read(body) == b"bad JSON"
    for body in (b'{"command":"\\ud800 "}', b'{"command":"\\u+123"}', b'{"command":"\n"}'):
        assert read(body) == b"bad JSON"
    assert read(b"{}") == b"no command"
    assert read(b'{"command":"a\\nb"}') == b"more than one line"
    for flags in (b"8", b"-1", b"00", b"1.0"):
        assert read(b'{"command":"a","flags":' + flags + b"}") == b"unknown flags"
    for data in (b"a", b"AA=A", b"A*AA", b"===="):
        assert read(b'{"flags":4,"command":"a","data":"' + data + b'"}') == b"bad base64"


def test_answers():
    assert rest.head(12, 3, 7) == b'{"id":12,"code":3,"flags":2,"response":"'
    for text, escaped in (
        (b"abc", b"abc"),
        (b'a"\\\r\n\t', b'a\\"\\\\\\r\\n\\t'),
        (b"\0\x1f\x7f", b"\\u0000\\u001f\x7f"),
        (b"\xc3\xa9\xff\xc3", b"\xc3\xa9\\u00ff\\u00c3"),
    ):
        assert rest.escaped(text) == escaped
        assert isinstance(rest.escaped(bytearray(text) + b"\xff"), bytes)
    assert rest.encoded(b"\0\1\xff") == b"AAH/"
    assert [rest.unfinished(b"a" + part) for part in (b"", b"\xc3", b"\xf0\x9f\x98", b"\xff")] == [
        0,
        1,
        3,
        1,
    ]
    assert rest.unfinished(b"\xc3\xa9") == rest.unfinished(b"\x80\x80\x80") == 0
