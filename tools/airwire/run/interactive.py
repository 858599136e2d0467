"""`airwire run` in a terminal: the board's console is the person's, the bar shows the rest.

Keys: Ctrl-B and the two that quit are ours, all others are the board's. Until the board has
joined, its console is typed at by `provision`; what a person types meanwhile waits.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from airwire.board import pins
from airwire.errors import UserError
from airwire.run import bar
from airwire.run.console import Console
from airwire.run.control import ask, watch
from airwire.run.scene import NAME, Scene, provision, stage
from airwire.run.screen import Screen
from airwire.wwep.server import Transaction

PRESS = 0x02  # Ctrl-B
QUIT = (0x18, 0x1D)  # Ctrl-X, Ctrl-]
INTERRUPT = 0x03  # Ctrl-C: the board's, once the console is the person's

_INTRODUCTION = (
    "",
    "This is the console of a virtual board. Try: help commands, get wlan, scan",
    "Ctrl-B presses its button: the LED flips, and the WWEP server is told so.",
    "Ctrl-X or Ctrl-] ends it all. Ctrl-C gives MicroPython, Ctrl-D Airwire again.",
)

# A finger's press, and the pause that the board needs to see two of them.
_HOLD_SECONDS, _PAUSE_SECONDS = 0.12, 0.06
# Presses ahead of the finger: as many as the board itself queues. A key that repeats ends soon.
_PRESSES_MAX = 8
# Typed ahead of the board's start. A person types a line or two.
_TYPED_MAX = 4096
# One read of the keyboard.
_KEYS_SIZE = 1024
# As a shell reports what Ctrl-C (SIGINT), or the end of the terminal (SIGHUP), has ended.
_INTERRUPTED, _HUNG_UP = 130, 129


async def interact(config: Path | None) -> int:
    """From the image to the end. Returns the exit code. Raises UserError."""
    state = bar.State()
    session: _Session | None = None

    def on_transaction(transaction: Transaction) -> None:
        state.transaction(transaction)
        if session is not None:
            session.changed()

    async with stage(config, _tell, on_transaction) as scene:
        _tell("tools", f"AIRWIRE_HOME={scene.home} airwire board status {NAME}")
        session = _Session(scene, state)
        code = await session.run()
    if code != _HUNG_UP:
        print("Board and server have ended; nothing of them is left.", flush=True)
    return code


def _tell(what: str, text: str) -> None:
    print(f"{what:<8} {text}", flush=True)


class _Session:
    """The time in which the screen is ours."""

    def __init__(self, scene: Scene, state: bar.State) -> None:
        self._scene, self._state = scene, state
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[int] = self._loop.create_future()
        self._presses: asyncio.Queue[None] = asyncio.Queue(_PRESSES_MAX)
        self._typed = b""
        self._handed_over = False
        self._colour = not os.environ.get("NO_COLOR")

    def changed(self) -> None:
        """The state has changed."""
        self._screen.refresh()

    async def run(self) -> int:
        """Until a key, or the end of the board. Returns the exit code. Raises UserError."""
        board = self._scene.board
        with (
            Screen(self._bar, room=self._hear_again) as self._screen,
            Console(board.uart0, self._hear, room=self._read_again) as self._console,
        ):
            work = (
                watch(board, f"pin {pins.BUTTONS['0']}", self._on_button),
                watch(board, f"pin {pins.LED}", self._on_led),
                watch(board, "state", self._on_board),
                watch(board, "wlan", self._on_wlan),
                self._press(),
                self._provide(),
            )
            tasks = [self._start(coroutine) for coroutine in work]
            keyboard = sys.stdin.fileno()
            self._loop.add_reader(keyboard, self._keys)
            try:
                return await self._end
            finally:
                self._loop.remove_reader(keyboard)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() and not self._end.done():
            self._end.set_exception(task.exception())

    def _finish(self, code: int) -> None:
        if not self._end.done():
            self._end.set_result(code)

    # What happens by itself

    async def _provide(self) -> None:
        try:
            await provision(self._scene, self._console)
        except UserError as error:  # the console is there all the same, and tells more
            self._screen.say(f"airwire: {error.message}")
        # Last, just above the prompt: what went before has scrolled away on a small screen.
        for line in _INTRODUCTION:
            self._screen.say(line)
        self._screen.show(b"> ")  # over which we have written
        self._handed_over = True
        self._send(self._typed)

    async def _press(self) -> None:
        while True:
            await self._presses.get()
            await ask(self._scene.board, "press", button="0", hold=_HOLD_SECONDS)
            await asyncio.sleep(_PAUSE_SECONDS)

    # What the board shows

    def _bar(self, columns: int) -> tuple[str, ...]:
        return bar.lines(self._state, columns, self._colour)

    def _on_button(self, level: int | None) -> None:
        self._state.pressed = level == 0
        self.changed()

    def _on_led(self, level: int | None) -> None:
        self._state.lit = level == 1
        self.changed()

    def _on_board(self, state: str) -> None:
        self._state.board = state
        self.changed()

    def _on_wlan(self, status: int) -> None:
        self._state.wlan = status
        self.changed()

    def _hear(self, data: bytes) -> None:
        self._screen.show(data)
        self._send(self._screen.answers())
        if self._screen.full:
            self._console.listen(False)

    def _hear_again(self) -> None:
        self._console.listen(True)

    # What the person types

    def _keys(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), _KEYS_SIZE)
        except OSError:
            data = b""
        if not data:
            self._finish(_HUNG_UP)
        typed = bytearray()
        for byte in data:
            if byte in QUIT:
                self._finish(0)
                return
            if byte == INTERRUPT and not self._handed_over:
                self._finish(_INTERRUPTED)
                return
            if byte != PRESS:
                typed.append(byte)
            elif not self._presses.full():
                self._presses.put_nowait(None)
        if self._handed_over:
            self._send(typed)
        else:
            self._typed = (self._typed + typed)[:_TYPED_MAX]

    def _send(self, data: bytes) -> None:
        if data:
            self._console.write(data)
        if self._console.full:
            self._loop.remove_reader(sys.stdin.fileno())

    def _read_again(self) -> None:
        self._loop.add_reader(sys.stdin.fileno(), self._keys)
