"""Download mode: the board's end of UART0 while a loader answers there instead of the firmware."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from airwire.board import paths
from airwire.board.nor import Nor
from airwire.board.rom.loader import Leave, Loader, Rom
from airwire.board.rom.registers import Registers
from airwire.board.rom.stub import Stub
from airwire.board.uart import Uart

_BAUD = 115200
# What the ROM says at that speed when it was started with GPIO0 low; esptool looks for it.
_BANNER = (
    b"ets Jul 29 2019 12:21:46\r\n\r\n"
    b"rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
    b"waiting for download\r\n"
)

# The loader takes what its host sends as it comes: only the next slice waits, whatever the speed.
_RING = 65_536


class Download:
    """From a reset with GPIO0 low to the next reset, or until the host has the firmware run."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        directory: Path,
        uart: Uart,
        mac: bytes,
        run: Callable[[], None],
    ) -> None:
        """`directory` is the board's. `run` is called when the firmware shall start; then this is
        to be closed.
        """
        self._loop, self._uart, self._run = loop, uart, run
        self._end = uart.attach()
        uart.capacity = _RING
        uart.receiver.starved = lambda: 0.0
        self._flash = Nor(directory / paths.FLASH, directory / paths.FLASH_COUNTERS)
        self._mac = mac
        self._outgoing = bytearray()
        self._end.setblocking(False)
        loop.add_reader(self._end, self._readable)
        self._start_rom()

    def close(self, power_lost: bool) -> None:
        """The chip is reset, or its power gone."""
        self._loop.remove_reader(self._end)
        self._loop.remove_writer(self._end)
        self._end.close()
        self._flash.close()
        self._uart.detach(power_lost)
        self._uart.default()

    def _start_rom(self) -> None:
        self._registers = Registers(self._mac)
        self._loader: Loader = Rom(self._flash, self._registers)
        self._send(_BANNER)

    def _readable(self) -> None:
        try:
            data = self._end.recv(65536)
        except BlockingIOError:
            return
        self._send(self._loader.receive(data))
        if self._loader.baud is not None:
            self._uart.set_baud(self._loader.baud)
            self._loader.baud = None
        if self._loader.leaves is Leave.RAM:
            self._loader = Stub(self._flash, self._registers)
            self._send(self._loader.greeting)
        elif self._loader.leaves is Leave.ROM:
            self._uart.set_baud(_BAUD)
            self._start_rom()
        elif self._loader.leaves is Leave.FIRMWARE:
            self._run()

    def _send(self, data: bytes) -> None:
        self._outgoing += data
        self._flush()

    def _flush(self) -> None:
        try:
            sent = self._end.send(self._outgoing) if self._outgoing else 0
        except BlockingIOError:
            sent = 0
        del self._outgoing[:sent]
        if self._outgoing:
            self._loop.add_writer(self._end, self._flush)
        else:
            self._loop.remove_writer(self._end)
