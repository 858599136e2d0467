# The splitter of command lines, on CPython and on MicroPython.
import gc
import sys

from checks import raises

from wire import cmdline
from wire.cmdline import ParseError, TooManyArguments, split
from wire.quoting import quote

PLAIN = (
    (b"", []),
    (b"   \t ", []),
    (b"get", [b"get"]),
    (b"get wlan.ssid", [b"get", b"wlan.ssid"]),
    (b"  get\t wlan.ssid  ", [b"get", b"wlan.ssid"]),
    (b"write 0   12", [b"write", b"0", b"12"]),
    (b"set a b'c", [b"set", b"a", b"b'c"]),
    (b"a\x0bb\x0cc\rd\ne", [b"a", b"b", b"c", b"d", b"e"]),
    (b"\x00 \x1c\x7f", [b"\x00", b"\x1c\x7f"]),
    (b"set wl s caf\xc3\xa9 \xa0\x85\xff", [b"set", b"wl", b"s", b"caf\xc3\xa9", b"\xa0\x85\xff"]),
)
QUOTED = (
    (b'set wl s "my network"', [b"set", b"wl", b"s", b"my network"]),
    (b'set wl p ""', [b"set", b"wl", b"p", b""]),
    (b'""', [b""]),
    (b'"" ""', [b"", b""]),
    (b'""""', [b""]),
    (b'a"b c"d', [b"ab cd"]),
    (b'"a"b"c d" e', [b"abc d", b"e"]),
    (b' "a" ', [b"a"]),
    (b'"  a\t"', [b"  a\t"]),
    (b'"!\x01" !', [b"!\x01", b"!"]),
    (b'fde "\xff\xc3\xa9 x"', [b"fde", b"\xff\xc3\xa9 x"]),
)
ESCAPED = (
    (rb"\\ \" \n \r \t \0 \,", [b"\\", b'"', b"\n", b"\r", b"\t", b"\0", b","]),
    (rb"a\ b c", [b"a b", b"c"]),
    (b"\\ ", [b" "]),
    (rb"\x41\x7a\xfF\x00z", [b"Az\xff\0z"]),
    (rb'"\x20\"\\"', [b' "\\']),
    (rb'a "b\nc" d\"e', [b"a", b"b\nc", b'd"e']),
    (rb"\01", [b"\x001"]),
    (rb"\\n", [b"\\n"]),
    (rb"\x5cn", [b"\\n"]),
    (rb"\x22a b\x22", [b'"a', b'b"']),
)
BROKEN = (
    (b'"', 0),
    (b'get "', 4),
    (b'get "a b', 4),
    (b'a"b"c"d e', 5),
    (rb'"a\"', 0),
    (b"\\", 0),
    (b"abc\\", 3),
    (b'"abc\\', 4),
    (rb"\q", 0),
    (rb"a \X41", 2),
    (rb"\1", 0),
    (b"\\\xff", 0),
    (b"\\\t", 0),
    (rb"\x", 0),
    (rb"\x4", 0),
    (rb"ab\x4g", 2),
    (rb"\xg4", 0),
    (rb"\x 4", 0),
    (rb"\x+4", 0),
    (b'"\\x4" ', 1),
)
VALUES = (
    (b"", b'""'),
    (b"abc", b"abc"),
    (b"my network", b'"my network"'),
    (b" ", b'" "'),
    (b'say "hi"', rb'"say \"hi\""'),
    (b'"', rb"\""),
    (b"a\\b", rb"a\\b"),
    (b"a,b", b"a,b"),
    (b"\r\n\t\0", rb"\r\n\t\0"),
    (b"\x031", rb"\x031"),
    (b"\x7f\x1b[A", rb"\x7f\x1b[A"),
    (b"caf\xc3\xa9\xff", b"caf\xc3\xa9\xff"),
)


def _agree(line, arguments):
    found = split(line)
    assert found == arguments, (line, found)
    assert all(type(argument) is bytes for argument in found)


def test_plain_lines():
    for line, arguments in PLAIN:
        _agree(line, arguments)


def test_quotes_group():
    for line, arguments in QUOTED:
        _agree(line, arguments)


