"""Emails by command: what a mail server gets, and what the host is told when it does not."""

import threading
import time

import pytest

from host_tests.board import live, peers
from host_tests.board.mail import PASSWORD, USERNAME, MailServer, script, to_the_message
from host_tests.board.tls_peers import issued, put, root, server_context

pytestmark = [pytest.mark.needs("wifi"), pytest.mark.long, pytest.mark.sampled(6)]

# The answers of a peer come at once, or what is tested is their absence.
WAIT_MS = 300


def online(board, port, print_level=0, **settings):
    console = board.machine(print_level)
    board.join(console)
    board.configure(
        console,
        email_name__address="Anna Berg <anna@example.com>",
        email_smtp_host=board.peer(console),
        email_smtp_port=port,
        **settings,
    )
    return console


def send(console, body=b"Hello\n", to="bert@example.org", subject="Hi"):
    console.logs.clear()
    return console.run(f'smtp_send "{to}" "{subject}" {len(body)}', body)


def test_a_message(board):
    with MailServer() as server:
        console = online(board, server.port, print_level=3)
        body = "Gr\u00fc\u00dfe\n.\n..\r\nlast line ".encode()
        reply = send(
            console, body, "bert@example.org, C <c@example.net>", "K\u00e4lte im S\u00fcden"
        )
        assert (reply.code, reply.text) == (0, b"Success")
        assert reply.logs[-1] == b"Email sent" and reply.logs[0].startswith(b"Connecting (SMTP): ")
        name, envelope, message = server.next()
        assert name == f"[{console.ok('get network.ip')}]"
        assert envelope.mail_from == "anna@example.com"
        assert envelope.rcpt_tos == ["bert@example.org", "c@example.net"]
        assert str(message["from"]) == "Anna Berg <anna@example.com>"
        assert message["subject"] == "K\u00e4lte im S\u00fcden"
        assert message.get_payload(decode=True) == (
            "Gr\u00fc\u00dfe\r\n.\r\n..\r\nlast line \r\n".encode()
        )
        assert message["message-id"] and not message["date"]
        # Once the clock is set it has a date; text that any server takes is sent as it is.
        console.ok("set time.rtc 1790000000")
        assert send(console, b"plain\n.\n").code == 0
        _, envelope, message = server.next()
        assert message["date"].datetime.timestamp() - 1790000000 < 60
        assert envelope.content.endswith(b"\r\n\r\nplain\r\n.\r\n")
        assert message["content-transfer-encoding"] == "7bit"
    # MicroPython warns there of what compares bytes with text.
    assert b"Warning" not in board.uart0.quiet()


def test_sizes(board, rng, counts):
    """By byte count: nothing, and all that fits; what does not fit has no data phase."""
    with MailServer() as server:
        console = online(board, server.port)
        for body in (b"", b"x", b"line\r\n" * 85, b"\xfc" * 513, rng.randbytes(8192)):
            assert send(console, body).code == 0
            sent = server.next()[2].get_payload(decode=True) or b""
            lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            assert sent == b"\r\n".join(lines if not lines[-1] else [*lines, b""])
        assert console.run("smtp_send a@b.c x 8193").code == 9
        assert console.run("smtp_send a@b.c x many").code == 7
        assert console.ok("get email.smtp.port") == str(server.port)

        def often():
            for _ in range(counts(1, 10)):
                assert send(console, b"x" * 4000).code == 0

        often()
        assert live.left_by(console, often) <= live.SLACK


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_login(board, peer):
    """By PLAIN and by LOGIN; the password is seen nowhere."""
    for exclude, mechanism in (((), "PLAIN"), (("PLAIN",), "LOGIN")):
        with MailServer(login=True, auth_exclude_mechanism=exclude) as server:
            console = online(board, server.port, print_level=5, email_smtp_username=USERNAME)
            console.ok(b'set email.smtp.password "%s"' % PASSWORD.replace('"', '\\"').encode())
            assert send(console).code == 0
            assert server.logins == [(mechanism, USERNAME, PASSWORD)]
            console.ok("set email.smtp.password wrong-horse")
            reply = send(console)
            assert reply.code == 1 and reply.text.startswith(b"Login refused: 535 ")
            assert b"wrong-horse" not in reply.text + b"".join(reply.logs)
            assert console.ok("get email.smtp.password") == "********"
            assert "wrong-horse" not in console.ok("get all")
            console.ok('set email.smtp.username ""')
            assert send(console).text.startswith(b"Sender refused: 530 ")
    board.configure(console, email_smtp_username="u", email_smtp_port=peer.port)
    peer.serve = script(b"220 hi\r\n", b"250 hi\r\n")
    assert send(console).text.startswith(b"Login refused: the server offers none")


