# The SMTP client: what it says to which answers, and what it makes of those it does not expect.
from checks import raises

from wire import smtp

GREETING = b"220 mx.example.com ESMTP\r\n"
HELLO = b"250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10000\r\n250 AUTH LOGIN PLAIN\r\n"
BARE = b"250 mx.example.com\r\n"
STARTTLS = b"250-mx.example.com\r\n250 STARTTLS\r\n"
OK = b"250 OK\r\n"
GO = b"354 go on\r\n"
PLAIN = b"AUTH PLAIN AHVzZXIAcGFzcw=="  # \0user\0pass


def client(username=b"", password=b"", to=(b"b@example.org",), size=500, tls=b"none"):
    return smtp.Client(b"[10.0.0.2]", b"a@example.com", list(to), size, username, password, tls)


def dialogue(smtp_client, *replies):
    # What the client says to each reply; b"" for what is not bytes.
    said = []
    for reply in replies:
        step = smtp_client.receive(reply)
        said.append(step[:-2] if isinstance(step, bytes) else step)
    return said


def at(state, **options):
    # A client that waits for the answer to `state`.
    made = client(**options)
    for name, reply in (
        ("greeting", GREETING),
        ("EHLO", HELLO),
        ("MAIL", OK),
        ("RCPT", OK),
        ("DATA", GO),
        ("message", OK),
    ):
        if name == state:
            return made
        made.receive(reply)


def test_a_message():
    made = client(to=(b"b@example.org", b"c@example.net"))
    assert dialogue(made, GREETING, HELLO, OK, OK, b"251 forwarded\r\n", GO, b"250 id 1\r\n") == [
        b"EHLO [10.0.0.2]",
        b"MAIL FROM:<a@example.com> SIZE=500",
        b"RCPT TO:<b@example.org>",
        b"RCPT TO:<c@example.net>",
        b"DATA",
        smtp.SEND_MESSAGE,
        smtp.DONE,
    ]


