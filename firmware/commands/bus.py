# The host's bus by command: uart_update, exit.
import asyncio

from firmware import board
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.live import uart

from .stream import integer


@command(b"uart_update", b"uartu", 1, 1)
def uart_update(session, args):
    """uart_update <UART>
    Give a UART the settings of uart.*, once the reply has left. What it has received and nobody
    has read is lost.
    """
    index = integer(args[0], 0, 1)
    settings = uart.Settings(index)
    if settings.refusal:
        raise CommandError(errors.FAILED, settings.refusal)
    port = session.device.ports[index]
    try:
        port.claim(settings)
    except board.GpioInUse as e:
        raise CommandError(errors.FAILED, b"GPIO %d is used by %s" % tuple(e.args))
    asyncio.create_task(_update(session, port, settings))


async def _update(session, port, settings):
    await session.replied()
    await port.drained()
    port.configure(settings)


@command(b"exit", b"exit")
def exit_(session, args):
    """exit
    Return from command mode to stream mode.
    """
    if not session.leave:
        raise CommandError(errors.FAILED, b"Not in stream mode")
    session.leave()
