# Telnet (RFC 854) as a server speaks it: the bytes of a connection to data, negotiation and the
# signals of keys, and data to the bytes of a connection.
#
# Three options are used: ECHO (RFC 857) here, SUPPRESS-GO-AHEAD (RFC 858) on both sides, window
# sizes (NAWS, RFC 1073) there. All others are refused. States are those of RFC 1143: only a change
# is answered, so no peer can make this side answer for ever.
#
# Decoding happens in place and allocates nothing but answers.
from . import const

# Signals of a key, as `signal` names them.
BREAK = const(243)
INTERRUPT = const(244)
ERASE_CHARACTER = const(247)
ERASE_LINE = const(248)
# No signal: a subnegotiation that does not end. The peer does not speak telnet.
BROKEN = const(250)

# More than any option of a terminal says of itself at a time.
LONGEST = const(1024)

_SE = const(240)
_ARE_YOU_THERE = const(246)
_SB = const(250)
_WILL = const(251)
_WONT = const(252)
_DO = const(253)
_DONT = const(254)
_IAC = const(255)

_NUL = const(0)
_LF = const(10)
_CR = const(13)

_ECHO = const(1)
_SUPPRESS_GO_AHEAD = const(3)
_NAWS = const(31)

# The options of this side and those of the peer; in this order their states are kept.
_OURS = bytes((_ECHO, _SUPPRESS_GO_AHEAD))
_THEIRS = bytes((_SUPPRESS_GO_AHEAD, _NAWS))

# State of an option.
_OFF = const(0)
_ON = const(1)
_ASKED = const(2)  # by us; no answer has come

# Where the decoder is.
_DATA = const(0)
_COMMAND = const(1)  # behind IAC; behind WILL .. DONT it is that byte
_OPTION = const(2)  # behind IAC SB
_PARAMETERS = const(3)
_IN_PARAMETERS = const(4)  # behind IAC in the parameters

_SIZE = const(4)  # bytes that NAWS has to say

_START = bytes((_IAC, _WILL, _ECHO, _IAC, _WILL, _SUPPRESS_GO_AHEAD, _IAC, _DO, _NAWS))
_HERE = b"\r\n[Yes]\r\n"


class Telnet:
    """One connection. `replies` (bytearray) is what the peer must get, apart from data: whoever
    sends it clears it. `columns` and `rows` are those of the peer's terminal, 0 while not known.
    """

    def __init__(self):
        self.replies = bytearray(_START)
        self.columns = 0
        self.rows = 0
        self.signal = 0  # what ended take() early
        self.rest = 0  # where it ended
        self._options = bytearray((_ASKED, _ASKED, _OFF, _ASKED))
        self._state = _DATA
        self._cr = False  # the last byte of data was CR
        self._option = 0  # of the subnegotiation
        self._said = bytearray(_SIZE)
        self._length = 0  # bytes of parameters; counts those that are not kept as well
        self._sent_cr = False  # the last byte that escape() gave

    def take(self, buf, pos, end):
        """Decode buf[pos:end] in place; the data are buf[pos:what is returned].

        Ends before `end` behind a signal: `signal` is its byte, else 0, and buf[rest:end] is not
        decoded yet. There is then room for one byte behind the data.
        """
        self.signal = 0
        self.rest = end
        if pos >= end:
            return pos
        state = self._state
        if state == _DATA and buf.find(b"\xff", pos, end) < 0 and buf.find(b"\0", pos, end) < 0:
            self._cr = buf[end - 1] == _CR
            return end
        at = pos
        cr = self._cr
        while pos < end:
            byte = buf[pos]
            pos += 1
            if state == _DATA:
                if byte == _IAC:
                    state = _COMMAND
                    continue
                if byte or not cr:  # CR NUL is a CR alone
                    buf[at] = byte
                    at += 1
                cr = byte == _CR
            elif state == _COMMAND or state == _IN_PARAMETERS:
                if byte == _IAC:
                    if state == _IN_PARAMETERS:
                        state = _PARAMETERS
                        self._keep(byte)
                    else:
                        state = _DATA
                        buf[at] = byte
                        at += 1
                        cr = False
                elif byte == _SE:
                    if state == _IN_PARAMETERS:
                        self._subnegotiated()
                    state = _DATA
                elif byte == _SB:
                    state = _OPTION
                elif byte > _SB:
                    state = byte
                else:
                    state = _DATA
                    if byte == _ARE_YOU_THERE:
                        self.replies.extend(_HERE)
                    elif byte in (BREAK, INTERRUPT, ERASE_CHARACTER, ERASE_LINE):
                        self.signal = byte
            elif state == _OPTION:
                self._option = byte
                self._length = 0
                state = _IN_PARAMETERS if byte == _IAC else _PARAMETERS
            elif state == _PARAMETERS:
                if byte == _IAC:
                    state = _IN_PARAMETERS
                else:
                    self._keep(byte)
            else:
                self._negotiate(state, byte)
                state = _DATA
            if self.signal:
                self.rest = pos
                break
        self._state = state
        self._cr = cr
        return at

    def _keep(self, byte):
        if self._length < _SIZE:
            self._said[self._length] = byte
        self._length += 1
        if self._length > LONGEST:
            self.signal = BROKEN

    def _subnegotiated(self):
        # Only who was asked, and has not refused, tells a size.
        if self._option == _NAWS and self._length == _SIZE and self._options[3] != _OFF:
            said = self._said
            self.columns = said[0] << 8 | said[1]
            self.rows = said[2] << 8 | said[3]

    def _negotiate(self, word, option):
        # WILL and WONT tell of an option of the peer's, DO and DONT of one of ours.
        theirs = word == _WILL or word == _WONT
        on = word == _WILL or word == _DO
        number = (_THEIRS if theirs else _OURS).find(bytes((option,)))
        if number < 0:
            if on:
                self._reply(_DONT if theirs else _WONT, option)
            return
        number += 2 * theirs
        state = self._options[number]
        self._options[number] = _ON if on else _OFF
        if on and state == _OFF:
            self._reply(_DO if theirs else _WILL, option)
        elif not on and state == _ON:
            self._reply(_DONT if theirs else _WONT, option)

    def _reply(self, word, option):
        self.replies.extend(bytes((_IAC, word, option)))

    def escape(self, data):
        """Data (any buffer) as bytes for the connection: IAC is doubled, and NUL put behind a CR
        that no LF follows. That of a CR at the end comes with the next data.
        """
        if not len(data):
            return b""
        data = bytes(data)
        before = b"\0" if self._sent_cr and data[0] != _LF else b""
        self._sent_cr = data[-1] == _CR
        if data.find(b"\xff") >= 0:
            data = data.replace(b"\xff", b"\xff\xff")
        if data.count(b"\r") - self._sent_cr > data.count(b"\r\n"):
            data = data.replace(b"\r", b"\r\0").replace(b"\r\0\n", b"\r\n")
            if self._sent_cr:
                data = data[:-1]
        return before + data if before else data