def test_login():
    made = client(b"user", b"pass")
    assert dialogue(made, GREETING, HELLO, b"235 2.7.0 welcome\r\n", OK)[1:] == [
        PLAIN,
        b"MAIL FROM:<a@example.com> SIZE=500",
        b"RCPT TO:<b@example.org>",
    ]
    # A server that asks for what was said already.
    said = dialogue(client(b"user", b"pass"), GREETING, HELLO, b"334 \r\n", b"235 ok\r\n")
    assert said[2:] == [PLAIN[11:], b"MAIL FROM:<a@example.com> SIZE=500"]
    for offer in (b"AUTH LOGIN", b"auth login", b"AUTH=LOGIN", b"AUTH CRAM-MD5 LOGIN XOAUTH2"):
        hello = b"250-mx\r\n250-%s\r\n250 HELP\r\n" % offer
        replies = (b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n", b"235 ok\r\n")
        assert dialogue(client(b"user", b"pass"), GREETING, hello, *replies)[1:] == [
            b"AUTH LOGIN",
            b"dXNlcg==",
            b"cGFzcw==",
            b"MAIL FROM:<a@example.com>",
        ]


def test_long_credentials_are_a_line_of_their_own():
    made = client(b"u" * 200, b"p" * 200)
    said = dialogue(made, GREETING, HELLO, b"334\r\n")
    assert said[1] == b"AUTH PLAIN"
    assert said[2].startswith(b"AHV1dXV1dXV1") and len(said[2]) == 536
    assert made.receive(b"235 ok\r\n").startswith(b"MAIL")


def test_no_login_that_is_known():
    for hello in (BARE, b"250-mx\r\n250-AUTH GSSAPI\r\n250 STARTTLS\r\n"):
        made = client(b"user", b"pass")
        made.receive(GREETING)
        words = raises(smtp.Refused, made.receive, hello).args[0]
        assert words == b"Login refused: the server offers none without TLS that is known here"

    made = client(b"user", b"pass", tls=b"tls")
    made.receive(GREETING)
    words = raises(smtp.Refused, made.receive, BARE).args[0]
    assert words == b"Login refused: the server offers none that is known here"


def test_starttls():
    made = client(b"user", b"pass", size=5000, tls=b"starttls")
    # What is offered before it counts for nothing: no login that is known, and a size too small.
    early = b"250-mx\r\n250-SIZE 10\r\n250-AUTH GSSAPI\r\n250 starttls\r\n"
    assert dialogue(made, GREETING, early, b"220 2.0.0 go\r\n") == [
        b"EHLO [10.0.0.2]",
        b"STARTTLS",
        smtp.START_TLS,
    ]
    assert made.secured() == b"EHLO [10.0.0.2]\r\n"
    assert dialogue(made, b"250-mx\r\n250 AUTH PLAIN\r\n", b"235 ok\r\n", OK, OK, GO, OK) == [
        PLAIN,
        b"MAIL FROM:<a@example.com>",
        b"RCPT TO:<b@example.org>",
        b"DATA",
        smtp.SEND_MESSAGE,
        smtp.DONE,
    ]
    # A login that was offered before it, and is not any more.
    made = client(b"user", b"pass", tls=b"starttls")
    dialogue(made, GREETING, b"250-mx\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", b"220 go\r\n")
    made.secured()
    assert raises(smtp.Refused, made.receive, BARE).args[0] == (
        b"Login refused: the server offers none that is known here"
    )


def test_starttls_that_is_not_had():
    # Nothing is sent in clear text instead.
    for hello in (BARE, HELLO, b"250-mx\r\n250 STARTTLSX\r\n", b"250 STARTTLS\r\n"):
        made = client(b"user", b"pass", tls=b"starttls")
        made.receive(GREETING)
        words = raises(smtp.Refused, made.receive, hello).args[0]
        assert words == b"TLS refused: the server does not offer STARTTLS", hello
    made = client(tls=b"starttls")
    assert dialogue(made, GREETING, b"500 what?\r\n")[1] == b"HELO [10.0.0.2]"
    words = raises(smtp.Refused, made.receive, BARE).args[0]
    assert words == b"TLS refused: the server does not offer STARTTLS"
    for reply, words in (
        (b"454 4.3.0 not now\r\n", b"TLS refused: 454 4.3.0 not now"),
        (b"502 never\r\n", b"TLS refused: 502 never"),
    ):
        made = client(tls=b"starttls")
        dialogue(made, GREETING, STARTTLS)
        assert raises(smtp.Refused, made.receive, reply).args[0] == words
    made = client(tls=b"starttls")
    dialogue(made, GREETING, STARTTLS)
    words = raises(smtp.Malformed, made.receive, OK).args[0]
    assert words == b"unexpected answer 250 to STARTTLS"


def test_what_is_said_before_tls_is_not_taken_for_said_under_it():
    # An answer in clear text behind the consent: somebody in between has put it there.
    for injected in (b"2", HELLO, b"250-mx\r\n250 AUTH PLAIN\r\n", b"\r\n"):
        made = client(b"user", b"pass", tls=b"starttls")
        dialogue(made, GREETING, STARTTLS)
        words = raises(smtp.Malformed, made.receive, b"220 go\r\n" + injected).args[0]
        assert words == b"the server answers before it is asked"
    made = client(tls=b"starttls")
    dialogue(made, GREETING, STARTTLS, b"220 go\r\n")
    words = raises(smtp.Malformed, made.receive, HELLO).args[0]
    assert words == b"unexpected answer 250 to nothing"


def test_old_servers():
    for refusal in (b"500 what?\r\n", b"502 5.5.1 no\r\n", b"550-no\r\n550 never\r\n"):
        assert dialogue(client(), GREETING, refusal, BARE, OK, OK)[1:] == [
            b"HELO [10.0.0.2]",
            b"MAIL FROM:<a@example.com>",
            b"RCPT TO:<b@example.org>",
            b"DATA",
        ]


def test_size():
    assert dialogue(client(size=10000), GREETING, HELLO)[1] == (
        b"MAIL FROM:<a@example.com> SIZE=10000"
    )
    made = client(size=10001)
    made.receive(GREETING)
    words = raises(smtp.Refused, made.receive, HELLO).args[0]
    assert words == b"Message refused: 10001 bytes, the server takes 10000"
    for offer in (b"SIZE", b"SIZE 0", b"SIZE many"):
        said = dialogue(client(), GREETING, b"250-mx\r\n250 %s\r\n" % offer)
        assert said[1] == b"MAIL FROM:<a@example.com> SIZE=500"


def test_refusals():
    for state, what in (
        ("greeting", b"Connection"),
        ("MAIL", b"Sender"),
        ("RCPT", b"Recipient b@example.org"),
        ("DATA", b"Message"),
        ("message", b"Message"),
    ):
        for code in (421, 450, 554):
            reply = b"%d 5.7.1 no\x1b[2J way\r\n" % code
            words = raises(smtp.Refused, at(state).receive, reply).args[0]
            assert words == b"%s refused: %d 5.7.1 no.[2J way" % (what, code)
    assert raises(smtp.Refused, at("EHLO").receive, b"421 bye\r\n").args[0] == (
        b"Greeting refused: 421 bye"
    )
    made = at("MAIL")
    words = raises(smtp.Refused, made.receive, b"550-first\r\n550-\r\n550 last\r\n").args[0]
    assert words == b"Sender refused: 550 first last"
    assert raises(smtp.Refused, at("MAIL").receive, b"550\r\n").args[0] == b"Sender refused: 550"
    words = raises(smtp.Refused, at("MAIL").receive, b"550 %s\r\n" % (b"x" * 900)).args[0]
    assert words == b"Sender refused: 550 " + b"x" * 160 + b"..."
    words = raises(smtp.Refused, at("MAIL").receive, b"400  %s\x7f \r\n" % (b"x" * 159)).args[0]
    assert words == b"Sender refused: 400 " + b"x" * 159 + b"."
    assert raises(smtp.Refused, at("MAIL").receive, b"599 no\r\n").args[0].endswith(b"599 no")
    words = raises(smtp.Malformed, at("MAIL").receive, b"200 yes\r\n").args[0]
    assert words == b"unexpected answer 200 to MAIL"


def test_secrets_are_not_said_again():
    for text in (
        b"unknown command AUTH PLAIN AHVzZXIAcGFzcw==",
        b"UNKNOWN: AHVZZXIACGFZCW==",
        b"cGFzcw== is wrong",
        b"your password is pass",
    ):
        for state in (2, 3):
            made = client(b"user", b"pass")
            replies = (GREETING, HELLO, b"235 ok\r\n")[:state]
            dialogue(made, *replies)
            words = raises(smtp.Refused, made.receive, b"535 %s\r\n" % text).args[0]
            assert words in (b"Login refused: 535", b"Sender refused: 535")
    made = client(b"user", b"pass")
    dialogue(made, GREETING, HELLO)
    words = raises(smtp.Refused, made.receive, b"535 5.7.8 try again\r\n").args[0]
    assert words == b"Login refused: 535 5.7.8 try again"


def test_unexpected_answers():
    for state, reply, words in (
        ("greeting", b"250 hello\r\n", b"unexpected answer 250 to the connection"),
        ("EHLO", b"354 go\r\n", b"unexpected answer 354 to EHLO"),
        ("MAIL", b"354 go\r\n", b"unexpected answer 354 to MAIL"),
        ("RCPT", b"220 hello\r\n", b"unexpected answer 220 to RCPT"),
        ("DATA", b"250 ok\r\n", b"unexpected answer 250 to DATA"),
        ("message", b"354 go\r\n", b"unexpected answer 354 to the message"),
    ):
        assert raises(smtp.Malformed, at(state).receive, reply).args[0] == words


def test_no_mail_server():
    for reply in (
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\r\n",
        b"22\r\n",
        b"220x\r\n",
        b"199 ?\r\n",
        b"600 ?\r\n",
        b"2x0 ?\r\n",
        b"220-one\r\n221 two\r\n",
    ):
        assert raises(smtp.Malformed, client().receive, reply).args[0] == b"not a mail server"


def test_floods():
    words = b"the server's answer has no end"
    assert raises(smtp.Malformed, client().receive, b"x" * 2000).args[0] == words
    made = client()
    for _ in range(100):
        assert made.receive(b"220-and\r\n") is None
    assert raises(smtp.Malformed, made.receive, b"220-so on\r\n").args[0] == words


def test_answers_before_they_are_asked_for():
    words = b"the server answers before it is asked"
    assert raises(smtp.Malformed, client().receive, GREETING + HELLO).args[0] == words
    assert raises(smtp.Malformed, at("MAIL").receive, OK + b"2").args[0] == words
    # But the message was accepted.
    assert at("message").receive(OK + b"421 I go\r\n") == smtp.DONE


def test_split_at_every_byte():
    replies = (GREETING, HELLO, b"334 \r\n", b"235-2\r\n235 ok\r\n", OK, OK, GO, OK)
    whole = dialogue(client(b"user", b"pass"), *replies)
    made = client(b"user", b"pass")
    said = []
    for reply in replies:
        for i in range(len(reply) - 1):
            assert made.receive(reply[i : i + 1]) is None
        said += dialogue(made, reply[-1:])
    assert said == whole
    # LF alone ends a line as well.
    bare = [reply.replace(b"\r", b"") for reply in replies]
    assert dialogue(client(b"user", b"pass"), *bare) == whole


def test_arguments():
    for sender, to in (
        (b"", [b"b@example.org"]),
        (b"a@example.com", []),
        (b"a@example.com", [b"b@example.org\r\nDATA"]),
        (b"a@example.com>", [b"b@example.org"]),
        (b"a b@example.com", [b"b@example.org"]),
        (b"a\x7f@example.com", [b"b@example.org"]),
    ):
        raises(ValueError, smtp.Client, b"[10.0.0.2]", sender, to, 1)
