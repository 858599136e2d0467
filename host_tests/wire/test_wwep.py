# WWEP's codec and register table: every reply is written out from the protocol's description, none
# is computed by the code under test. Runs on CPython and on MicroPython: plain asserts only.

from wire import wwep, wwep_db

# One conversation with one server that starts empty: (message, reply, reply with its reason).
TALK = (
    # The protocol's own examples, in their order.
    (b"R0FAC0B", b"X", b"X Not Found"),
    (b"W0FAC0B1234", b"A0FAC0B1234", b"A0FAC0B1234"),
    (b"R0FAC0B", b"A0FAC0B1234", b"A0FAC0B1234"),
    (b"R0BAC0B", b"X", b"X Not Found"),
    (b"W01234", b"X", b"X illegal message length"),
    (b"W0FAC0B12G4", b"X", b"X illegal character"),
    (b"w0FAC0B1234", b"X", b"X illegal command"),
    (b"W0fac0babcd", b"A0FAC0BABCD", b"A0FAC0BABCD"),
    (b"R0FAC0B\n", b"A0FAC0BABCD", b"A0FAC0BABCD"),
    (b"W0FAC0B1234\n", b"A0FAC0B1234", b"A0FAC0B1234"),
    (b"W0FAC0B123456", b"X", b"X illegal message length"),
    # Ends of the ranges; each device has its own registers.
    (b"W0000000000", b"A0000000000", b"A0000000000"),
    (b"R000000", b"A0000000000", b"A0000000000"),
    (b"WFFFFFFFFFF", b"AFFFFFFFFFF", b"AFFFFFFFFFF"),
    (b"RFFFFFF", b"AFFFFFFFFFF", b"AFFFFFFFFFF"),
    (b"Rffffff\n", b"AFFFFFFFFFF", b"AFFFFFFFFFF"),
    (b"RFFFFFE", b"X", b"X Not Found"),
    (b"RFFFEFF", b"X", b"X Not Found"),
    (b"R0FAC00", b"X", b"X Not Found"),
    # A refused write leaves the register as it was.
    (b"W0FAC0B99", b"X", b"X illegal message length"),
    (b"W0FAC0B999x", b"X", b"X illegal character"),
    (b"R0FAC0B", b"A0FAC0B1234", b"A0FAC0B1234"),
    # Lengths: empty, one short, one long, two line feeds, CR LF, the other command's length.
    (b"", b"X", b"X illegal message length"),
    (b"\n", b"X", b"X illegal message length"),
    (b"R", b"X", b"X illegal message length"),
    (b"R0FAC0", b"X", b"X illegal message length"),
    (b"R0FAC0B1", b"X", b"X illegal message length"),
    (b"W0FAC0B", b"X", b"X illegal message length"),
    (b"R0FAC0B1234", b"X", b"X illegal message length"),
    (b"W0FAC0B123", b"X", b"X illegal message length"),
    (b"W0FAC0B12345", b"X", b"X illegal message length"),
    (b"R0FAC0B\n\n", b"X", b"X illegal message length"),
    (b"R0FAC0B\r\n", b"X", b"X illegal message length"),
    (b"W0FAC0B1234\r\n", b"X", b"X illegal message length"),
    (b"\nR0FAC0B", b"X", b"X illegal message length"),
    (b"W0FAC0B1234" * 100, b"X", b"X illegal message length"),
    # Commands.
    (b"r0FAC0B", b"X", b"X illegal command"),
    (b"A0FAC0B1234", b"X", b"X illegal command"),
    (b"X0FAC0B", b"X", b"X illegal command"),
    (b" 0FAC0B", b"X", b"X illegal command"),
    (b"\0\0\0\0\0\0\0", b"X", b"X illegal command"),
    (b"GET / HTTP\n", b"X", b"X illegal message length"),
    # Characters that a lenient number reader would take, and those beside the hex digits.
    (b"W 0FA0B1234", b"X", b"X illegal character"),
    (b"W+FAC0B1234", b"X", b"X illegal character"),
    (b"W-FAC0B1234", b"X", b"X illegal character"),
    (b"W0_AC0B1234", b"X", b"X illegal character"),
    (b"W0x1F0B1234", b"X", b"X illegal character"),
    (b"R0FAC 1", b"X", b"X illegal character"),
    (b"R0FACB ", b"X", b"X illegal character"),
    (b"R0FAC0\n\n", b"X", b"X illegal character"),
    (b"W0FAC0B12/4", b"X", b"X illegal character"),
    (b"W0FAC0B12:4", b"X", b"X illegal character"),
    (b"W0FAC0B12@4", b"X", b"X illegal character"),
    (b"W0FAC0B12`4", b"X", b"X illegal character"),
    (b"W0FAC0B12g4", b"X", b"X illegal character"),
    (b"W0FAC0B12\xc14", b"X", b"X illegal character"),
    (b"W0FAC0B12\xff4", b"X", b"X illegal character"),
    (b"W0FAC0B12\x114", b"X", b"X illegal character"),
    (b"W0FAC0B\0\0\0\0", b"X", b"X illegal character"),
    # A strict server refuses what AWEP sends.
    (b"R0FAC0B\0", b"X", b"X illegal message length"),
    (b"W0FAC0B1234\0", b"X", b"X illegal message length"),
    (b"R0FAC0B\0\0\0\0\0\0\0\0\0\0\0\0\0", b"X", b"X illegal message length"),
)

