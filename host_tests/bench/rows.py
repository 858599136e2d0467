"""A row of the bench, the table that a person reads, and the file that other programs read.

What is measured is in run.py. A row may have a budget, which is an upper bound, and a peer: what
the same was with something else in place of our code: already taken off the value, unless the
words say `in it` or `beside it`.
"""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """`value` in `unit`, at most `budget`; `peer_value` is what `peer` takes of the same unit."""

    name: str
    value: int
    unit: str
    budget: int | None = None
    peer: str | None = None
    peer_value: int | None = None

    @property
    def exceeds(self) -> bool:
        return self.budget is not None and self.value > self.budget


def publish(rows: Sequence[Row], path: Path, console: Console) -> int:
    """Print the table, write `path`, and return the exit code: 1 when a row exceeds its budget."""
    console.print(_table(rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1) + "\n")
    over = [row for row in rows if row.exceeds]
    for row in over:
        console.print(
            f"over budget: {row.name}: {row.value:,} {row.unit}, "
            f"{row.value - row.budget:,} more than {row.budget:,}",
            style="red",
        )
    return 1 if over else 0


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for heading in ("value", "budget", "used"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    table.add_column("peer", justify="right")
    table.add_column("")
    for row in rows:
        budgeted = row.budget is not None
        table.add_row(
            row.name,
            f"{row.value:,}",
            f"{row.budget:,}" if budgeted else "",
            f"{100 * row.value / row.budget:.0f} %" if row.budget else "",
            row.unit,
            "" if row.peer_value is None else f"{row.peer_value:,}",
            row.peer or "",
            style="red" if row.exceeds else None,
        )
    return table