def secured(board, port, tls, trusted="one", **settings):
    """A console of a board that sends by TLS and trusts an authority."""
    console = online(board, port, print_level=3, email_smtp_tls=tls, **settings)
    console.ok("set time.rtc 1790000000")
    put(console, "roots.pem", root(trusted))
    console.ok("set network.tls.ca_cert roots.pem")
    return console


@pytest.mark.whole_heap
@pytest.mark.needs("names")
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_tls(board, rng, tmp_path):
    """From the first byte and by STARTTLS, with a login that no server would take without, and the
    largest text.
    """
    console = None
    context = server_context(issued("host.airwire"), tmp_path)
    for tls, options in (
        ("tls", {"tls": context}),
        ("starttls", {"starttls": context, "auth_require_tls": True}),
    ):
        with MailServer(login=True, **options) as server:
            console = secured(board, server.port, tls, email_smtp_username=USERNAME)
            console.ok(b'set email.smtp.password "%s"' % PASSWORD.replace('"', '\\"').encode())
            for body in (b"Hello\n", rng.randbytes(8192)):
                reply = send(console, body)
                assert reply.code == 0, reply
                assert b"Starting TLS" in reply.logs
                server.next()
            assert server.logins[-1] == ("PLAIN", USERNAME, PASSWORD)
            # Without it: a server of either kind gets no name and no password.
            board.configure(console, email_smtp_tls="none", email_smtp_timeout=WAIT_MS)
            assert send(console).code == 1
            assert len(server.logins) == 2 and server.empty


