"""Output that is passed on without a secret in it, as soon as it comes."""

from xml.sax.saxutils import escape

from host_tests.board.transcript import HIDDEN


class Redactor:
    """Hides one secret in the output of a program, as it is, as Python shows it and as XML has it.
    An empty one is none.
    """

    def __init__(self, secret: str) -> None:
        forms = {secret, repr(secret)[1:-1], escape(secret), escape(secret, {'"': "&quot;"})}
        self._forms = [form.encode() for form in sorted(forms - {""}, key=len, reverse=True)]
        self._rest = b""

    def hidden(self, text: bytes) -> bytes:
        """A whole text without the secret."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def passed(self, piece: bytes) -> bytes:
        """What can be shown when another piece has come; what may be the beginning of the secret
        waits for the next one.
        """
        text = self.hidden(self._rest + piece)
        shown = len(text) - self._held(text)
        self._rest = text[shown:]
        return text[:shown]

    def last(self) -> bytes:
        """What is left at the end."""
        rest, self._rest = self._rest, b""
        return rest

    def _held(self, text: bytes) -> int:
        most = 0
        for form in self._forms:
            for size in range(most + 1, min(len(form), len(text) + 1)):
                if text.endswith(form[:size]):
                    most = size
        return most
