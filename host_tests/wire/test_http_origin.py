# Origins of pages, and CORS. Runs on CPython and on MicroPython: plain asserts only.

from wire.http_origin import Cors, is_own, origin_of


def test_origins():
    for url, origin in (
        (b"http://h", b"http://h"),
        (b"http://h/", b"http://h"),
        (b"HTTPS://App.Test/a/b?c=http://h#d", b"https://app.test"),
        (b"http://h?x", b"http://h"),
        (b"http://h#x", b"http://h"),
        (b"http://h:80", b"http://h"),
        (b"http://h:80/", b"http://h"),
        (b"https://h:443", b"https://h"),
        (b"https://h:80", b"https://h:80"),
        (b"http://h:443", b"http://h:443"),
        (b"http://h:8080/x", b"http://h:8080"),
        (b"http://h:180", b"http://h:180"),
        (b"http://[fe80::1]:8080/x", b"http://[fe80::1]:8080"),
    ):
        assert origin_of(url) == origin, url
    for url in (
        b"",
        b"null",
        b"*",
        b"h",
        b"http:",
        b"http://",
        b"http:///x",
        b"http://:80",
        b"file:///x",
        b"ftp://h",
        b"chrome-extension://abc",
        b"http://user@h",
        b"http://h\\x",
        b"http://h x",
        b"http://h, http://i",
        b"http://h\r\nX: y",
        b"http://\xc3\xa4",
    ):
        assert origin_of(url) == b"", url


def test_own_origins():
    for page, authority, plain, secure in (
        (b"http://h", b"h", True, False),
        (b"https://h", b"h", True, True),
        (b"http://h", b"h:80", True, False),
        (b"https://h", b"h:443", True, True),
        (b"http://h:8080", b"h:8080", True, False),
        (b"http://h:8080", b"h", False, False),
        (b"http://h", b"h:8080", False, False),
        (b"https://h", b"h:8443", False, False),
        (b"http://h.evil", b"h", False, False),
        (b"http://h", b"h.evil", False, False),
        (b"", b"", False, False),
        (b"", b"h", False, False),
        (b"http://h", b"", False, False),
    ):
        assert is_own(page, authority, False) == plain, (page, authority)
        assert is_own(page, authority, True) == secure, (page, authority)


def test_cors_off():
    for value in (b"", b"null", b"http://a, http://b", b"example", b"http://a\r\nX: y", b"**"):
        cors = Cors(value)
        assert not cors.allows(b"http://a") and not cors.allows(b""), value
        assert cors.fields(b"http://a") == cors.fields(None) == b"", value


def test_cors_for_one():
    for value in (b"https://app.test", b"https://App.Test:443/"):
        cors = Cors(value)
        assert cors.allows(b"https://app.test") and not cors.any
        for other in (b"http://app.test", b"https://app.test:8443", b"https://a", b""):
            assert not cors.allows(other), other
        assert cors.fields(b"https://app.test") == (
            b"Access-Control-Allow-Origin: https://app.test\r\n"
            b"Access-Control-Allow-Credentials: true\r\n"
            b"Vary: Origin\r\n"
        )
        for origin in (None, b"", b"null", b"https://other", b"http://app.test"):
            assert cors.fields(origin) == b"Vary: Origin\r\n", origin
        assert cors.asked() == (
            b"Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
            b"Access-Control-Allow-Headers: Content-Type, Accept, Authorization\r\n"
            b"Access-Control-Max-Age: 600\r\n"
        )


def test_cors_for_all():
    cors = Cors(b"*")
    assert cors.allows(b"http://a") and cors.allows(b"") and cors.any
    for origin in (None, b"null", b"https://other"):
        assert cors.fields(origin) == b"Access-Control-Allow-Origin: *\r\n"
    assert b"Authorization" not in cors.asked()
    assert b"Credentials" not in cors.asked() + cors.fields(b"http://a")
