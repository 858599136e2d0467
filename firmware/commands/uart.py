# The UARTs by command: uart_update.
import asyncio

from firmware import board
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command
from firmware.store import lines

from .stream import integer


@command(b"uart_update", b"uartu", 1, 1)
def uart_update(session, args):
    """uart_update <UART>
    Give a UART the settings of uart.*, once the reply has left. What it has received and nobody
    has read is lost.
    """
    index = integer(args[0], 0, 1)
    line = lines.Settings(index)
    if line.refusal:
        raise CommandError(errors.FAILED, line.refusal)
    try:
        lines.claim(line)
    except board.GpioInUse as e:
        raise CommandError(errors.FAILED, b"GPIO %d is used by %s" % tuple(e.args))
    asyncio.create_task(_update(session, session.device.ports[index], line))


async def _update(session, port, line):
    await session.replied()
    while port.room() < port.buffer:  # until all that was written has left
        await asyncio.sleep_ms(port.wait_ms())
    port.configure(line)
