# URLs taken apart, and where redirects lead. Runs on CPython and MicroPython: plain asserts only.

from checks import raises

from wire import url

BASE = url.parse(b"http://a/b/c/d;p?q")

# RFC 3986 5.4, but what is no http there, and what has a fragment.
EXAMPLES = (
    (b"g", b"/b/c/g"),
    (b"./g", b"/b/c/g"),
    (b"g/", b"/b/c/g/"),
    (b"/g", b"/g"),
    (b"?y", b"/b/c/d;p?y"),
    (b"g?y", b"/b/c/g?y"),
    (b"#s", b"/b/c/d;p?q"),
    (b"g#s", b"/b/c/g"),
    (b"g?y#s", b"/b/c/g?y"),
    (b";x", b"/b/c/;x"),
    (b"", b"/b/c/d;p?q"),
    (b".", b"/b/c/"),
    (b"./", b"/b/c/"),
    (b"..", b"/b/"),
    (b"../", b"/b/"),
    (b"../g", b"/b/g"),
    (b"../..", b"/"),
    (b"../../", b"/"),
    (b"../../g", b"/g"),
    (b"../../../g", b"/g"),
    (b"../../../../g", b"/g"),
    (b"/./g", b"/g"),
    (b"/../g", b"/g"),
    (b"g.", b"/b/c/g."),
    (b".g", b"/b/c/.g"),
    (b"g..", b"/b/c/g.."),
    (b"..g", b"/b/c/..g"),
    (b"./../g", b"/b/g"),
    (b"./g/.", b"/b/c/g/"),
    (b"g/./h", b"/b/c/g/h"),
    (b"g/../h", b"/b/c/h"),
    (b"g;x=1/../y", b"/b/c/y"),
    (b"g?y/./x", b"/b/c/g?y/./x"),
    (b"g?y/../x", b"/b/c/g?y/../x"),
)


def parts(text):
    found = url.parse(text)
    return found.secure, found.host, found.port, found.target, found.login


def refused(text):
    return raises(url.BadUrl, url.parse, text).args[0]


def test_forms():
    assert parts(b"example.com") == (False, b"example.com", 80, b"/", None)
    assert parts(b"10.5.6.60:8000") == (False, b"10.5.6.60", 8000, b"/", None)
    assert parts(b"example.com/hello?a=b:c//d@e") == (
        (False, b"example.com", 80, b"/hello?a=b:c//d@e", None)
    )
    assert parts(b"HTTP://Example.com:/") == (False, b"Example.com", 80, b"/", None)
    assert parts(b"https://h_1?x#y") == (True, b"h_1", 443, b"/?x", None)
    assert parts(b"https://h:80/a/../b%20c#") == (True, b"h", 80, b"/b%20c", None)
    assert parts(b"h?u=http://i/") == (False, b"h", 80, b"/?u=http://i/", None)
    assert parts(b"h/a://b") == (False, b"h", 80, b"/a://b", None)


def test_credentials():
    assert parts(b"http://u:p@h/")[4] == b"u:p"
    assert parts(b"u:p:q@h:81") == (False, b"h", 81, b"/", b"u:p:q")
    assert parts(b"u@h")[4] == b"u:"
    assert parts(b"@h")[4] == b":"
    assert parts(b"a%40b:%25%3a%C3%A9@h")[4] == b"a@b:%:\xc3\xa9"
    assert parts(b"a@b:c@h")[4] == b"a@b:c"
    assert url.basic(b"Aladdin:open sesame") == (
        b"Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
    )
    long = url.basic(b"u:" + b"x" * 300)
    assert long.count(b"\n") == 1 and long.endswith(b"=\r\n")


def test_refused():
    for text in (
        b"",
        b"http://",
        b"http:///x",
        b":80",
        b"/x",
        b"?x",
        b"[::1]",
        b"h\xc3\xa9",
        b"a,b",
    ):
        assert refused(text), text
    for text in (b"h:0", b"h:65536", b"h:8o", b"h:-1", b"h:000080", b"h:+8", b"http:h", b"h:1:2"):
        assert refused(text) == b"URL with a bad port", text
    for text in (b"a b", b"a\x00", b"a/\r\nX: y", b"a/\x7f", b"a/\xc3\xa9", b"a\tb"):
        assert refused(text) == b"URL with a character that it cannot have", text
    for text in (b"ftp://h/", b"file:///etc/x", b"ws://h"):
        assert refused(text) == b"URL is neither http nor https", text
    for text in (b"u%:p@h", b"u%4@h", b"u:%xy@h", b"u:p%@h", b"u%+1@h"):
        assert refused(text) == b"URL with a bad %XX", text
    for text in (b"u%0d%0a:p@h", b"u:%00@h", b"u%3ax:p@h"):
        assert refused(text) == b"URL with bad credentials", text
    assert refused(b"h/" + b"x" * url.MAX_URL) == b"URL too long"
    assert refused(b"x" * 254)
    assert parts(b"x" * 253)[1] == b"x" * 253


def test_authority():
    for text, shown in (
        (b"http://h:80", b"h"),
        (b"https://h:443/", b"h"),
        (b"http://u:p@h:443", b"h:443"),
        (b"https://h:80", b"h:80"),
    ):
        assert url.parse(text).authority() == shown


def test_the_last_element_of_the_path():
    for text, name in (
        (b"h/a/b.js.gz?x=/y", b"b.js.gz"),
        (b"h/a/", b""),
        (b"h", b""),
        (b"h/a%2Fb", b"a%2Fb"),
    ):
        assert url.parse(text).name() == name


def test_redirects():
    for text, target in EXAMPLES:
        assert url.resolve(BASE, text).target == target, text
    for text, found in (
        (b"http://x/y", (False, b"x", 80, b"/y")),
        (b"//x:8/y", (False, b"x", 8, b"/y")),
        (b"HTTPS://x", (True, b"x", 443, b"/")),
        (b"x:8/y", (False, b"a", 80, b"/b/c/x:8/y")),
    ):
        to = url.resolve(BASE, text)
        assert (to.secure, to.host, to.port, to.target) == found, text
    assert url.resolve(url.parse(b"https://h/a"), b"//i/b").secure
    for text in (b"ftp://a/", b"http://", b"//", b"a b", b"/\xff", b"http://a:b/", b"x" * 1025):
        raises(url.BadUrl, url.resolve, BASE, text)


def test_credentials_stay_with_their_server():
    base = url.parse(b"https://u:p@h/a")
    for text in (
        b"/b",
        b"c",
        b"",
        b"https://H/x",
        b"//h:443/x",
        b"https://h:443",
        b"https://v:q@h",
    ):
        assert url.resolve(base, text).login == b"u:p", text
    for text in (b"http://h/", b"https://h:444", b"//i/", b"https://v:q@i/", b"http://h:443/"):
        assert url.resolve(base, text).login is None, text
