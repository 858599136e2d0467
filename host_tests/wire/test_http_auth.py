# Basic authentication, and who has to wait. Runs on CPython and on MicroPython: plain asserts
# only.

from wire.http_auth import Attempts, challenge, is_basic, token

ADMIN = b"YWRtaW46cGFzc3dvcmQ="  # admin:password


def test_tokens():
    assert token(b"admin", b"password") == ADMIN
    assert token(b"", b"password") == token(b"admin", b"") == token(b"", b"") == b""
    assert token(b"\xc3\xa4", b"\x00\xff:") == b"w6Q6AP86"
    assert b"\n" not in token(b"u" * 64, b"p" * 64)


def test_what_is_right():
    for value in (
        b"Basic " + ADMIN,
        b"basic " + ADMIN,
        b"BASIC  " + ADMIN,
        b"bASIC   " + ADMIN,
    ):
        assert is_basic(value, ADMIN), value
    assert is_basic(b"Basic w6Q6AP86", token(b"\xc3\xa4", b"\x00\xff:"))


def test_what_is_wrong():
    for value in (
        b"",
        b"Basic",
        b"Basic ",
        ADMIN,
        b"Bearer " + ADMIN,
        b"Basic" + ADMIN,
        b"Basic\t" + ADMIN,
        b"Basic " + ADMIN[:-1],
        b"Basic " + ADMIN[:-4],
        b"Basic " + ADMIN + b"=",
        b"Basic " + ADMIN + b" ",
        b"Basic " + ADMIN + ADMIN,
        b"Basic " + ADMIN.lower(),
        b"Basic Y" + ADMIN,
        b"Basic Z" + ADMIN[1:],
        b"Basic " + ADMIN[:-2] + b"A=",
        b"Basic " + b"YWRtaW46" * 1000,
    ):
        assert not is_basic(value, ADMIN), value
    # As long as there is room for, and too long, however right.
    assert is_basic(b"Basic " + b"A" * 250, b"A" * 250)
    assert not is_basic(b"Basic " + b"A" * 251, b"A" * 251)


def test_challenges():
    for realm, text in (
        (b"", b"WiConnect"),
        (b"My module", b"My module"),
        (b"\xc3\xa4", b"\xc3\xa4"),
        (b'a"b\\c', b'a\\"b\\\\c'),
        (b"a\r\nSet-Cookie: x", b"WiConnect"),
        (b"a\0", b"WiConnect"),
    ):
        line = b'WWW-Authenticate: Basic realm="%s", charset="UTF-8"\r\n' % text
        assert challenge(realm) == line, realm


def fail(attempts, address, now, times=5):
    for _ in range(times):
        attempts.failed(address, now)


def test_five_are_free():
    attempts = Attempts([])
    fail(attempts, b"a", 100, 4)
    assert attempts.wait(b"a", 100) == 0
    attempts.failed(b"a", 100)
    assert attempts.wait(b"a", 100) == 30
    assert attempts.wait(b"a", 129) == 1
    assert attempts.wait(b"a", 130) == 0
    assert attempts.wait(b"b", 100) == 0


def test_then_one_for_each_wait():
    attempts = Attempts([])
    fail(attempts, b"a", 100)
    attempts.failed(b"a", 130)
    assert attempts.wait(b"a", 130) == 30
    attempts.failed(b"a", 429)
    assert attempts.wait(b"a", 429) == 30


def test_wrong_ones_are_forgotten():
    attempts = Attempts([])
    fail(attempts, b"a", 100)
    fail(attempts, b"a", 400, 4)
    assert attempts.wait(b"a", 400) == 0
    attempts.failed(b"a", 400)
    assert attempts.wait(b"a", 400) == 30
    # Only a pause as long as that counts, not the time since the first.
    attempts = Attempts([])
    for now in range(100, 1350, 250):
        attempts.failed(b"a", now)
    assert attempts.wait(b"a", 1100) == 30


def test_many_addresses_share():
    attempts = Attempts([])
    for n in range(7):
        fail(attempts, n, 100)
    for n in range(7, 11):
        attempts.failed(n, 100)
    assert attempts.wait(99, 100) == 0
    attempts.failed(11, 100)
    assert attempts.wait(99, 100) == attempts.wait(3, 100) == 30
    # Rows come free when they are forgotten.
    attempts.failed(12, 400)
    assert attempts.wait(99, 400) == attempts.wait(12, 400) == 0
    fail(attempts, 12, 400, 4)
    assert attempts.wait(99, 400) == 0
    assert attempts.wait(12, 400) == 30


def test_a_clock_that_jumps():
    attempts = Attempts([])
    fail(attempts, b"a", 100000)
    assert attempts.wait(b"a", 99999) == 0
    attempts.failed(b"a", 5)
    assert attempts.wait(b"a", 5) == 0
    fail(attempts, b"a", 6, 4)
    assert attempts.wait(b"a", 6) == 30
