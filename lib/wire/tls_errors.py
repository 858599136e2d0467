# What went wrong with a TLS handshake, as a line of the command language (spec 7.1) and a number
# of WICED's list (spec 7.2), from what mbedTLS says through MicroPython:
#   - OSError with mbedTLS' own, negative number, or with the errno of the socket below;
#   - OSError(ENOMEM), whatever could not be had;
#   - ValueError with words: which of the checks of a certificate has failed is nowhere else. The
#     words are the same on all ports; this is the only file that knows them.
# docs/tls.md has each code with its cause and cure.
import errno

from . import const

RECEIVE_FAILED = const(5001)
NO_MEMORY = const(5003)
TIMED_OUT = const(5031)
FAILED = const(5032)
INIT_FAILED = const(5033)
UNTRUSTED = const(5035)

# mbedTLS' numbers for what it does not tell itself.
VERIFY_FAILED = const(-0x2700)
TIMEOUT = const(-0x6800)
CLOSED = const(-0x7880)  # the peer's close notify, which a read tells as the end
_BAD_KEY = const(-0x3E80)
_BAD_CERTIFICATE = const(-0x2800)

_CODES = {
    -0x5E80: 5009,  # BAD_CONFIG: a name of a cipher suite
    -0x6E00: 5010,  # HANDSHAKE_FAILURE: a server finds no suite that both have
    -0x6E80: 5004,  # BAD_PROTOCOL_VERSION
    -0x7080: 5004,  # FEATURE_UNAVAILABLE
    -0x7100: 5005,  # BAD_INPUT_DATA
    -0x7180: 5006,  # INVALID_MAC
    -0x7200: 5007,  # INVALID_RECORD
    -0x7280: 5020,  # CONN_EOF
    -0x7480: 5012,  # NO_CLIENT_CERTIFICATE
    -0x7500: 5040,  # UNSUPPORTED_EXTENSION
    -0x7600: 5015,  # PRIVATE_KEY_REQUIRED
    -0x7680: 5016,  # CA_CHAIN_REQUIRED
    -0x7700: 5017,  # UNEXPECTED_MESSAGE
    -0x7780: 5018,  # FATAL_ALERT_MESSAGE
    CLOSED: 5020,
    -0x7A00: 5019,  # BAD_CERTIFICATE: it is not meant for this use
    TIMEOUT: TIMED_OUT,
    _BAD_KEY: INIT_FAILED,
    _BAD_CERTIFICATE: INIT_FAILED,
}
# Whatever else is said of a message that was just seen means that this message is bad: state (spec
# 7.3) -> code less 5000.
_BAD = b"\x20\x15\x16\x17\x19\x18\x1a\x17\x1b\x1c\x1d\x1e\x1d\x1e"

# Allocations that fail in the parts of mbedTLS: SSL, big numbers (MicroPython takes it for an
# errno), X.509, PK, ECP, digests, ciphers.
_ALLOCATIONS = (-0x7F00, -0x10, -0x2880, -0x3F80, -0x4D80, -0x5180, -0x6180)

# In this order where several checks have failed: who is not trusted is not looked at closer.
_CHECKS = (
    ("not correctly signed by the trusted CA", UNTRUSTED),
    ("revoked", 5038),
    ("validity has expired", 5036),
    ("starts in the future", 5036),
    ("does not match with the expected CN", 5037),
)
_PEER_VERIFY_FAILED = const(5019)  # a weak digest or key, for one


def number(error):
    """mbedTLS' number for an OSError or ValueError; for the socket's errors -errno."""
    if isinstance(error, OSError):
        number = error.args[0]
        return number if number < 0 else -number
    text = str(error)
    if text == "invalid key":
        return _BAD_KEY
    if text == "invalid cert":
        return _BAD_CERTIFICATE
    return VERIFY_FAILED


def code(error, state):
    """The code of spec 7.2 for an OSError or ValueError after the message `state`."""
    what = number(error)
    if what == VERIFY_FAILED:
        text = str(error)
        for words, code in _CHECKS:
            if words in text:
                return code
        return _PEER_VERIFY_FAILED
    if what == -errno.ENOMEM or what in _ALLOCATIONS:
        return NO_MEMORY
    if what in _CODES:
        return _CODES[what]
    if what > -256:
        return RECEIVE_FAILED
    return 5000 + _BAD[state] if state < len(_BAD) else FAILED


def line(code, state, number):
    """`Error with TLS handshake: ...`"""
    if code == NO_MEMORY:  # the number of the documented sample
        return b"Error with TLS handshake: %d" % UNTRUSTED
    return b"Error with TLS handshake: %d (state: %d, code: %d)" % (code, state, number)
