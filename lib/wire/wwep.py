# WWEP, the WICED Wi-Fi Example Protocol: the one codec for client and server.
#
# A client sends one message on a fresh connection, the server answers once and closes:
#
#     Wiiiirrvvvv   write, 11 bytes      Aiiiirrvvvv   accepted, 11 bytes
#     Riiiirr       read, 7 bytes        X [reason]    refused, 1 to about 70 bytes and the close
#
# iiii is the device, rr the register, vvvv the value, all in hexadecimal. We write upper case and
# read either case.
#
# Pure: bytes in, values out; values in, bytes out. No socket, no clock, no table of registers
# (wwep_db has that), and the same file on CPython and on MicroPython. Two kinds of error:
# ValueError is our misuse, RequestError is the peer's fault. Any other exception is a bug.

OPEN_PORT = 27708
SECURE_PORT = 40508

READ_SIZE = 7
WRITE_SIZE = 11
REPLY_SIZE = 11
STRICT_MAX = 12  # a write and the one LF that `echo` adds; a byte more is refused
TOLERANT_MAX = 20  # what AWEP, the successor, always sends: the text, a NUL, filler
X_MAX = 70  # the longest `X reason` a client believes; class servers stay well below

# The reasons of the class servers. They follow `X ` when the server is set to say why.
BAD_LENGTH = b"illegal message length"
BAD_COMMAND = b"illegal command"
BAD_CHARACTER = b"illegal character"

# What parse_reply finds.
ACCEPTED = "accepted"
REFUSED = "refused"
MALFORMED = "malformed"


class RequestError(Exception):
    # The peer's message is not WWEP; `reason` is one of the three above.
    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def _check(number, mask):
    try:
        good = number == number & mask
    except TypeError:
        good = False
    if not good:
        raise ValueError("number out of range")


def _hex(data, start, end):
    # The number written in data[start:end], or -1; of more than four digits, the last four (a
    # wider one would be a heap object on the chip). int(x, 16) would also take spaces and signs.
    number = 0
    for i in range(start, end):
        digit = data[i]
        if 48 <= digit <= 57:
            digit -= 48
        else:
            digit = (digit & 0xDF) - 55  # a-f and A-F are 10 to 15
            if not 10 <= digit <= 15:
                return -1
        number = (number << 4 | digit) & 0xFFFF
    return number


def device_id(mac):
    # The device number of a six-octet MAC address: the sum of its octets, mod 65536.
    if len(mac) != 6:
        raise ValueError("a MAC address has 6 octets")
    return sum(mac) & 0xFFFF


def write_request(device, register, value):
    _check(device, 0xFFFF)
    _check(register, 0xFF)
    _check(value, 0xFFFF)
    return b"W%04X%02X%04X" % (device, register, value)


def read_request(device, register):
    _check(device, 0xFFFF)
    _check(register, 0xFF)
    return b"R%04X%02X" % (device, register)


def parse_request(data, tolerant=False):
    # One whole message -> (command, device, register, value): command is b"W" or b"R", value is
    # None in a read. One trailing LF is allowed. Tolerant: the message ends at its first NUL, what
    # follows is ignored, and all of it is at most 20 bytes. A size that no message has is reported
    # before its command, its command before its characters.
    if len(data) > (TOLERANT_MAX if tolerant else STRICT_MAX):
        raise RequestError(BAD_LENGTH)
    data = bytes(data)
    if tolerant:
        nul = data.find(b"\0")
        if nul >= 0:
            data = data[:nul]
    if data[-1:] == b"\n":
        data = data[:-1]
    size = len(data)
    if size != READ_SIZE and size != WRITE_SIZE:
        raise RequestError(BAD_LENGTH)
    command = data[:1]
    if command != b"W" and command != b"R":
        raise RequestError(BAD_COMMAND)
    if size != (WRITE_SIZE if command == b"W" else READ_SIZE):
        raise RequestError(BAD_LENGTH)
    device = _hex(data, 1, 5)
    register = _hex(data, 5, 7)
    value = _hex(data, 7, size) if command == b"W" else None
    if device < 0 or register < 0 or value == -1:
        raise RequestError(BAD_CHARACTER)
    return command, device, register, value


def accepted(device, register, value):
    return b"A" + write_request(device, register, value)[1:]


def refused(reason=None):
    # b"X", or b"X reason". A reason that a client would take for garbage is our misuse.
    if not reason:
        return b"X"
    if len(reason) > X_MAX - 2:
        raise ValueError("reason too long")
    return b"X " + reason


def parse_reply(data, closed=False):
    # A client's view of a reply that is still arriving. `data` is all that has come so far;
    # `closed` says that nothing more will come: the server has closed, or the wait is over.
    # Returns None while more is needed, else
    #   (ACCEPTED, device, register, value)   see check_echo
    #   (REFUSED, reason)    bytes, fit to be shown; b"" when the server gave none
    #   (MALFORMED, data)    at most X_MAX + 1 bytes as they came; b"" when closed without a byte
    #
    # `A` and ten digits is complete at its 11th byte: a client does not wait for the close, since
    # some servers leave that to the client. What has already come after the 11 bytes must be one
    # LF, or a NUL and filler up to 20 bytes in all (AWEP). `X` needs the close, which alone says
    # where its reason ends; it too is cut at a NUL. A reply that can no longer become right is
    # malformed at once, without waiting for the close.
    size = len(data)
    data = bytes(data[: X_MAX + 1])
    if data[:1] == b"X":
        if size <= X_MAX:
            if not closed:
                return None
            nul = data.find(b"\0")
            return REFUSED, printable(data[1 : nul if nul >= 0 else size].strip())
    elif data[:1] == b"A" and _hex(data, 1, min(size, REPLY_SIZE)) >= 0:
        if size < REPLY_SIZE:
            if not closed:
                return None
        elif (
            size == REPLY_SIZE
            or data[REPLY_SIZE:] == b"\n"
            or (data[REPLY_SIZE] == 0 and size <= TOLERANT_MAX)
        ):
            return ACCEPTED, _hex(data, 1, 5), _hex(data, 5, 7), _hex(data, 7, 11)
    elif not size and not closed:
        return None
    return MALFORMED, data


def check_echo(sent, got):
    # Whether an accepted reply answers what was sent: both are (device, register, value), and
    # every part must be equal. A read is sent with the value None and may come back with any.
    return sent[0] == got[0] and sent[1] == got[1] and (sent[2] is None or sent[2] == got[2])


def printable(data):
    # A peer's bytes as they may be shown: whatever a terminal could act on becomes a dot.
    return bytes([c if 32 <= c < 127 else 46 for c in data])
