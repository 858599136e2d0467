# Which page a request comes from (RFC 6454), and what a page of another origin may do (CORS, of
# the Fetch standard). Browsers name the page in Origin or in Referer, or say at least in
# Sec-Fetch-Site whether it is ours; other programs need not say anything.

from .http_head import CLASSES, HOST, span

ANY = b"*"

_PORTS = ((b"http://", b":80"), (b"https://", b":443"))

_ANY_ORIGIN = b"Access-Control-Allow-Origin: *\r\n"
_VARY = b"Vary: Origin\r\n"
_ONE_ORIGIN = (
    b"Access-Control-Allow-Origin: %s\r\n"
    b"Access-Control-Allow-Credentials: true\r\n"
    b"Vary: Origin\r\n"
)
# To a browser that asks before it sends. Credentials are for one origin that was named and never
# for any: only there may a script send Authorization.
_ASKED = (
    b"Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
    b"Access-Control-Allow-Headers: Content-Type, Accept%s\r\n"
    b"Access-Control-Max-Age: 600\r\n"
)


def origin_of(url):
    """`scheme://host[:port]` of a URL or an origin, as browsers write it: in lower case, without
    the port that goes without saying. b"" for what is none of HTTP: `null` for one.
    """
    url = url.lower()
    for scheme, port in _PORTS:
        if url.startswith(scheme):
            at = len(scheme)
            end = span(url, at, len(url), CLASSES, HOST)
            if url[end : end + 1] not in (b"", b"/", b"?", b"#"):
                return b""
            if url.startswith(port, end - len(port)):
                end -= len(port)
            return url[:end] if end > at else b""
    return b""


def is_own(page, authority, secure):
    """Whether an origin is the one of `authority`, a host with its port, on a server with TLS or
    without. A page of https may use one without: it came through a proxy.
    """
    if not page:
        return False
    if page == origin_of(b"https://" + authority):
        return True
    return not secure and page == origin_of(b"http://" + authority)


class Cors:
    """What one value of the variable lets pages do: b"" nothing, `*` all of them what needs no
    credentials, the URL of a page its origin everything.
    """

    def __init__(self, value):
        self.any = value == ANY
        self.origin = b"" if self.any else origin_of(value)
        self._named = self.origin and _ONE_ORIGIN % self.origin

    def allows(self, page):
        """Whether a page of this origin (of origin_of()) is let in."""
        return self.any or page != b"" and page == self.origin

    def fields(self, origin):
        """The lines of every answer; `origin` is the request's, None where it says none."""
        if self.any:
            return _ANY_ORIGIN
        if not self.origin:
            return b""
        return self._named if origin and origin_of(origin) == self.origin else _VARY

    def asked(self):
        """The lines of the answer to a preflight, besides."""
        return _ASKED % (b"" if self.any else b", Authorization")