@pytest.mark.whole_heap
@pytest.mark.needs("names")
def test_tls_that_is_not_had(board, peer, tmp_path):
    """Nothing is sent then, and it is said why."""
    for by, name, words in (
        ("nobody", "host.airwire", b"Error with TLS handshake: 5035 "),
        ("one", "other.airwire", b"Error with TLS handshake: 5037 "),
    ):
        context = server_context(issued(name, by=by), tmp_path)
        for tls, options in (("tls", {"tls": context}), ("starttls", {"starttls": context})):
            with MailServer(**options) as server:
                console = secured(board, server.port, tls)
                reply = send(console)
                assert reply.code == 1 and reply.text.startswith(words), reply
                assert server.empty
    board.configure(console, email_smtp_port=peer.port, email_smtp_timeout=WAIT_MS)
    board.configure(console, network_tls_handshake__timeout=1000)
    offer = (b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n")
    for behaviour, words in (
        (script(b"220 hi\r\n", b"250 hi\r\n"), "TLS refused: the server does not offer STARTTLS"),
        (script(*offer, b"454 not now\r\n"), "TLS refused: 454 not now"),
        (script(*offer, b"220 go\r\n250 hi\r\n"), "The server answers before it is asked"),
        (script(*offer, b"220 go\r\n", b"250 hi\r\n"), "Error with TLS handshake: 5007 "),
        (script(*offer, b"220 go\r\n"), "Error with TLS handshake: 5031 "),
    ):
        peer.serve = behaviour
        reply = send(console)
        assert reply.code == 1 and reply.text.decode().startswith(words), (words, reply)
    board.configure(console, email_smtp_tls="tls")
    peer.serve = script(b"220 hi\r\n")
    assert send(console).text.startswith(b"Error with TLS handshake: 5007 ")
    # All sockets are there again.
    board.configure(console, email_smtp_tls="none")
    with MailServer() as server:
        board.configure(console, email_smtp_port=server.port)
        assert send(console).code == 0


def test_arguments(board, peer):
    """What is wrong before anything is sent; the data that follow are no commands."""
    console = online(board, peer.port)
    text = b"reboot\r\n"
    for to, subject, code, words in (
        ("nobody", "x", 7, b"Not an address"),
        ("a@b.c,", "x", 7, b"Not an address"),
        (r"a@b.c\r\nDATA", "x", 7, b"Not an address"),
        ("a@b.c", r"x\r\nBcc: d@e.f", 7, b"A control character in the subject"),
        (",".join(["a@b.c"] * 9), "x", 9, b"More than 8 recipients"),
    ):
        reply = send(console, text, to, subject)
        assert (reply.code, reply.text) == (code, words), to
    for name, value, words in (
        ("email.name_address", "nobody", b"email.name_address is no address"),
        ("email.name_address", '""', b"email.name_address is not set"),
        ("email.smtp.host", '""', b"email.smtp.host is not set"),
    ):
        before = console.ok(f"get {name}")
        console.ok(f"set {name} {value}")
        reply = send(console, text)
        assert (reply.code, reply.text) == (1, words)
        console.ok(f'set {name} "{before}"')
    assert console.run("smtp_send a@b.c 5").code == 4
    assert console.run("smtp_send a@b.c x y 5").code == 5
    assert peer.requests.empty()


# What the server does, and what the host is told.
REFUSALS = {
    "nobody": (script(b"554 5.7.1 not you\r\n"), "Connection refused: 554 5.7.1 not you"),
    "no sender": (
        script(b"220 hi\r\n", b"250 hi\r\n", b"553 5.1.8 who?\r\n"),
        "Sender refused: 553 5.1.8 who?",
    ),
    "500 to all": (script(b"220 hi\r\n", *[b"500 what?\r\n"] * 9), "Greeting refused: 500 what?"),
    "no DATA": (
        script(b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"451 later\r\n"),
        "Message refused: 451 later",
    ),
    "not the message": (
        to_the_message(b"550-It is\r\n", b"550 spam\x1b[2J\r\n"),
        "Message refused: 550 It is spam.[2J",
    ),
    "wrong code": (
        script(b"220 hi\r\n", b"250 hi\r\n", b"354 go\r\n"),
        "Unexpected answer 354 to MAIL",
    ),
    "too soon": (
        script(b"220 hi\r\n250 hi\r\n"),
        "The server answers before it is asked",
    ),
    "another service": (script(b"SSH-2.0-OpenSSH_9.6\r\n"), "Not a mail server"),
    "a flood of lines": (peers.say(b"220-and\r\n" * 10_000), "The server's answer has no end"),
    "a flood without lines": (peers.flood, "Not asked"),
    "a close at once": (peers.close_at_once, "The mail server has closed the connection"),
    "a close in an answer": (
        script(b"220 hi\r\n", b"250-h", end=lambda connection: None),
        "The mail server has closed the connection",
    ),
    "a reset": (
        script(b"220 hi\r\n", b"", end=peers.end_by_reset),
        "Connection reset",
    ),
    "silence": (peers.hold, "No answer from the mail server"),
    "silence later": (script(b"220 hi\r\n", b"250-hi\r\n"), "No answer from the mail server"),
    "silence at the end": (to_the_message(b"250"), "No answer from the mail server"),
}


def endless(connection, peer):
    while not peer.ending.is_set():
        connection.sendall(b"2" * 1000)


def drip(connection, peer):
    """A line every now and then, each in time, without end."""
    while not peer.ending.wait(0.05):
        connection.sendall(b"220-wait\r\n")


REFUSALS["a flood without lines"] = (endless, "The server's answer has no end")
REFUSALS["a drip"] = (drip, "No answer from the mail server")


def test_refusals(board, peer):
    console = online(board, peer.port, email_smtp_timeout=WAIT_MS)
    for name, (behaviour, words) in REFUSALS.items():
        peer.serve = behaviour
        begun = time.monotonic()
        reply = send(console)
        assert (reply.code, reply.text.decode()) == (1, words), name
        assert time.monotonic() - begun < 20, name
    # And all is well afterwards: nothing is left open.
    with MailServer() as server:
        board.configure(console, email_smtp_port=server.port)
        for _ in range(9):
            assert send(console).code == 0
        reply = send(console, to="a@example.com,b@refused.example")
        assert reply.text == b"Recipient b@refused.example refused: 550 5.1.1 No such user here"
        assert send(console, b"x" * 5000).code == 0
    with MailServer(data_size_limit=900) as server:
        board.configure(console, email_smtp_port=server.port)
        reply = send(console, b"x" * 900)
        assert reply.text.startswith(b"Message refused: 1")
        assert reply.text.endswith(b" bytes, the server takes 900")
        assert server.empty


def test_a_slow_server(board, peer):
    """Answers that come late, in pieces and in many lines are answers; meanwhile the other console
    is served.
    """
    console = online(board, peer.port)
    usb = board.uart0
    usb.sync()
    asked = threading.Event()

    def serve(connection, peer):
        lines = connection.makefile("rb")
        for reply in (b"220-a\r\n220-\r\n220 b\r\n", b"250-a\r\n250 b\r\n", *[b"250 ok\r\n"] * 2):
            peer.ending.wait(0.1)
            for i in range(len(reply)):
                connection.sendall(reply[i : i + 1])
                peer.ending.wait(0.005)
            peer.requests.put(lines.readline())
        connection.sendall(b"354 go\r\n")
        while lines.readline() != b".\r\n":
            pass
        peer.requests.put(b"all")
        asked.wait(peers.WAIT)
        connection.sendall(b"250 done\r\n")
        peer.requests.put(lines.readline())

    peer.serve = serve
    console.send(b"smtp_send a@b.c x 2\r\nhi")
    while peer.next() != b"all":
        pass
    assert usb.command("get wlan.ssid") == [board.wifi[0]]
    asked.set()
    assert console.reply().code == 0
    assert peer.next() == b"QUIT\r\n"


def test_a_server_that_does_not_read(board, peer):
    """Or refuses in the middle of the message."""
    console = online(board, peer.port, email_smtp_timeout=WAIT_MS)
    body = b"x" * 8192

    def refuse(connection, peer):
        start = (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n")
        script(*start, b"354 go\r\n552 too long\r\n", end=lambda c: peers.hold(c, peer))(
            connection, peer
        )

    peer.serve = refuse
    assert send(console, body).text == b"The server answers before it is asked"

    def stall(connection, peer):
        connection.setsockopt(peers.socket.SOL_SOCKET, peers.socket.SO_RCVBUF, 2048)
        replies = (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")
        script(*replies, end=lambda c: peer.ending.wait())(connection, peer)

    peer.serve = stall
    assert send(console, body).text == b"No answer from the mail server"


def test_no_connection(board, closed_port):
    console = online(board, closed_port)
    assert send(console).text == b"Connection refused"
    console.ok("set email.smtp.host nobody.airwire")
    assert send(console).text == b"Name not found"
    console.ok("network_down")
    console.ok("set wlan.ssid nowhere")
    console.ok("set wlan.join.retries 1")
    assert send(console).text == b"Network is down"


@pytest.mark.needs("air")
def test_the_network_goes(board, peer):
    console = online(board, peer.port)
    peer.serve = script(b"220 hi\r\n", b"")
    console.send(b"smtp_send a@b.c x 2\r\nhi")
    assert peer.next().startswith(b"EHLO [")
    board.uart0.command("network_down")
    assert console.reply().text in (b"Network is down", b"Error 128")
