# Emails by command: smtp_send.
import gc
import random
import time

from micropython import const

from firmware import forget
from firmware.console import errors, log
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import variables

_MAX_SIZE = const(8192)  # bytes of a text, which waits in RAM until the server takes it
_BLOCK = const(256)  # a heap that is nearly full still has such pieces
_MAX_RECIPIENTS = const(8)
_CLOCK_SET = const(800_000_000)  # seconds since 2000: see console/log.py


@command(b"smtp_send", b"smtp", 3, 3)
async def smtp_send(session, args):
    """smtp_send <to> <subject> <size>
    Send the <size> bytes that follow the command line as an email, through the server of
    email.smtp.host. <to> is an address or several with commas between; each may be name <address>.
    """
    if not args[2].isdigit():
        raise CommandError(errors.BAD_ARGUMENT)
    size = int(args[2])
    if size > _MAX_SIZE:
        raise CommandError(errors.BOUNDS)
    body = []
    failure = None
    try:
        gc.collect()
        from firmware.net import mailer  # code first: it needs larger pieces than the text

        sender, recipients = _people(args[0], args[1])
        gc.collect()
        body = [bytearray(min(_BLOCK, size - at)) for at in range(0, size, _BLOCK)]
    except CommandError as e:
        failure = e  # the host sends the text in any case: it is not commands
    except MemoryError:
        failure = CommandError(errors.FAILED, b"Out of memory")
    if size:
        await session.read_data(size, _Into(body).take if not failure else lambda data: None)
    try:
        if failure:
            raise failure
        await _send(session.device, mailer, sender, recipients, args[1], body)
    finally:
        for name in ("firmware.net.mailer", "wire.mail", "wire.smtp"):
            forget(name)
    log.line(log.STATUS, b"Email sent")


class _Into:
    # Bytes into blocks.
    def __init__(self, blocks):
        self._blocks = blocks
        self._at = 0

    def take(self, data):
        done = 0
        while done < len(data):
            block = self._blocks[self._at // _BLOCK]
            at = self._at % _BLOCK
            n = min(len(data) - done, len(block) - at)
            block[at : at + n] = data[done : done + n]
            done += n
            self._at += n


def _people(to, subject):
    # (sender, recipients) as wire/mail.py has them. Raises CommandError.
    from wire import mail

    sender = variables.get(b"email.name_address")
    for name in (b"email.name_address", b"email.smtp.host"):
        if not variables.get(name):
            raise CommandError(errors.FAILED, name + b" is not set")
    try:
        sender = mail.address(sender)
    except ValueError:
        raise CommandError(errors.FAILED, b"email.name_address is no address")
    try:
        recipients = mail.addresses(to)
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT, b"Not an address")
    if len(recipients) > _MAX_RECIPIENTS:
        raise CommandError(errors.BOUNDS, b"More than %d recipients" % _MAX_RECIPIENTS)
    try:
        mail.header(subject)
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT, b"A control character in the subject")
    return sender, recipients


async def _send(device, mailer, sender, recipients, subject, body):
    from wire import mail

    now = time.time()
    number = b"%d.%08x" % (now, random.getrandbits(32))
    moment = time.gmtime(now)[:7] if now > _CLOCK_SET else None
    message = mail.Message(sender, recipients, subject, body, number, moment)
    try:
        await mailer.send(
            device, variables.get, log, sender[1], [at for _, at in recipients], message
        )
    except mailer.MailFailed as e:
        raise CommandError(errors.FAILED, e.args[0])
