# Who may do what over HTTP: one decision for each request, before anything of it takes effect.
#
# A browser sends what any page tells it to, with the password that its user has typed. So what
# comes from a page has to come from one of ours: called by one of our names (or a stranger's name
# leads to us: DNS rebinding), and from our origin or from one that CORS lets in. What names no
# page at all is a program, or looks like one: there, credentials are what holds.

from .http_auth import Attempts, challenge, is_basic, token
from .http_origin import Cors, is_own, origin_of

# The endpoints; a file is none of them.
COMMAND = b"/command"
LOG = b"/log"
STREAM = b"/stream"

# Lines of every answer: what is sent is what it is called.
SECURITY = b"X-Content-Type-Options: nosniff\r\n"
# Besides, with a file: no page of others shows it in a frame, or learns where its links are.
FILE_SECURITY = (
    b"Content-Security-Policy: frame-ancestors 'self'\r\nReferrer-Policy: same-origin\r\n"
)
# The same with a page of the firmware: all that it needs comes from the module.
PAGE_SECURITY = (
    b"Content-Security-Policy: default-src 'self'; img-src 'self' data:; object-src 'none'; "
    b"base-uri 'none'; form-action 'self'; frame-ancestors 'self'\r\n"
    b"Referrer-Policy: same-origin\r\n"
)

WRONG = b"Wrong password"

ALLOW = b"Allow: GET, HEAD, POST, OPTIONS\r\n"


class Access:
    """`is_ours(host)`: whether the module is called so (bytes, lower case, without port).
    `is_listed(endpoint, command)`: whether http_whitelist.csv lets everybody do it. Both are asked
    only where it matters. `rows`: see Attempts.
    """

    def __init__(self, is_ours, is_listed, rows):
        self._is_ours = is_ours
        self._is_listed = is_listed
        self._attempts = Attempts(rows)
        self.configure(b"", b"", b"")

    def configure(self, username, password, cors, realm=b"", secure=False):
        """The values of the variables; `secure`: on a server with TLS. False where `cors` means
        nothing, and lets nobody in.
        """
        self._realm = realm
        self._token = token(username, password)
        self._cors = Cors(cors)
        self._secure = secure
        return not cors or self._cors.any or self._cors.origin != b""

    def decide(self, request, address, now, endpoint=None, command=b"", unprotected=False):
        """(status, fields, reason): 0 where the request may go on. The lines `fields` are to be in
        its answer, whatever that is; `reason` (bytes) is what the body says.

        `address`: whom it comes from, `now`: seconds, see Attempts. `endpoint`: None for a file,
        which `unprotected` gives to everybody. `command`: what is to be carried out, as decoded.
        Raises http.RemoteError.
        """
        host = request.host()
        if host and not self._is_ours(host):
            return 403, b"", b"Unknown host"
        origin = request.value(b"origin")
        fields = self._cors.fields(origin)
        if request.method == b"OPTIONS":
            return self._asked(request, origin, fields)
        given = request.value(b"authorization")
        if endpoint or request.method not in (b"GET", b"HEAD"):
            unprotected = False
            page = self._foreign(request, origin)
            if page is not None:
                if not self._cors.allows(page):
                    return 403, fields, b"Foreign origin"
                if self._cors.any and given is not None:
                    return 403, fields, b"Foreign origin with credentials"
        if unprotected or not self._token:
            return 0, fields, b""
        return self._authorize(given, address, now, endpoint, command, fields)

    def _asked(self, request, origin, fields):
        # OPTIONS: a browser never sends credentials with it, and nothing happens.
        page = self._foreign(request, origin)
        if page is not None and not self._cors.allows(page):
            return 403, fields, b"Foreign origin"
        if self._cors.any or page is not None:
            fields += self._cors.asked()
        return 204, fields + ALLOW, b""

    def _foreign(self, request, origin):
        # The origin of the page that sent this, b"" where that cannot be told; None if it is ours,
        # or if there is none.
        referer = request.value(b"referer") or None
        if origin is None and referer is None:
            site = request.value(b"sec-fetch-site")
            return b"" if site in (b"cross-site", b"same-site") else None
        authority = request.authority()
        for url in (origin, referer):
            if url is not None:
                page = origin_of(url)
                if not is_own(page, authority, self._secure):
                    return page
        return None

    def _authorize(self, given, address, now, endpoint, command, fields):
        wait = 0
        if given is not None:
            # Who may not try yet is not told anything, not even by the time that it takes.
            wait = self._attempts.wait(address, now)
            if not wait:
                if is_basic(given, self._token):
                    return 0, fields, b""
                self._attempts.failed(address, now)
        if endpoint and self._is_listed(endpoint, command):
            return 0, fields, b""
        if wait:
            return 429, fields + b"Retry-After: %d\r\n" % wait, b"Too many wrong passwords"
        return 401, fields + challenge(self._realm), WRONG if given else b"No password"
