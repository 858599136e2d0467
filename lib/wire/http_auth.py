# Basic authentication as a server has it (RFC 7617), and how often somebody may guess.
#
# What a client sends is compared as it came, in base64: there is one way to write it, and nothing
# has to be decoded. The time of a comparison depends on what the client sent alone.

from binascii import b2a_base64

from . import const

CHALLENGE = b'WWW-Authenticate: Basic realm="Airwire", charset="UTF-8"\r\n'

_SCHEME = b"basic "
_SPACE = const(0x20)

# Nobody's name and password are longer in base64: variables have 32 to 64 bytes.
_MAX_TOKEN = const(256)

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
    size = len(value)
    at = len(_SCHEME)
    if value[:at].lower() != _SCHEME:
        return False
    while at < size and value[at] == _SPACE:
        at += 1
    if size - at > _MAX_TOKEN:
        return False
    count = len(wanted)
    wrong = (size - at) ^ count
    i = 0
    while at < size:
        wrong |= value[at] ^ wanted[i]
        at += 1
        i += 1
        if i == count:
            i = 0
    return not wrong


class Attempts:
    """Who sent wrong credentials, and how often. Times are whole seconds of any clock that only
    goes on; one that jumps makes nobody wait for longer than a wait.

    Right ones change nothing: others may have the same address, and would guess in between.
    """

    def __init__(self):
        self._who = [None] * _ROWS
        self._counts = bytearray(_ROWS)
        self._times = [0] * _ROWS

    def wait(self, address, now):
        """Seconds for which nothing that comes from this address is to be looked at; 0: none."""
        row = self._row(address)
        since = now - self._times[row]
        if self._counts[row] < _FREE or not 0 <= since < _WAIT:
            return 0
        return _WAIT - since

    def failed(self, address, now):
        """This address sent wrong ones."""
        row = self._row(address)
        if not row:
            row = self._free(now)
            if row:
                self._who[row] = address
                self._counts[row] = 0
        if not 0 <= now - self._times[row] < _FORGOTTEN:
            self._counts[row] = 0
        self._times[row] = now
        self._counts[row] = min(self._counts[row] + 1, _FREE)

    def _row(self, address):
        for row in range(1, _ROWS):
            if self._who[row] == address:
                return row
        return 0

    def _free(self, now):
        # A row that nobody has, or that has been forgotten; 0 where there is none.
        for row in range(1, _ROWS):
            if self._who[row] is None or not 0 <= now - self._times[row] < _FORGOTTEN:
                return row
        return 0
