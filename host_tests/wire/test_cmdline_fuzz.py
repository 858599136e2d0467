"""Any bytes given to the splitter: only its documented errors, and quote() is always undone.

CPython only, as all *_fuzz.py.
"""

from hypothesis import example, given
from hypothesis import strategies as st

from wire.cmdline import MAX_ARGS, ParseError, split
from wire.quoting import quote

# Bytes that mean something to the splitter, often; any other, sometimes.
LINES = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from(
            [b" ", b"\t", b'"', b"\\", b"\\x", b"4", b"f", b"n", b"0", b"\xc3", b"a", b","]
        )
    ).map(b"".join),
)


@given(LINES)
@example(b"\\x\xb2\xb3")  # digits to str.isdigit(), not to us
def test_only_documented_errors(line):
    try:
        arguments = split(line)
    except ParseError as error:
        assert 0 <= error.position < len(line)
        return
    assert len(arguments) <= MAX_ARGS
    assert sum(map(len, arguments)) <= len(line)
    assert split(b" ".join(map(quote, arguments))) == arguments


@given(LINES, st.binary(max_size=20))
def test_the_rest_of_the_buffer_is_not_read(line, rest):
    def outcome(*arguments):
        try:
            return split(*arguments)
        except ParseError as error:
            return error.position, error.reason

    assert outcome(bytearray(line + rest), len(line)) == outcome(line)


@given(st.lists(st.binary(max_size=40), max_size=MAX_ARGS))
def test_quote_is_undone_by_split(values):
    assert split(b" ".join(map(quote, values))) == values


@given(st.binary(max_size=100))
def test_quote_leaves_nothing_that_a_terminal_would_act_on(value):
    assert all(byte >= 0x20 and byte != 0x7F for byte in quote(value))
