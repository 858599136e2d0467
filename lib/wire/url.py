# URLs of http and https (RFC 3986), as the HTTP client takes them apart, and where redirects lead.
#
# The scheme may be missing, as people type them: http. Nothing is repaired: a blank or a byte
# beyond ASCII has to be written as %XX by who made the URL. A fragment stays here.

import binascii

from . import const

MAX_URL = const(1024)
_MAX_HOST = const(253)  # of a DNS name
_MAX_PORT = const(65535)
_MAX_PORT_DIGITS = const(5)

_HOST = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"
_SCHEME = b"abcdefghijklmnopqrstuvwxyz0123456789+-."


class BadUrl(Exception):
    """args[0] says why, as bytes; nothing of the URL is in it."""


class Url:
    """`secure` for https, `host`, `port`, `target` (path and query), and `login`: the credentials
    that stood before the host as `user:password`, or None. All are bytes but for the port.
    """

    def __init__(self, secure, host, port, target, login=None):
        self.secure = secure
        self.host = host
        self.port = port
        self.target = target
        self.login = login

    def authority(self):
        """Host and port, this only where it is not the scheme's own."""
        if self.port == (443 if self.secure else 80):
            return self.host
        return b"%s:%d" % (self.host, self.port)

    def same_origin(self, other):
        """Whether both lead to the same server, in the same way."""
        return (
            self.secure == other.secure
            and self.host.lower() == other.host.lower()
            and self.port == other.port
        )

    def name(self):
        """The last element of the path, b"" where it ends with a slash."""
        return self.target.partition(b"?")[0].rpartition(b"/")[2]


def parse(text):
    """The Url of what somebody has typed. Raises BadUrl."""
    text = _checked(text)
    scheme, rest = _scheme(text)
    if scheme is None:
        scheme, rest = b"http", b"//" + text
    return _absolute(scheme, rest)


def resolve(base, text):
    """The Url of a Location that the answer to a request for `base` has. The credentials go along
    to the same server alone; a redirect has none of its own. Raises BadUrl.
    """
    text = _checked(text)
    scheme, rest = _scheme(text)
    if scheme is None:
        scheme, rest = b"https" if base.secure else b"http", text
    if rest[:2] == b"//":
        found = _absolute(scheme, rest)
        found.login = base.login if found.same_origin(base) else None
        return found
    if rest[:1] == b"/":
        target = _without_dots(rest)
    elif not rest:
        target = base.target
    else:
        path = base.target.partition(b"?")[0]
        if rest[:1] == b"?":
            target = path + rest
        else:
            target = _without_dots(path[: path.rfind(b"/") + 1] + rest)
    return Url(base.secure, base.host, base.port, target, base.login)


def _checked(text):
    # The text without its fragment.
    if len(text) > MAX_URL:
        raise BadUrl(b"URL too long")
    for c in text:
        if not 0x20 < c < 0x7F:
            raise BadUrl(b"URL with a character that it cannot have")
    return text.partition(b"#")[0]


def _scheme(text):
    # (scheme, what is behind its colon), None where there is none: `host:port` has no `//`.
    scheme, mark, rest = text.partition(b":")
    if not mark or rest[:2] != b"//":
        return None, text
    scheme = scheme.lower()
    if not scheme or any(c not in _SCHEME for c in scheme):
        return None, text
    return scheme, rest


def _absolute(scheme, rest):
    if scheme not in (b"http", b"https"):
        raise BadUrl(b"URL is neither http nor https")
    rest = rest[2:]
    end = len(rest)
    for mark in (b"/", b"?"):
        at = rest.find(mark)
        if 0 <= at < end:
            end = at
    authority = rest[:end]
    target = rest[end:]
    if target[:1] != b"/":
        target = b"/" + target
    login, mark, server = authority.rpartition(b"@")
    host, colon, digits = server.partition(b":")
    if not 1 <= len(host) <= _MAX_HOST or any(c not in _HOST for c in host):
        raise BadUrl(b"URL without a host")
    port = 443 if scheme == b"https" else 80
    if digits:
        if not digits.isdigit() or len(digits) > _MAX_PORT_DIGITS:
            raise BadUrl(b"URL with a bad port")
        port = int(digits)
        if not 1 <= port <= _MAX_PORT:
            raise BadUrl(b"URL with a bad port")
    return Url(
        scheme == b"https", host, port, _without_dots(target), _login(login) if mark else None
    )


def _login(text):
    # `user:password` of what stands before the @.
    user, _, password = text.partition(b":")
    user = _decoded(user)
    if b":" in user:
        raise BadUrl(b"URL with bad credentials")
    return user + b":" + _decoded(password)


def _decoded(text):
    parts = text.split(b"%")
    for i in range(1, len(parts)):
        digits = parts[i][:2]
        try:
            if len(digits) < 2:
                raise ValueError
            c = binascii.unhexlify(digits)
        except ValueError:  # binascii.Error on CPython is one
            raise BadUrl(b"URL with a bad %XX")
        if c[0] < 0x20 or c[0] == 0x7F:
            raise BadUrl(b"URL with bad credentials")
        parts[i] = c + parts[i][2:]
    return b"".join(parts)


def _without_dots(target):
    # RFC 3986 5.2.4.
    path, mark, query = target.partition(b"?")
    if b"/." in path:
        kept = []
        parts = path.split(b"/")[1:]
        for part in parts:
            if part == b"..":
                if kept:
                    kept.pop()
            elif part != b".":
                kept.append(part)
        if parts[-1] in (b".", b".."):
            kept.append(b"")
        path = b"/" + b"/".join(kept)
    return path + mark + query


def basic(login):
    """The line of a head that shows the credentials `user:password`."""
    return b"Authorization: Basic " + binascii.b2a_base64(login).strip() + b"\r\n"
