"""What a person sees of a WWEP server: a live table in a terminal, plain lines anywhere else.

Both print in a thread of their own and keep a bounded amount for it, so that a terminal that is
stopped (Ctrl-S) or a pipe that nobody reads never holds up a reply. What they show they take from
the transactions alone.
"""

import io
import os
import queue
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import IO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from airwire.wire import wwep, wwep_db
from airwire.wwep.server import Transaction

LINES_QUEUED = 1000  # lines that wait for a reader who stalls, before the news is dropped: 100 KB
ROWS_KEPT = 200  # transactions in the live table: more than a terminal has lines
REFRESH = 0.1  # seconds between two pictures: ten a second look live and cost little
STOP_WAIT = 1.0  # seconds that the end of the program waits for a terminal that stalls
GAP = 4  # columns between two tables that stand beside each other
FEWEST_ROWS = 4  # with less for each of two tables, the messages alone have the screen
UNBOUNDED = 1000  # columns to measure a table in: more than any reply makes it
CHROME = 6  # lines of a picture that are not rows: title, heads and rules, blank lines, summary

HEADING = "#  IP  Port  Message"


def is_live(stream: IO[str]) -> bool:
    """Whether the stream is a terminal that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")


def line(transaction: Transaction) -> str:
    """A transaction in the class server's four columns."""
    reply = wwep.printable(transaction.reply).decode()
    return f"{transaction.number}  {transaction.address}  {transaction.port}  {reply}"


class _Output(io.TextIOBase):
    """Text straight to a descriptor: no buffer, hence no lock to wait for when the program
    ends."""

    encoding = "utf-8"  # type: ignore[assignment]

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(self._descriptor, data) :]
        return len(text)

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


class Display(ABC):
    """The common part: a thread that prints. It calls `on_broken` when the output is gone."""

    def __init__(self, stream: IO[str], on_broken: Callable[[], None]) -> None:
        stream.flush()
        self.output = _Output(stream.fileno())
        self._on_broken = on_broken
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)

    def start(self, title: str) -> None:
        """Show where the server listens, and begin."""
        self.title = title
        self._thread.start()

    @abstractmethod
    def transaction(self, transaction: Transaction) -> None:
        """Show one more."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Something that is not a transaction; an empty text takes the last one back."""

    def finish(self, summary: str) -> None:
        """Print what is still waiting, then the summary as the last line."""
        self.summary = summary
        self._end()
        self._thread.join(STOP_WAIT)

    @abstractmethod
    def _end(self) -> None:
        """Have `_print` come to its end."""

    @abstractmethod
    def _print(self) -> None:
        """In the thread: print whatever comes until `_end`, and then `summary`."""

    def _run(self) -> None:
        try:
            self._print()
        except OSError:
            self._on_broken()


class PlainLines(Display):
    """A line for each transaction, flushed at once."""

    def __init__(self, stream: IO[str], on_broken: Callable[[], None]) -> None:
        super().__init__(stream, on_broken)
        self._lines: queue.Queue[str | None] = queue.Queue(LINES_QUEUED + 1)
        self._lost = 0

    def transaction(self, transaction: Transaction) -> None:
        self._put(line(transaction))

    def note(self, text: str) -> None:
        if text:
            self._put(text)

    def _put(self, text: str) -> None:
        if self._lines.qsize() >= LINES_QUEUED:
            self._lost += 1
            return
        if self._lost:
            text = f"({self._lost} lines lost: nobody was reading)\n{text}"
            self._lost = 0
        self._lines.put(text)

    def _end(self) -> None:
        self._lines.put(None)  # the one place that _put leaves free

    def _print(self) -> None:
        self.output.write(f"{self.title}\n{HEADING}\n")
        while (text := self._lines.get()) is not None:
            self.output.write(text + "\n")
        if self._lost:
            self.output.write(f"({self._lost} lines lost: nobody was reading)\n")
        self.output.write(self.summary + "\n")