# The same with a tolerant server, where it differs or might.
TOLERANT_TALK = (
    (b"w0fac0b0001\0fillerfi", b"X illegal command"),
    (b"W0fac0b0001\0fillerfi", b"A0FAC0B0001"),
    (b"R0fac0b\0\0\0\0\0\0\0\0\0\0\0\0\0", b"A0FAC0B0001"),
    (b"R0fac0b\0", b"A0FAC0B0001"),
    (b"R0FAC0B\n\0filler", b"A0FAC0B0001"),
    (b"R0FAC0B", b"A0FAC0B0001"),
    (b"W0FAC0B0002\n", b"A0FAC0B0002"),
    (b"R0FAC0B\0fillerfillerf", b"X illegal message length"),  # 21 bytes
    (b"W0FAC0B000312", b"X illegal message length"),  # no NUL: nothing to ignore
    (b"\0W0FAC0B0003", b"X illegal message length"),
    (b"W0FAC0B\0003", b"X illegal message length"),
    (b"W0FA\0B0003", b"X illegal message length"),
    (b"W0FAC0B000G\0fillerfi", b"X illegal character"),
    (b"R0FAC0B", b"A0FAC0B0002"),
)

# (all bytes so far, result while open, result once closed)
REPLIES = (
    (b"", None, ("malformed", b"")),
    (b"A0FAC0B1234", ("accepted", 0x0FAC, 0x0B, 0x1234), ("accepted", 0x0FAC, 0x0B, 0x1234)),
    (b"A0000000000", ("accepted", 0, 0, 0), ("accepted", 0, 0, 0)),
    (b"Affffffffff", ("accepted", 65535, 255, 65535), ("accepted", 65535, 255, 65535)),
    (b"A0FAC0B1234\n", ("accepted", 0x0FAC, 0x0B, 0x1234), ("accepted", 0x0FAC, 0x0B, 0x1234)),
    (b"A0FAC050001\0", ("accepted", 0x0FAC, 5, 1), ("accepted", 0x0FAC, 5, 1)),
    (b"A0FAC050001\0\xff\1\2\3\4\5\6\7", ("accepted", 0x0FAC, 5, 1), ("accepted", 0x0FAC, 5, 1)),
    (b"A", None, ("malformed", b"A")),
    (b"A0FAC0B123", None, ("malformed", b"A0FAC0B123")),
    (b"A0FAC0B12345", ("malformed", b"A0FAC0B12345"), ("malformed", b"A0FAC0B12345")),
    (b"A0FAC0B1234\n\n", ("malformed", b"A0FAC0B1234\n\n"), ("malformed", b"A0FAC0B1234\n\n")),
    (b"A0FAC0B1234\r\n", ("malformed", b"A0FAC0B1234\r\n"), ("malformed", b"A0FAC0B1234\r\n")),
    (b"A0G", ("malformed", b"A0G"), ("malformed", b"A0G")),
    (b"A0FAC0B12 4", ("malformed", b"A0FAC0B12 4"), ("malformed", b"A0FAC0B12 4")),
    (b"A\n", ("malformed", b"A\n"), ("malformed", b"A\n")),
    (b"a0FAC0B1234", ("malformed", b"a0FAC0B1234"), ("malformed", b"a0FAC0B1234")),
    (b"W0FAC0B1234", ("malformed", b"W0FAC0B1234"), ("malformed", b"W0FAC0B1234")),
    (b"HTTP/1.1 400", ("malformed", b"HTTP/1.1 400"), ("malformed", b"HTTP/1.1 400")),
    (b"\0", ("malformed", b"\0"), ("malformed", b"\0")),
    (b"\n", ("malformed", b"\n"), ("malformed", b"\n")),
    (b" X", ("malformed", b" X"), ("malformed", b" X")),
    (b"x", ("malformed", b"x"), ("malformed", b"x")),
    (b"X", None, ("refused", b"")),
    (b"X\n", None, ("refused", b"")),
    (b"X ", None, ("refused", b"")),
    (b"X Not Found", None, ("refused", b"Not Found")),
    (b"X illegal message length", None, ("refused", b"illegal message length")),
    (b"X illegal command\r\n", None, ("refused", b"illegal command")),
    (b"X illegal character", None, ("refused", b"illegal character")),
    (b"X Database Full 401", None, ("refused", b"Database Full 401")),
    (b"XYZ", None, ("refused", b"YZ")),
    (b"X\0fillerfillerfiller", None, ("refused", b"")),
    (b"X Not Found\0fillerfi", None, ("refused", b"Not Found")),
    (b"X \x1b[2Jgone\x7f\xff", None, ("refused", b".[2Jgone..")),
    (b"X" + b"a" * 69, None, ("refused", b"a" * 69)),
    (b"X" + b"a" * 70, ("malformed", b"X" + b"a" * 70), ("malformed", b"X" + b"a" * 70)),
    (b"X" * 1000, ("malformed", b"X" * 71), ("malformed", b"X" * 71)),
    (b"B" * 1000, ("malformed", b"B" * 71), ("malformed", b"B" * 71)),
)


