"""A mail server that we did not write (aiosmtpd), and one that says what it is told."""

import email
import email.policy
import queue
import socket

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from host_tests.board import peers

USERNAME, PASSWORD = "anna", 'tin "snips" \u00fc'


class MailServer:
    """`with MailServer() as server:` takes what comes; `next()` is the next message. With `login`
    nothing is taken without one. Recipients at `refused.example` are unknown. `tls` is the context
    with which a connection begins, `starttls` the one that it may go on with, and must.
    """

    def __init__(self, login=False, tls=None, starttls=None, **options):
        self._messages = queue.Queue()
        self.logins = []
        if login:
            options |= {"auth_required": True, "authenticator": self._authenticate}
        if starttls:
            options |= {"tls_context": starttls, "require_starttls": True}
        options.setdefault("auth_require_tls", False)
        self._controller = Controller(
            self, hostname=peers.ANY, port=_free_port(), ssl_context=tls, **options
        )
        self.port = self._controller.port

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *_):
        self._controller.stop()

    def _authenticate(self, server, session, envelope, mechanism, data):
        login = (mechanism, data.login.decode(), data.password.decode())
        self.logins.append(login)
        return AuthResult(success=login[1:] == (USERNAME, PASSWORD), handled=False)

    # aiosmtpd's hooks

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@refused.example"):
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self._messages.put((session.host_name, envelope))
        return "250 OK"

    def next(self):
        """(how the client introduced itself, envelope, message) of the next one."""
        name, envelope = self._messages.get(timeout=peers.WAIT)
        message = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        assert not message.defects
        return name, envelope, message

    @property
    def empty(self):
        return self._messages.empty()


def _free_port():
    with socket.socket() as sock:
        sock.bind((peers.ANY, 0))
        return sock.getsockname()[1]


def script(*replies, end=None):
    """A behaviour: says the first reply, then one more to each line; the lines go to
    `peer.requests`. `end(connection)` comes when there are no more.
    """

    def serve(connection, peer):
        lines = connection.makefile("rb")
        for number, reply in enumerate(replies):
            if number:
                peer.requests.put(lines.readline())
            connection.sendall(reply)
        if end:
            end(connection)
        else:
            peers.hold(connection, peer)

    return serve


def to_the_message(*replies):
    """A behaviour that takes all of a message, up to its dot, and then says these."""

    def serve(connection, peer):
        lines = connection.makefile("rb")
        for reply in (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            connection.sendall(reply)
            peer.requests.put(lines.readline())
        while (line := lines.readline()) != b".\r\n":
            assert line
        for reply in replies:
            connection.sendall(reply)
        peers.hold(connection, peer)

    return serve
