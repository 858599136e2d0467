# SMTP (RFC 5321): the client that hands over one message. What the server sends goes into
# receive(), and what is to be sent next comes out; the message itself is mail.py's.
#
# One command at a time, no pipelining: what comes before it is asked for is an error. Two kinds
# of error: ValueError is our misuse, Refused and Malformed are the server's.
import binascii

from . import const

# 4.5.3.1.5: a line of a reply has 512 bytes at most. Twice that is forgiven, more is no reply.
_MAX_LINE = const(1024)
_MAX_LINES = const(100)  # of one reply; an EHLO has a dozen
_MAX_TEXT = const(160)  # of what the server says in an error: two rows of a terminal
_MAX_COMMAND = const(510)  # 4.5.3.1.4, without the CR LF

# Not text: MicroPython warns on the console when that is compared with bytes.
SEND_MESSAGE = 1  # the server waits for it
DONE = 2  # the server has it
START_TLS = 3  # the handshake is to follow, and then secured()

QUIT = b"QUIT\r\n"

_PLAIN = b"PLAIN"
_LOGIN = b"LOGIN"


class Refused(Exception):
    """The server said no: args[0] is which of ours and what it said, fit to be shown."""


class Malformed(Exception):
    """The server does not speak SMTP: args[0] says how it fails."""


# State: what it was asked, codes that let it go on, who is refused otherwise.
_STATES = {
    "greeting": (b"the connection", (220,), b"Connection"),
    "EHLO": (b"EHLO", (250,), b"Greeting"),
    "HELO": (b"HELO", (250,), b"Greeting"),
    "STARTTLS": (b"STARTTLS", (220,), b"TLS"),
    "TLS": (b"nothing", (), b"TLS"),  # until secured(): there is nothing to be said
    "PLAIN": (b"AUTH", (235, 334), b"Login"),
    "LOGIN": (b"AUTH", (334,), b"Login"),
    "username": (b"the username", (334,), b"Login"),
    "password": (b"the password", (235,), b"Login"),
    "MAIL": (b"MAIL", (250,), b"Sender"),
    "RCPT": (b"RCPT", (250, 251), b"Recipient"),
    "DATA": (b"DATA", (354,), b"Message"),
    "message": (b"the message", (250,), b"Message"),
}


