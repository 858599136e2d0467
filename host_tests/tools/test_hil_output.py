"""What `make hil` passes on of pytest's output: all of it, at once, but for the passkey."""

import pytest

from host_tests.board.redactor import Redactor
from host_tests.board.transcript import HIDDEN

SECRETS = ["correct horse", 'a"b\\c&<', "...........", "aab", ""]


def passed(redactor, text, cuts):
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return b"".join(map(redactor.passed, pieces)) + redactor.last()


@pytest.mark.parametrize("secret", SECRETS)
def test_the_secret_is_hidden_in_any_pieces(secret, rng, counts):
    shown = f"{secret} in '{secret!r}' &quot;aaab .".encode()
    whole = Redactor(secret).hidden(shown)
    assert not secret or secret.encode() not in whole and HIDDEN in whole
    for _ in range(counts(200, 5000)):
        cuts = sorted(rng.sample(range(len(shown) + 1), rng.randint(0, 8)))
        assert passed(Redactor(secret), shown, cuts) == whole


def test_what_is_no_part_of_it_is_shown_at_once():
    redactor = Redactor("correct horse")
    assert redactor.passed(b"test_files.py ..") == b"test_files.py .."
    assert redactor.passed(b"c") == b""
    assert redactor.passed(b".") == b"c."
    assert redactor.passed(b"correct hors") + redactor.last() == b"correct hors"
