# The break sequence: found whole and in pieces, and whatever only resembles it passes untouched.
from wire import breakin

SEQUENCE = b"+++"


def passed(pieces, quiet=True, sequence=SEQUENCE):
    """What goes to the peer when these pieces come, each after less than any silence that counts;
    a None is such a silence. Then True when the sequence was complete at the end.
    """
    detector = breakin.Detector(sequence, quiet)
    out = b""
    for piece in pieces:
        if piece is None:
            held = detector.silence()
            if held < 0:
                return out, True
        else:
            held = detector.take(piece, len(piece))
            if held < 0:
                continue
        out += sequence[:held]
        if piece:
            out += piece
    return out, False


def splits(data):
    """Every way to cut the data into pieces."""
    for cuts in range(1 << len(data) - 1):
        pieces = [data[:1]]
        for i in range(1, len(data)):
            if cuts >> i - 1 & 1:
                pieces.append(data[i : i + 1])
            else:
                pieces[-1] += data[i : i + 1]
        yield pieces


def test_the_sequence_in_any_pieces():
    for sequence in (b"$", b"$$$", b"+++AT", b"abcabd"):
        for pieces in splits(sequence):
            assert passed(pieces + [None], True, sequence) == (b"", True)


def test_without_silence_before_it_is_data():
    for pieces in splits(SEQUENCE):
        assert passed(pieces + [None], False) == (SEQUENCE, False)
        assert passed([b"x"] + pieces + [None]) == (b"x" + SEQUENCE, False)


def test_what_only_resembles_it_passes_in_any_pieces():
    for data in (b"++", b"++a", b"+++a", b"++++", b"+++++++", b"a+++", b"+", b"++\r\n"):
        for pieces in splits(data):
            assert passed(pieces + [None]) == (data, False), pieces


def test_a_repetition_inside_the_sequence():
    # b"abcab" is the beginning, and ends with a beginning: no second start is looked for.
    assert passed([b"abcab", b"cabd", None], True, b"abcabd") == (b"abcabcabd", False)


def test_after_a_look_alike_silence_is_needed_again():
    detector = breakin.Detector(SEQUENCE, True)
    assert detector.take(b"++x", 3) == 0
    assert detector.take(b"+++", 3) == 0
    assert detector.silence() == 0
    assert detector.quiet
    assert detector.take(b"+++", 3) == -1
    assert detector.silence() == -1


def test_the_times():
    detector = breakin.Detector(SEQUENCE, True)
    assert detector.wait_ms() == breakin.QUIET_MS
    detector.take(b"+", 1)
    assert detector.wait_ms() == breakin.GAP_MS
    detector.take(b"++", 2)
    assert detector.wait_ms() == breakin.GUARD_MS
    assert breakin.GUARD_MS < breakin.GAP_MS < breakin.QUIET_MS


def test_only_the_bytes_that_came_are_looked_at():
    # The buffer is longer than what was read into it.
    detector = breakin.Detector(SEQUENCE, True)
    assert detector.take(b"+++++", 3) == -1
    assert detector.silence() == -1