class Client:
    """`name` is how this end introduces itself, sender and recipients are addresses (bytes); size
    is the message's in bytes. Without a username it does not log in. `tls` is b"none", b"starttls"
    (RFC 3207: nothing but the greetings goes before it, and a server that has none is refused),
    or b"tls" where the connection is secured from the start.
    """

    def __init__(self, name, sender, recipients, size, username=b"", password=b"", tls=b"none"):
        if not recipients:
            raise ValueError("nobody to send to")
        for text in [name, sender] + recipients:
            if not text or [c for c in text if not 32 < c < 127 or c in b"<>"]:
                raise ValueError("not an address")
        self._name = name
        self._sender = sender
        self._recipients = recipients
        self._size = size
        self._username = username
        self._password = password
        self._tls = tls
        self._state = "greeting"
        self._accepted = 0  # recipients
        self._mechanisms = ()
        self._starttls = False  # the server offers it
        self._limit = None  # bytes that the server takes; 0 is no limit, None it does not tell
        self._line = bytearray()
        self._lines = 0
        self._code = 0
        self._text = b""

    def receive(self, data):
        """Take what the server has sent. Returns None: more is needed; bytes to be sent;
        SEND_MESSAGE, DONE or START_TLS. Raises Refused, Malformed: the connection is of no use any
        more.
        """
        for at in range(len(data)):
            c = data[at]
            if c != 10:
                if len(self._line) >= _MAX_LINE:
                    raise Malformed(b"the server's answer has no end")
                self._line.append(c)
                continue
            if self._take(bytes(self._line).rstrip(b"\r")):
                self._line = bytearray()
                # What the server says behind its consent takes nothing back.
                if at + 1 < len(data) and self._state != "message":
                    raise Malformed(b"the server answers before it is asked")
                return self._next()
            self._line = bytearray()
        return None

    def secured(self):
        """After START_TLS and the handshake: what is to be sent next. What the server has told
        before counts for nothing, as anybody could have said it.
        """
        self._tls = b"tls"
        self._mechanisms = ()
        self._limit = None
        return self._greeting(0)

    def _take(self, line):
        # A line of a reply; True for its last one.
        code = line[:3]
        more = line[3:4]
        if len(code) != 3 or not code.isdigit() or more not in (b" ", b"-", b""):
            raise Malformed(b"not a mail server")
        code = int(code)
        self._lines += 1
        if not 200 <= code <= 599 or (self._lines > 1 and code != self._code):
            raise Malformed(b"not a mail server")
        if self._lines > _MAX_LINES:
            raise Malformed(b"the server's answer has no end")
        self._code = code
        text = line[4:].strip()
        if self._state == "EHLO" and code == 250 and self._lines > 1:
            self._offer(text.upper().replace(b"=", b" ").split())
        elif text and len(self._text) < _MAX_TEXT:
            self._text += (b" " if self._text else b"") + text
        return more != b"-"

    def _offer(self, words):
        # What the server can do. `AUTH=LOGIN` is how old servers write it.
        if words[:1] == [b"AUTH"]:
            self._mechanisms = tuple(self._mechanisms) + tuple(words[1:])
        elif words[:1] == [b"SIZE"]:
            self._limit = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        elif words == [b"STARTTLS"]:
            self._starttls = True

    def _next(self):
        asked, good, what = _STATES[self._state]
        code = self._code
        text = self._text
        self._lines = 0
        self._text = b""
        if code in good:
            return _AFTER[self._state](self, code)
        if self._state == "EHLO" and code >= 500:
            return self._ask("HELO", b"HELO " + self._name)
        if code < 400:
            raise Malformed(b"unexpected answer %d to %s" % (code, asked))
        if self._state == "RCPT":
            what += b" " + self._recipients[self._accepted]
        raise Refused((b"%s refused: %d %s" % (what, code, self._shown(text))).rstrip())

    def _shown(self, text):
        # Fit for a terminal, and without what the server was told in confidence.
        small = text.lower()
        for secret in (self._password, _base64(self._password), self._credentials()):
            if self._username and secret and secret.lower() in small:
                return b""
        text = bytes([c if 32 <= c < 127 else 46 for c in text[: _MAX_TEXT + 1]])
        return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + b"..."

    def _ask(self, state, command):
        self._state = state
        return command + b"\r\n"

    # What follows a consent, by state

    def _greeting(self, code):
        return self._ask("EHLO", b"EHLO " + self._name)

    def _ehlo(self, code):
        if self._tls == b"starttls":
            if self._starttls:
                return self._ask("STARTTLS", b"STARTTLS")
            raise Refused(b"TLS refused: the server does not offer STARTTLS")
        if self._limit and self._size > self._limit:
            raise Refused(
                b"Message refused: %d bytes, the server takes %d" % (self._size, self._limit)
            )
        if not self._username:
            return self._mail()
        if _PLAIN in self._mechanisms:
            command = b"AUTH PLAIN " + self._credentials()
            return self._ask("PLAIN", command if len(command) <= _MAX_COMMAND else b"AUTH PLAIN")
        if _LOGIN in self._mechanisms:
            return self._ask("LOGIN", b"AUTH LOGIN")
        where = b" without TLS" if self._tls == b"none" else b""
        raise Refused(b"Login refused: the server offers none%s that is known here" % where)

    def _start_tls(self, code):
        self._state = "TLS"
        return START_TLS

    def _plain(self, code):
        if code == 334:
            return self._ask("password", self._credentials())
        return self._mail()

    def _login(self, code):
        return self._ask("username", _base64(self._username))

    def _ask_password(self, code):
        return self._ask("password", _base64(self._password))

    def _mail(self, code=0):
        size = b"" if self._limit is None else b" SIZE=%d" % self._size
        return self._ask("MAIL", b"MAIL FROM:<%s>%s" % (self._sender, size))

    def _first(self, code):
        return self._ask("RCPT", b"RCPT TO:<%s>" % self._recipients[0])

    def _another(self, code):
        self._accepted += 1
        if self._accepted < len(self._recipients):
            return self._ask("RCPT", b"RCPT TO:<%s>" % self._recipients[self._accepted])
        return self._ask("DATA", b"DATA")

    def _data(self, code):
        self._state = "message"
        return SEND_MESSAGE

    def _credentials(self):
        return _base64(b"\0%s\0%s" % (self._username, self._password))


_AFTER = {
    "greeting": Client._greeting,
    "EHLO": Client._ehlo,
    "HELO": Client._ehlo,
    "STARTTLS": Client._start_tls,
    "PLAIN": Client._plain,
    "LOGIN": Client._login,
    "username": Client._ask_password,
    "password": Client._mail,
    "MAIL": Client._first,
    "RCPT": Client._another,
    "DATA": Client._data,
    "message": lambda self, code: DONE,
}


def _base64(data):
    return binascii.b2a_base64(data)[:-1]
