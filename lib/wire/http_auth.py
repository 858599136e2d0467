# Basic authentication as a server has it (RFC 7617), and how often somebody may guess.
#
# What a client sends is compared as it came, in base64: there is one way to write it, and nothing
# has to be decoded. The time of a comparison depends on what the client sent alone.

from binascii import b2a_base64

from . import const
from .http_head import CLASSES, VALUE, span

try:
    from .http_fast import differ, same
except (ImportError, SyntaxError):  # CPython; an interpreter without native code
    from .http_plain import differ, same

_REALM = b"WiConnect"
_SCHEME = b"basic "
_SPACE = const(0x20)

# Nobody's name and password are longer in base64: each has 64 bytes at most.
_MAX_VALUE = const(256)

# Addresses that are told apart. Whoever finds no row shares the first one, so that many addresses
# do not make many guesses.
_ROWS = const(8)
_FREE = const(5)  # wrong ones that may follow each other: people mistype
_WAIT = const(30)  # seconds after each further one: 16 a minute from all addresses together
_FORGOTTEN = const(300)  # seconds after the last wrong one


def token(username, password):
    """What a client must send for these (bytes), b"" where one is empty: everybody gets in."""
    if not username or not password:
        return b""
    return b2a_base64(username + b":" + password).strip()


def is_basic(value, wanted):
    """Whether the value of an Authorization line is Basic, with the token `wanted`."""
    at = len(_SCHEME)
    size = len(value)
    if not at <= size <= _MAX_VALUE or not same(value, 0, _SCHEME):
        return False
    while at < size and value[at] == _SPACE:
        at += 1
    return not differ(value, at, wanted)


def challenge(realm):
    """The line that asks for credentials. `realm` (bytes) is what a browser shows, b"" a default,
    which takes also the place of what cannot stand in a line.
    """
    if not realm or span(realm, 0, len(realm), CLASSES, VALUE) != len(realm):
        realm = _REALM
    realm = realm.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'WWW-Authenticate: Basic realm="%s", charset="UTF-8"\r\n' % realm


class Attempts:
    """Who sent wrong credentials, and how often. Times are whole seconds of any clock that only
    goes on; one that jumps makes nobody wait for longer than a wait.

    Right ones change nothing: others may have the same address, and would guess in between.
    `rows` is a list that the caller keeps, empty at first: all that is remembered.
    """

    def __init__(self, rows):
        self._rows = rows

    def wait(self, address, now):
        """Seconds for which nothing that comes from this address is to be looked at; 0: none."""
        if not self._rows:
            return 0
        _, count, last = self._rows[self._find(address)]
        if count < _FREE or not last <= now < last + _WAIT:
            return 0
        return last + _WAIT - now

    def failed(self, address, now):
        """This address sent wrong ones."""
        rows = self._rows
        if not rows:
            rows.append([None, 0, 0])
        n = self._find(address) or self._free(now)
        if n == len(rows):
            rows.append([address, 1, now])
            return
        row = rows[n]
        if _forgotten(row, now):
            if n:
                row[0] = address
            row[1] = 0
        row[1] += 1
        row[2] = now

    def _find(self, address):
        # The number of an address's row; 0 where it has none.
        for n in range(1, len(self._rows)):
            if self._rows[n][0] == address:
                return n
        return 0

    def _free(self, now):
        # The number of a row to be had; 0 where all are taken.
        for n in range(1, len(self._rows)):
            if _forgotten(self._rows[n], now):
                return n
        return len(self._rows) % _ROWS


def _forgotten(row, now):
    return not row[2] <= now < row[2] + _FORGOTTEN