def test_escapes():
    for line, arguments in ESCAPED:
        _agree(line, arguments)


def test_errors_say_where():
    for line, position in BROKEN:
        error = raises(ParseError, split, line)
        assert error.position == position, (line, error.position)
        assert error.reason and str(error) == error.reason


def test_an_error_is_found_behind_good_arguments():
    for line, position in BROKEN:
        assert raises(ParseError, split, b'set "x" ' + line).position == 8 + position


def test_every_two_byte_escape():
    for byte in range(256):
        line = b"\\" + bytes((byte,))
        if line[1:] in (b"\\", b'"', b"n", b"r", b"t", b"0", b",", b" "):
            assert len(split(line)[0]) == 1
        else:
            assert raises(ParseError, split, line).position == 0


def test_every_byte_as_hexadecimal():
    for byte in range(256):
        for form in (b"\\x%02x", b"\\x%02X", b'"\\x%02x"'):
            assert split(form % byte) == [bytes((byte,))]


def test_length_leaves_the_rest_of_the_buffer_alone():
    for line, arguments in PLAIN + QUOTED + ESCAPED:
        buf = bytearray(line + b'" \\ trailing')
        before = bytes(buf)
        found = split(buf, len(line))
        assert found == arguments and buf == before
        assert all(type(argument) is bytes for argument in found)
        assert split(before, len(line)) == arguments


def test_a_bytearray_alone_gives_bytes():
    for line, arguments in PLAIN + QUOTED:
        found = split(bytearray(line))
        assert found == arguments and all(type(argument) is bytes for argument in found)


def test_cut_at_every_byte():
    # What a line gives when its end is missing is a prefix of what it gives whole, or a
    # ParseError.
    for line, arguments in PLAIN + QUOTED + ESCAPED:
        for length in range(len(line)):
            try:
                found = split(line, length)
            except ParseError as error:
                assert 0 <= error.position < length
                continue
            assert len(found) <= len(arguments)
            assert found[:-1] == arguments[: len(found) - 1] if found else True
            assert not found or arguments[len(found) - 1].startswith(found[-1])


def test_both_paths_agree():
    # An empty quoted part changes nothing but the way the line is taken.
    for line, arguments in PLAIN:
        if arguments:
            start = line.index(arguments[0])
            _agree(line[:start] + b'""' + line[start:], arguments)


def test_bound_on_arguments():
    full = [b"%d" % i for i in range(cmdline.MAX_ARGS)]
    for end in (b"", b" ", b" \t "):
        assert split(b" ".join(full) + end) == full
        assert split(b'""' + b" ".join(full) + end) == full
    line = b" ".join(full) + b"  one more "
    position = line.index(b"one")
    assert raises(TooManyArguments, split, line).position == position
    assert raises(TooManyArguments, split, b'""' + line).position == 2 + position
    assert issubclass(TooManyArguments, ParseError)


def test_quote_only_where_needed():
    for value, text in VALUES:
        assert quote(value) == text, (value, quote(value))
        assert type(quote(value)) is bytes


def test_quote_is_undone_by_split():
    values = [value for value, _ in VALUES]
    values += [bytes((byte,)) for byte in range(256)]
    values += [bytes((byte, 0x31, byte)) for byte in range(256)]
    values.append(bytes(range(256)))
    for value in values:
        assert split(quote(value)) == [value], value
        assert split(b"set x " + quote(value) + b" y") == [b"set", b"x", value, b"y"]


def test_quoted_values_can_be_typed():
    for byte in range(256):
        assert all(b >= 0x20 and b != 0x7F for b in quote(bytes((byte,))))


def test_memory_of_a_plain_line():
    # Two arguments as bytes, the list of them and the line itself: 160 bytes where words are of 4
    # bytes as on a chip. CPython has no such budget.
    if sys.implementation.name != "micropython":
        return
    word = 4 if sys.maxsize < 1 << 32 else 8
    buf = bytearray(b"get wlan.ssid" + bytes(100))
    split(buf, 13)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    split(buf, 13)
    taken = gc.mem_alloc() - before
    gc.enable()
    assert taken <= 40 * word, taken