def raises(error, function, *args):
    try:
        function(*args)
    except error as caught:
        return caught
    raise AssertionError((function, args))


def test_ports_are_those_of_the_class():
    assert wwep.OPEN_PORT == 27708
    assert wwep.SECURE_PORT == 40508


def test_device_id_is_the_sum_of_the_octets():
    assert wwep.device_id(b"\x24\x6f\x28\xaa\xbb\xcc") == 0x2EC
    assert wwep.device_id(b"\xff\xff\xff\xff\xff\xff") == 0x5FA
    assert wwep.device_id(b"\0\0\0\0\0\0") == 0
    assert wwep.device_id(bytearray(b"\1\2\3\4\5\6")) == 21
    for mac in (b"", b"\1\2\3\4\5", b"\1\2\3\4\5\6\7"):
        raises(ValueError, wwep.device_id, mac)


def test_requests_are_upper_case_and_of_fixed_width():
    assert wwep.write_request(0x0FAC, 0x0B, 0x1234) == b"W0FAC0B1234"
    assert wwep.write_request(0xABCD, 0xEF, 0xFEDC) == b"WABCDEFFEDC"
    assert wwep.write_request(0, 0, 0) == b"W0000000000"
    assert wwep.write_request(0x2EC, 5, True) == b"W02EC050001"
    assert wwep.read_request(0x0FAC, 0x0B) == b"R0FAC0B"
    assert wwep.read_request(0xFFFF, 0xFF) == b"RFFFFFF"
    assert wwep.accepted(0x0FAC, 0x0B, 0xABCD) == b"A0FAC0BABCD"


def test_our_misuse_is_a_value_error():
    for args in (
        (-1, 0, 0),
        (65536, 0, 0),
        (0, -1, 0),
        (0, 256, 0),
        (0, 0, -1),
        (0, 0, 65536),
        (0, 0, 1 << 70),
        (0, 0, None),
        (b"0", 0, 0),
        (0, "0", 0),
        (0, 0, 1.5),
    ):
        raises(ValueError, wwep.write_request, *args)
        raises(ValueError, wwep.accepted, *args)
    for args in ((-1, 0), (65536, 0), (0, -1), (0, 256), (None, 0), (0, 0.5)):
        raises(ValueError, wwep.read_request, *args)
    raises(ValueError, wwep.refused, b"r" * 69)


def test_refusals():
    assert wwep.refused() == b"X"
    assert wwep.refused(b"") == b"X"
    assert wwep.refused(b"Not Found") == b"X Not Found"
    assert wwep.refused(b"r" * 68) == b"X " + b"r" * 68


def test_request_parses_to_its_parts():
    assert wwep.parse_request(b"W0fac0b1234") == (b"W", 0x0FAC, 0x0B, 0x1234)
    assert wwep.parse_request(b"R0FAC0B\n") == (b"R", 0x0FAC, 0x0B, None)
    assert wwep.parse_request(bytearray(b"R0FAC0B")) == (b"R", 0x0FAC, 0x0B, None)
    assert wwep.parse_request(memoryview(b"W0FAC0B0000")) == (b"W", 0x0FAC, 0x0B, 0)
    assert wwep.parse_request(memoryview(b"R0FAC0B\0filler"), True) == (b"R", 0x0FAC, 0x0B, None)


def test_request_error_carries_the_reason():
    assert raises(wwep.RequestError, wwep.parse_request, b"W").reason == b"illegal message length"
    assert raises(wwep.RequestError, wwep.parse_request, b"Q0FAC0B").reason == b"illegal command"
    error = raises(wwep.RequestError, wwep.parse_request, b"R0FAC0?")
    assert error.reason == b"illegal character"


