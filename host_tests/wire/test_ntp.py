# NTP: what is asked, what is believed of an answer, and what is not.
import struct

from checks import raises

from wire import ntp

COOKIE = b"\x01\x02\x03\x04\x05\x06\x07\x08"
# 2026-11-21 09:00:00 UTC, since 1970.
TIME = 1_795_251_600
SECOND = 1_000_000_000


def message(
    leap=0, version=4, mode=4, stratum=2, delay=0, dispersion=0, reference=b"\x0a\0\0\1",
    originate=COOKIE, received=0, sent=0,
):  # fmt: skip
    """An answer; received and sent in nanoseconds after TIME."""

    def stamp(after):
        ns = TIME * SECOND + after
        seconds = ns // SECOND
        # Rounded up, as what is read is cut off.
        fraction = -(-(ns - seconds * SECOND << 32) // SECOND)
        return struct.pack(">II", seconds + 2_208_988_800 & 0xFFFFFFFF, fraction)

    head = bytes((leap << 6 | version << 3 | mode, stratum, 6, 0xEC))
    return (
        head
        + struct.pack(">II", delay, dispersion)
        + reference
        + stamp(-100 * SECOND)
        + originate
        + stamp(received)
        + stamp(sent)
    )


def answer(data):
    return ntp.answer(bytearray(data), len(data), COOKIE)


def test_the_question():
    asked = ntp.question(COOKIE)
    assert len(asked) == ntp.SIZE
    assert asked[0] >> 6 == 0 and asked[0] >> 3 & 7 == 4 and asked[0] & 7 == 3
    assert asked[40:] == COOKIE and not any(asked[1:40])


def test_an_answer():
    assert answer(message()) == (TIME * SECOND, 0)
    found = answer(message(received=250_000_000, sent=750_000_000))
    assert found == (TIME * SECOND + 750_000_000, 500_000_000)
    for version in range(1, 8):
        assert answer(message(version=version))
    for stratum in range(1, 16):
        assert answer(message(stratum=stratum))
    assert answer(message() + bytes(20)) == answer(message())


def test_the_time_at_its_arrival():
    found = answer(message(received=0, sent=10_000_000))
    assert ntp.now(found, 30_000_000) == TIME * SECOND + 20_000_000
    assert ntp.now(found, 5_000_000) == TIME * SECOND + 10_000_000  # no way back in time


def test_the_next_era():
    # 2036-02-07 06:28:16 is second 0 of it.
    for seconds, since_1970 in (
        (0xFFFFFFFF, 2_085_978_495),
        (0, 2_085_978_496),
        (99, 2_085_978_595),
    ):
        stamp = struct.pack(">II", seconds, 1 << 31)
        data = message()[:32] + stamp + stamp
        assert answer(data) == (since_1970 * SECOND + 500_000_000, 0)


def test_what_is_no_answer_to_us():
    data = message()
    for n in range(ntp.SIZE):
        assert ntp.answer(bytearray(data), n, COOKIE) is None
    for mode in range(8):
        if mode != 4:
            assert answer(message(mode=mode)) is None
    assert answer(message(version=0)) is None
    for i in range(8):
        wrong = bytearray(COOKIE)
        wrong[i] ^= 1
        assert answer(message(originate=bytes(wrong))) is None
        assert answer(message(originate=bytes(wrong), stratum=0, reference=b"DENY")) is None
    assert answer(ntp.question(COOKIE)) is None


def test_the_kiss_of_death():
    for code in (b"DENY", b"RSTR", b"RATE"):
        assert raises(ntp.KissOfDeath, answer, message(stratum=0, reference=code)).args[0] == code
        # It says nothing else that counts.
        data = message(leap=3, stratum=0, reference=code)[:40] + bytes(8)
        assert raises(ntp.KissOfDeath, answer, data).args[0] == code
    error = raises(ntp.KissOfDeath, answer, message(stratum=0, reference=b"\0\xff\r\n"))
    assert error.args[0] == b""


def test_a_server_without_the_time():
    for wrong in (
        message(leap=3),
        message(stratum=16),
        message(stratum=255),
        message(delay=3 << 16),
        message(dispersion=3 << 15),
        message(delay=0xFFFFFFFF, dispersion=0xFFFFFFFF),
        message(received=1000, sent=0),
        message(received=-17 * SECOND),
        message()[:40] + bytes(8),
        message()[:32] + bytes(16),
    ):
        raises(ntp.NtpError, answer, wrong)
    assert answer(message(delay=1 << 16, dispersion=1 << 15))
    for leap in (1, 2):  # a leap second is announced
        assert answer(message(leap=leap))