class LiveTable(Display):
    """The last transactions and the registers, redrawn when something has happened."""

    def __init__(
        self,
        stream: IO[str],
        on_broken: Callable[[], None],
        registers: list[tuple[int, int, int]],
    ) -> None:
        super().__init__(stream, on_broken)
        self._console = Console(file=self.output)
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._stopping = threading.Event()
        # All below is shared between the threads, under the lock.
        self._rows: deque[Transaction] = deque(maxlen=ROWS_KEPT)
        self._registers = {(device, register): value for device, register, value in registers}
        self._accepted = 0
        self._count = 0
        self._note = ""

    def transaction(self, transaction: Transaction) -> None:
        found = wwep.parse_reply(transaction.reply, closed=True)
        with self._lock:
            self._rows.append(transaction)
            self._count = transaction.number
            if found[0] == wwep.ACCEPTED:
                self._accepted += 1
                self._registers.pop(found[1:3], None)  # the last one used stands last
                self._registers[found[1:3]] = found[3]
        self._changed.set()

    def note(self, text: str) -> None:
        with self._lock:
            self._note = text
        self._changed.set()

    def touch(self) -> None:
        """The terminal has another size."""
        self._changed.set()

    def _end(self) -> None:
        self._stopping.set()
        self._changed.set()

    def _print(self) -> None:
        with Live(self._picture(), console=self._console, screen=True, auto_refresh=False) as live:
            live.refresh()
            while not self._stopping.is_set():
                self._changed.wait()
                self._changed.clear()
                live.update(self._picture(), refresh=True)
                self._stopping.wait(REFRESH)
        self._console.print(self._tables(self._console.height - CHROME))
        self.output.write(self.summary + "\n")

    def _picture(self) -> RenderableType:
        with self._lock:
            count, accepted, size = self._count, self._accepted, len(self._registers)
            note = self._note
        rows = self._console.height - CHROME - bool(note)
        end = self._end_line(count, accepted, size)
        parts = [_text(self.title, "bold"), "", self._tables(rows), "", end]
        if note:
            parts.append(_text(note, "bold red"))
        return Group(*parts)

    def _end_line(self, count: int, accepted: int, registers: int) -> Text:
        """The counts, whole, and how to end the server as far as there is room."""
        width = self._console.width
        counts = summary(count, accepted, registers)
        if len(counts) > width:
            counts = f"{accepted} accepted, {count - accepted} refused"
        end = _text(counts, "bold")
        for hint in ("    Ctrl-C ends the server", "    Ctrl-C ends it", "  Ctrl-C ends it"):
            if len(counts) + len(hint) <= width:
                end.append(hint, style="dim")
                break
        return end

    def _tables(self, rows: int) -> RenderableType:
        with self._lock:
            transactions = list(self._rows)
            registers = list(self._registers.items())
        log = self._log(transactions[-max(rows, 2) :])
        beside = self._register_table(registers, max(rows, 2))
        if self._width(log) + GAP + self._width(beside) <= self._console.width:
            both = Table.grid(padding=(0, GAP, 0, 0))
            both.add_row(log, beside)
            return both
        half = (rows - 3) // 2  # the second table has a blank line and a head of its own
        if half < FEWEST_ROWS:
            return log
        below = self._register_table(registers, half)
        return Group(self._log(transactions[-half:]), "", below)

    def _log(self, transactions: list[Transaction]) -> Table:
        """The table of transactions, in the first form that shows all of them whole: with air
        between the columns, without, without the addresses.
        """
        forms = (
            {"air": True, "addresses": True},
            {"air": False, "addresses": True},
            {"air": False, "addresses": False},
        )
        for form in forms:
            log = _log_table(transactions, **form)
            if self._width(log) <= self._console.width:
                break
        return log

    def _register_table(self, registers: list[tuple[tuple[int, int], int]], rows: int) -> Table:
        """The registers used last, as many as there are rows."""
        last = registers[-1][0] if registers else None
        hidden = len(registers) - (rows - 1) if len(registers) > rows else 0
        shown = sorted(registers[hidden:])
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for name in ("Device", "Register", "Value"):
            table.add_column(name, no_wrap=True)
        for (device, register), value in shown:
            style = "bold" if (device, register) == last else ""
            table.add_row(f"{device:04X}", f"{register:02X}", f"{value:04X}", style=style)
        if hidden:
            table.add_row(Text(f"and {hidden} more", style="dim"))
        elif not shown:
            table.add_row(Text("none yet", style="dim"))
        return table

    def _width(self, table: Table) -> int:
        """The columns that a table takes when nothing is cut."""
        unbounded = self._console.options.update(max_width=UNBOUNDED)
        return Measurement.get(self._console, unbounded, table).maximum


def _log_table(transactions: list[Transaction], air: bool, addresses: bool) -> Table:
    look = {"box": box.SIMPLE_HEAD, "show_edge": False} if air else {"box": None}
    log = Table(pad_edge=False, padding=(0, 1) if air else (0, 1, 0, 0), **look)
    log.add_column("#", justify="right", no_wrap=True)
    if addresses:
        log.add_column("IP", no_wrap=True, min_width=9)
    log.add_column("Port", justify="right", no_wrap=True)
    log.add_column("Message", no_wrap=True, overflow="ellipsis", min_width=11)
    for transaction in transactions:
        number, address, port, reply = line(transaction).split("  ", 3)
        style = "green" if transaction.accepted else "red"
        middle = (Text(address), port) if addresses else (port,)
        log.add_row(number, *middle, Text(reply, style=style))
    if not transactions:
        empty = ("",) * (3 if addresses else 2)
        log.add_row(*empty, Text("no message yet", style="dim"))
    return log


def _text(text: str, style: str) -> Text:
    """One line of a picture, cut where the terminal ends."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def summary(count: int, accepted: int, registers: int) -> str:
    """The counts in a line."""
    return (
        f"{count} {'message' if count == 1 else 'messages'}: {accepted} accepted, "
        f"{count - accepted} refused; {registers} of {wwep_db.MAX_PAIRS} registers"
    )