def test_strict_server_without_and_with_reasons():
    for reasons in (False, True):
        database = wwep_db.Database()
        for line in TALK:
            got = wwep_db.answer(database, line[0], False, reasons)
            assert got == line[2 if reasons else 1], (line, got)


def test_tolerant_server():
    database = wwep_db.Database()
    for message, reply in TOLERANT_TALK:
        got = wwep_db.answer(database, message, True, True)
        assert got == reply, (message, got)
        bare = wwep_db.answer(database, message, True)
        assert bare == (b"X" if reply[:1] == b"X" else reply), (message, bare)


def test_tolerant_server_takes_all_that_a_strict_one_takes():
    strict, tolerant = wwep_db.Database(), wwep_db.Database()
    for message, reply, _ in TALK:
        wwep_db.answer(strict, message)
        got = wwep_db.answer(tolerant, message, True)
        assert reply[:1] == b"X" or got == reply, (message, got)


def test_replies_whole():
    for data, opened, closed in REPLIES:
        assert wwep.parse_reply(data) == opened, (data, wwep.parse_reply(data))
        assert wwep.parse_reply(data, True) == closed, (data, wwep.parse_reply(data, True))
        assert wwep.parse_reply(memoryview(data), True) == closed, data


def test_good_replies_byte_by_byte():
    # Every beginning of a good reply needs more, or already is the same answer.
    for data, _, closed in REPLIES:
        if closed[0] == "malformed":
            continue
        for size in range(len(data)):
            found = wwep.parse_reply(data[:size])
            assert found is None if size < 11 or data[:1] == b"X" else found == closed, data[:size]


def test_malformed_replies_stay_malformed():
    for data, opened, _ in REPLIES:
        if opened is not None and opened[0] == "malformed":
            assert wwep.parse_reply(data + b"!")[0] == "malformed", data
            assert len(wwep.parse_reply(data * 9)[1]) <= 71, data


def test_echo():
    assert wwep.check_echo((0x0FAC, 5, 1), (0x0FAC, 5, 1))
    assert not wwep.check_echo((0x0FAC, 5, 1), (0x0FAB, 5, 1))
    assert not wwep.check_echo((0x0FAC, 5, 1), (0x0FAC, 6, 1))
    assert not wwep.check_echo((0x0FAC, 5, 1), (0x0FAC, 5, 0))
    assert wwep.check_echo((0x0FAC, 5, None), (0x0FAC, 5, 7))
    assert not wwep.check_echo((0x0FAC, 5, None), (0x0FAC, 4, 7))
    assert not wwep.check_echo((0x0FAC, 5, 0), (0x0FAC, 5, 7))
    found = wwep.parse_reply(b"A0FAC050001")
    assert wwep.check_echo((0x0FAC, 5, 1), found[1:])


def test_printable():
    assert wwep.printable(b"X Not Found") == b"X Not Found"
    assert wwep.printable(b"\0\x1b[31m~\x7f\x80\xff\r\n") == b"..[31m~....."
    assert wwep.printable(b"") == b""


def test_database_keeps_401_pairs():
    database = wwep_db.Database()
    assert len(database) == 0 and database.items() == [] and database.get(1, 2) is None
    for n in range(401):
        reply = wwep_db.answer(database, b"W%04X%02X0001" % (n, n & 0xFF))
        assert reply == b"A%04X%02X0001" % (n, n & 0xFF)
    assert len(database) == 401
    assert wwep_db.answer(database, b"W0FAC0B1234") == b"X"
    assert wwep_db.answer(database, b"W0FAC0B1234", False, True) == b"X Database Full 401"
    assert wwep_db.answer(database, b"W0001020001", False, True) == b"X Database Full 401"
    assert wwep_db.answer(database, b"W000000ABCD", False, True) == b"A000000ABCD"
    assert wwep_db.answer(database, b"R019090", False, True) == b"A0190900001"
    assert len(database) == 401


def test_database_counts_changes_and_sorts():
    database = wwep_db.Database(3)
    assert database.put(2, 0, 7) and database.put(1, 255, 8) and database.put(1, 0, 9)
    assert database.changes == 3
    assert database.put(2, 0, 7)
    assert database.changes == 3
    assert database.put(2, 0, 0)
    assert database.changes == 4
    assert not database.put(3, 0, 0)
    assert database.changes == 4
    assert database.get(3, 0) is None and database.get(2, 0) == 0
    assert database.items() == [(1, 0, 9), (1, 255, 8), (2, 0, 0)]
