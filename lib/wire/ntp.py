# NTP as a client of the simple kind speaks it (RFC 4330, RFC 5905): one question, and what is
# believed of the answer. The cookie in the question and the time that an answer took are the
# caller's; this has no clock.
#
# The question tells nothing of us: the cookie, eight random bytes, stands where our time would.
# Who does not know it has not seen the question.
import struct

from . import const

PORT = const(123)
SIZE = const(48)  # an authenticator may follow

_CLIENT = const(0x23)  # version 4, mode 3
_SERVER = const(4)
_MODE = const(7)
_UNKNOWN = const(3)  # leap indicator: the server's clock is not set
_UNSYNCHRONISED = const(16)  # stratum

_ROOT_DELAY = const(4)
_REFERENCE_ID = const(12)
_REFERENCE = const(16)
_ORIGINATE = const(24)
_RECEIVE = const(32)
_TRANSMIT = const(40)

# Root distance at which a server has lost its own: what ntpd takes, in 1/65536 s.
_FARTHEST = const(98_304)

# Seconds that a server may take to answer: who asked has given up long before.
_LONGEST = const(16)

# NTP counts from 1900 in 32 bits, in an era that ends in 2036. Small numbers are of the next one
# (RFC 4330 3).
_TO_1970 = const(2_208_988_800)
_ERA = const(0x1_0000_0000)
_HALF = const(0x8000_0000)


class NtpError(Exception):
    """The server has answered, and its time is of no use; args[0] says why, as bytes."""


class KissOfDeath(NtpError):
    """The server does not want to be asked; args[0] is its code: b"DENY", b"RSTR", b"RATE" ..."""


def question(cookie):
    """The datagram that asks; `cookie` is eight random bytes."""
    return bytes((_CLIENT,)) + bytes(_TRANSMIT - 1) + cookie


def answer(buf, n, cookie):
    """What buf[:n] says in answer to the question with that cookie: (nanoseconds since 1970 when
    it was sent, nanoseconds from the question's arrival to then). None when it is no answer to
    it, but somebody else's or a late one. Raises NtpError.
    """
    if n < SIZE or buf[0] & _MODE != _SERVER or not buf[0] >> 3 & 7:
        return None
    if bytes(buf[_ORIGINATE:_RECEIVE]) != cookie:
        return None
    stratum = buf[1]
    if not stratum:
        code = bytes(buf[_REFERENCE_ID:_REFERENCE])
        raise KissOfDeath(bytes([c for c in code if 32 < c < 127]))
    if buf[0] >> 6 == _UNKNOWN or stratum >= _UNSYNCHRONISED:
        raise NtpError(b"its clock is not set")
    delay, dispersion = struct.unpack_from(">II", buf, _ROOT_DELAY)
    if delay // 2 + dispersion >= _FARTHEST:
        raise NtpError(b"its clock is not exact")
    sent = _time(buf, _TRANSMIT)
    spent = sent - _time(buf, _RECEIVE)
    if not any(buf[_TRANSMIT:SIZE]) or not 0 <= spent <= _LONGEST * 1_000_000_000:
        raise NtpError(b"its clock does not go")
    return sent, spent


def _time(buf, at):
    seconds, fraction = struct.unpack_from(">II", buf, at)
    if seconds < _HALF:
        seconds += _ERA
    return (seconds - _TO_1970) * 1_000_000_000 + (fraction * 1_000_000_000 >> 32)


def now(found, took):
    """The time at the arrival of an answer (what answer() gave), `took` nanoseconds after the
    question was sent: the way back is taken to be half of the ways.
    """
    sent, spent = found
    return sent + max(0, took - spent) // 2
