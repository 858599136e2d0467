"""What a board says, made safe for the terminal that has a bar below it.

Text, line control and the sequences that stay within the console's lines pass; what would change
the terminal itself (its margins, modes, character sets, titles) or ask it for an answer does not;
one question is noted, that for the width: whoever drew the bar can answer it.
What comes out ends at a character and outside any sequence, so that something may be drawn then.
"""

import codecs

# Whatever is longer is no sequence but noise: the longest SGR in use has 20.
_SEQUENCE_MAX = 64
# A title or a colour definition that is skipped; beyond it the end was lost.
_STRING_MAX = 1024

_CONTROLS = "\a\b\t\n\r"
# Cursor up, down, right, left, column; erase in display and line; delete, insert and erase
# characters; colours.
_SAFE_FINALS = "ABCDGJKP@Xm"
_PLACE_FINALS = "Hf"
# The question for the width: where the cursor is when it has gone right as far as it goes. Neither
# passes.
_FAR_RIGHT, _WHERE = "\x1b[999C", "\x1b[6n"
# What begins a string, which has its own end: OSC, DCS, APC, PM, SOS.
_STRINGS = ("\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX")
_PARAMETERS = "0123456789;:"


class Escapes:
    """A filter with a memory of unfinished characters and sequences."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._sequence = ""
        self._last = ""  # CSI sequence
        self.width_questions = 0  # that have come since this was last set to 0

    def feed(self, data: bytes, rows: int) -> str:
        """What of `data` may be shown in a console of `rows` lines."""
        shown = []
        for character in self._decoder.decode(data):
            if self._sequence:
                shown.append(self._continued(character, rows))
            elif character == "\x1b":
                self._sequence = character
            elif character in _CONTROLS or (
                character >= " " and not "\x7f" <= character <= "\x9f"
            ):
                shown.append(character)
        return "".join(shown)

    def _continued(self, character: str, rows: int) -> str:
        """One more character of a sequence; returns the sequence if it ends so, and may pass."""
        if character == "\x1b" and not self._sequence.startswith(_STRINGS):
            self._sequence = character  # the one before was never finished
            return ""
        sequence = self._sequence = self._sequence + character
        kind = sequence[1]
        if kind == "[":
            ended = len(sequence) > 2 and "\x40" <= character <= "\x7e"
        elif sequence.startswith(_STRINGS):
            ended = character == "\a" or sequence.endswith("\x1b\\")
            ended = ended or len(sequence) > _STRING_MAX
        else:
            ended = not " " <= character <= "/"
        if character in "\r\n" or (kind == "[" and len(sequence) > _SEQUENCE_MAX):
            self._sequence = ""  # noise: a line that ends is worth more than the sequence
            return character if character in "\r\n" else ""
        if not ended:
            return ""
        self._sequence = ""
        if kind != "[":
            return ""
        last, self._last = self._last, sequence
        self.width_questions += (last, sequence) == (_FAR_RIGHT, _WHERE)
        return _passing(sequence, rows)


def _passing(sequence: str, rows: int) -> str:
    """A whole CSI sequence if it is harmless, one that places the cursor kept above the bar."""
    final, parameters = sequence[-1], sequence[2:-1]
    if any(character not in _PARAMETERS for character in parameters):
        return ""
    if final in _SAFE_FINALS:
        return sequence if sequence != _FAR_RIGHT else ""
    if final in _PLACE_FINALS:
        row, _, column = parameters.partition(";")
        place = min(int(row or 1), rows) if row.isdigit() or not row else 1
        return f"\x1b[{place};{column or 1}H"
    return ""
