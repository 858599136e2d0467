"""Emails as Python's own parser reads them: what came in is what comes out."""

import email
import email.policy
import re

from hypothesis import given
from hypothesis import strategies as st

from wire import mail, smtp

PRINTED = re.compile(r"[^\x00-\x1f\x7f]*")
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=120)
BODY = st.lists(
    st.binary(max_size=80)
    | st.sampled_from([b"\r\n", b"\n", b"\r", b".", b"..\r\n", b" \n", b"=", b"x" * 999, b"\xfc"]),
    max_size=12,
).map(b"".join)


def received(message):
    """What a server keeps: without the doubled dots and the end."""
    whole = b"".join(bytes(piece) for piece in message.pieces())
    assert whole.endswith(b"\r\n.\r\n") and b"\r\n.\r\n" not in whole[:-3]
    lines = whole[:-3].split(b"\r\n")
    kept = b"\r\n".join(line[1:] if line.startswith(b"..") else line for line in lines)
    return email.message_from_bytes(kept, policy=email.policy.SMTP)


@given(TEXT, TEXT, BODY, st.integers(1, 600))
def test_read_back(subject, name, body, block):
    name = name.strip()
    blocks = [bytearray(body[i : i + block]) for i in range(0, len(body), block)]
    sender = (name.encode(), b"anna@example.com")
    to = [(b"", b"b@example.org"), (b"C, D", b"c@example.net")]
    read = received(mail.Message(sender, to, subject.encode(), blocks, b"1.2"))
    assert read["subject"] == subject
    assert [(a.display_name, a.addr_spec) for a in read["to"].addresses] == [
        ("", "b@example.org"),
        ("C, D", "c@example.net"),
    ]
    (sent_by,) = read["from"].addresses
    assert sent_by.addr_spec == "anna@example.com"
    if name.isascii():
        assert " ".join(sent_by.display_name.split()) == " ".join(name.split())
    lines = re.split(b"\r\n|\r|\n", body)
    wanted = b"\r\n".join(lines) if not lines[-1] else b"\r\n".join([*lines, b""])
    assert (read.get_payload(decode=True) or b"") == wanted
    assert not read.defects


@given(st.binary(max_size=200))
def test_any_address_is_taken_or_refused(text):
    try:
        found = mail.addresses(text)
    except ValueError:
        return
    for name, at in found:
        assert PRINTED.fullmatch(name.decode("latin-1"))
        smtp.Client(b"[10.0.0.2]", at, [at], 1)


REPLY = st.sampled_from(
    [b"220 x\r\n", b"250 x\r\n", b"250-AUTH PLAIN LOGIN\r\n", b"334 x\r\n", b"354 x\r\n"]
    + [b"235 x\r\n", b"550 x\r\n", b"500\r\n", b"250-", b"\n", b"2"]
    + [b"250-STARTTLS\r\n", b"250 STARTTLS\r\n"]
)


@given(
    st.lists(REPLY | st.binary(max_size=20), max_size=20),
    st.sampled_from([b"", b"user"]),
    st.sampled_from([b"none", b"starttls", b"tls"]),
)
def test_any_answers(replies, username, tls):
    client = smtp.Client(b"[10.0.0.2]", b"a@b", [b"c@d"], 9, username, b"secret", tls)
    clear = tls == b"starttls"
    for reply in replies:
        try:
            step = client.receive(reply)
        except (smtp.Refused, smtp.Malformed) as refusal:
            assert PRINTED.fullmatch(refusal.args[0].decode()) and b"secret" not in refusal.args[0]
            return
        if step == smtp.DONE:
            return
        if step == smtp.START_TLS:
            assert clear
            clear = False
            step = client.secured()
        if clear:  # nothing of the message and no secret
            assert step is None or step.split()[0] in (b"EHLO", b"HELO", b"STARTTLS")
        assert step in (None, smtp.SEND_MESSAGE) or step.endswith(b"\r\n")
