# UTF-8 as RFC 3629 has it.
from wire.utf8 import is_utf8


def test_what_is_utf8():
    for data in (b"", b"a", b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xed\x9f\xbf"):
        assert is_utf8(data), data
    for data in (b"\xee\x80\x80", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xef\xbf\xbf"):
        assert is_utf8(data), data
    for data in (b"\x80", b"\xc1\xbf", b"\xc3", b"\xc3a", b"\xe0\x9f\xbf", b"\xe4\xb8"):
        assert not is_utf8(data), data
    for data in (b"\xed\xa0\x80", b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80"):
        assert not is_utf8(data), data
