"""`airwire run` without a terminal: one press, told in plain lines, and what became of it."""

import asyncio
from pathlib import Path

from airwire.board import pins
from airwire.errors import UserError
from airwire.run.console import Console
from airwire.run.control import ask
from airwire.run.scene import provision, stage
from airwire.wire import wwep
from airwire.wwep.server import Transaction

# A press shows at the server within 50 ms; with all its time-outs and a lost name server a write
# fails after 10 s.
_WRITE_SECONDS = 30.0


async def press_once(config: Path | None) -> None:
    """Set everything up, press the button, wait for the write. Raises UserError if it was not
    accepted.
    """
    async with stage(config, _tell, _tell_transaction) as scene:
        lines = _Lines()
        with Console(scene.board.uart0, lines.hear) as console:
            await provision(scene, console)
            before = console.position
            pressing = asyncio.create_task(ask(scene.board, "press", button="0", hold=0.1))
            try:
                _tell("press", "button 0")
                await _lit(scene.board)
                found = await console.expect(
                    rb"WWEP: W[0-9A-F]+ ([^\r\n]+)\r\n", before, _WRITE_SECONDS
                )
                await pressing
            except TimeoutError:
                raise UserError("a press, and no word of a write on the console") from None
            finally:
                pressing.cancel()
    if found[1] != b"accepted":
        raise UserError(f"the write was not accepted: {found[1].decode(errors='replace')}")
    if not scene.server.accepted:
        raise UserError("the board says accepted, but the server has accepted nothing")
    _tell("result", "the server has accepted the write")


async def _lit(board: object) -> None:
    try:
        await ask(board, "wait", key=f"pin {pins.LED}", equals=1, timeout=_WRITE_SECONDS)
    except UserError:
        raise UserError("a press, and the LED stays dark") from None
    _tell("LED", "lit")


def _tell(what: str, text: str) -> None:
    print(f"{what:<8} {text}", flush=True)


def _tell_transaction(transaction: Transaction) -> None:
    message, reply = (
        wwep.printable(data).decode() for data in (transaction.message, transaction.reply)
    )
    _tell("server", f"{message} -> {reply}")


class _Lines:
    """The console as lines: what stands there when a line ends, without what a terminal would
    have overwritten.
    """

    def __init__(self) -> None:
        self._rest = b""

    def hear(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            shown = line.rstrip(b"\r").rpartition(b"\r")[2]
            _tell("console", wwep.printable(shown).decode())
