"""The two lines below the console: what they say in how many columns. Text and colours, no
terminal.
"""

from collections import deque
from dataclasses import dataclass, field

from airwire.wire import wwep
from airwire.wwep.server import Transaction

# More than the widest terminal has room for.
_TRANSACTIONS_KEPT = 10

# WLAN.status() with an address.
_GOT_IP = 1010

# SGR parameters of each style, and without colours. The first line is reversed.
_COLOURS = {
    "bar": "7",
    "lit": "1;30;43",
    "pressed": "1;30;46",
    "plain": "",
    "accepted": "32",
    "refused": "31",
}
_MONOCHROME = {**_COLOURS, "lit": "1", "pressed": "1", "accepted": "", "refused": ""}

_HINTS = ("Ctrl-B press  Ctrl-X quit", "^B press ^X quit", "")

Pieces = list[tuple[str, str]]  # text and style, from left to right


@dataclass
class State:
    """What is shown."""

    pressed: bool = False
    lit: bool = False
    board: str = "starting"
    wlan: int = 0
    accepted: int = 0
    refused: int = 0
    transactions: deque[Transaction] = field(
        default_factory=lambda: deque(maxlen=_TRANSACTIONS_KEPT)
    )

    def transaction(self, transaction: Transaction) -> None:
        """Count one more."""
        self.transactions.appendleft(transaction)
        self.accepted += transaction.accepted
        self.refused += not transaction.accepted


def lines(state: State, width: int, colour: bool) -> tuple[str, str]:
    """Both lines, exactly `width` columns each, with their SGR sequences."""
    palette = _COLOURS if colour else _MONOCHROME
    return (
        _paint(_first(state, width), "bar", width, palette),
        _paint(_second(state, width), "plain", width, palette),
    )


def _first(state: State, width: int) -> Pieces:
    """The state, in words as long as there is room for."""
    for form in (_long, _medium, _short):
        between = " " if form is _short else "|"
        pieces = [piece for segment in form(state) for piece in (segment, (between, "bar"))][:-1]
        if _length(pieces) <= width:
            break
    return pieces


def _button(state: State, released: str, pressed: str) -> tuple[str, str]:
    return (f" {pressed} ", "pressed") if state.pressed else (f" {released} ", "bar")


def _led(state: State) -> tuple[str, str]:
    return (" LED lit ", "lit") if state.lit else (" LED dark ", "bar")


def _radio(state: State) -> tuple[str, str]:
    if state.board != "running":
        return f" board {state.board} ", "bar"
    return f" Wi-Fi {'up' if state.wlan == _GOT_IP else 'down'} ", "bar"


def _server(state: State, text: str) -> tuple[str, str]:
    return " " + text.format(state.accepted, state.refused), "bar"


def _long(state: State) -> Pieces:
    return [
        _button(state, "button 0 released", "button 0 pressed"),
        _led(state),
        _radio(state),
        _server(state, "server: {} accepted, {} refused"),
    ]


def _medium(state: State) -> Pieces:
    return [
        _button(state, "button up", "button down"),
        _led(state),
        _radio(state),
        _server(state, "{} accepted, {} refused"),
    ]


def _short(state: State) -> Pieces:
    return [
        _button(state, "up", "down"),
        _led(state),
        _server(state, "{} accepted, {} refused"),
    ]


def _second(state: State, width: int) -> Pieces:
    """The last transactions, newest first, and how to press and quit where there is room."""
    shown: Pieces = [(" ", "plain")]
    for transaction in state.transactions:
        text = f"{_text(transaction.message)} -> {_text(transaction.reply)}"
        style = "accepted" if transaction.accepted else "refused"
        if len(shown) > 1 and _length(shown) + len(text) + 3 + len(_HINTS[0]) > width:
            break
        shown += [(text, style), ("   ", "plain")]
    if not state.transactions:
        shown.append(("no write yet", "plain"))
    left = width - _length(shown) - 1
    hint = next(hint for hint in _HINTS if len(hint) <= max(left, 0))
    return [*shown, (" " * (left - len(hint)) + hint, "plain")]


def _text(data: bytes) -> str:
    return wwep.printable(data).decode()


def _length(pieces: Pieces) -> int:
    return sum(len(text) for text, _ in pieces)


def _paint(pieces: Pieces, ground: str, width: int, palette: dict[str, str]) -> str:
    painted, left = "", width
    for text, style in (*pieces, (" " * width, ground)):
        text = text[: max(left, 0)]
        left -= len(text)
        if text:
            painted += f"\x1b[0;{palette[style]}m{text}"
    return painted + "\x1b[0m"
