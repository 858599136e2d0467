"""The driver in C at a port that says anything: it ends, and touches nothing but its buffers."""

import subprocess

import pytest

from host_tests.c.programs import sanitized

# What a module says, whole: the answers to the first lines of a driver, then those of streams.
GREETING = [b"R200013\r\nParse error\r\n", b"R000008\r\nSet OK\r\n", b"R000007\r\nReady\r\n"]
ANSWERS = [
    b"R000008\r\nSet OK\r\n",
    b"R000009\r\nSuccess\r\n",
    b"R000003\r\n0\r\n",
    b"R000003\r\n7\r\n",
    b"R000003\r\n2\r\n",
    b"R000000\r\n",
    b"R000002\r\n\r\n",
    b"R000007\r\n0,1\r\n1,0\r\n",
    b"R100016\r\nCommand failed\r\n",
    b"S300017\r\nUnknown command\r\n",
    b"L000014\r\nFile deleted\r\n",
    b"L000022\r\n[Disassociated at last]\r\n",
    b"R000500\r\n" + b"x" * 498 + b"\r\n",
    b"R099999\r\n",
    b"R000001\r\n",
    b"[Ready]\r\n> ",
    b"\r\n[2026-03-25 | 02:50:33: Ready]\r\n",
]
TABLES = [
    b"R0%05d\r\n! # Type  Info%s\r\n" % (16 + len(rows), rows)
    for rows in (
        b"",
        b"\r\n# 0 TCPC  a:1 (2)\r\n# 3 FILE  b",
        b"\r\n# 1 x y" * 8,
        b"\r\n# 1 x y" * 9,
        b"\r\n# 9 x",
        b"\r\n# 1 x\r# 2",
    )
]
MODES = (0, 1, 2)
FOR_EVER = 1
ROOMS = (0, 1, 2, 3, 8, 40, 300, 5000)
SECONDS = 250


@pytest.fixture(scope="session")
def fuzz(tmp_path_factory):
    """fuzz.c, compiled with the sanitizers."""
    return sanitized("fuzz.c", tmp_path_factory.mktemp("fuzz"))


def drive(program, cases):
    """How many calls had which result. A case: rooms, mode, what each line is answered by."""
    text = "".join(
        f"{room} {log} {mode} {','.join(piece.hex() for piece in pieces)}\n"
        for room, log, mode, pieces in cases
    )
    done = subprocess.run(
        [program], input=text, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(tuple(map(int, line.split())) for line in done.stdout.splitlines())


def mutated(rng, data):
    """Bytes with an error in them, or more than one; or without."""
    data = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 1, 3, 10])):
        at = rng.randint(0, len(data))
        how = rng.randrange(6)
        if how == 0:
            data[at : at + rng.choice([1, 1, 5])] = b""
        elif how == 1:
            data[at : at + 1] = rng.randbytes(1)
        elif how == 2:
            data[at:at] = rng.randbytes(rng.randint(1, 20))
        elif how == 3:
            data[at:at] = rng.choice([*ANSWERS, *GREETING])
        elif how == 4:
            data[at : at + 1] = rng.choice([b"9", b"0", b"R", b"\r", b"\n", b"\0"])
        else:
            data[at:at] = data[: rng.randint(0, 40)]
    return bytes(data)


def case(rng):
    """The answers to the calls of fuzz.c in their order, most of them right."""
    zero, two, success = b"R000003\r\n0\r\n", b"R000003\r\n2\r\n", b"R000009\r\nSuccess\r\n"
    nothing, gone = b"R000000\r\n", b"R100016\r\nCommand failed\r\n"
    read = rng.choice(
        [
            [b"R000005\r\nabc\r\n"],
            [nothing, zero],
            [nothing, two, nothing],
            [nothing, two, gone, b"R000005\r\n3,1\r\n"],
            [nothing, gone, b"R000005\r\n0,1\r\n"],
        ]
    )
    pieces = [b"", b"".join(GREETING), zero, success, zero, success, zero, zero, two, *read]
    pieces += [success] * 4 + [rng.choice(TABLES), success, b"".join(GREETING)]
    for _ in range(rng.choice([0, 0, 1, 2, 5])):
        pieces[rng.randrange(len(pieces))] = rng.choice(ANSWERS)
    if rng.random() < 0.3:
        at = rng.randrange(2, len(pieces))
        pieces[at:at] = [mutated(rng, pieces[at]), b"".join(GREETING)]
    if rng.random() < 0.5:
        pieces = [mutated(rng, piece) for piece in pieces]
    return rng.choice(ROOMS), rng.choice(ROOMS), rng.choices(MODES, (1000, 1, 20))[0], pieces


def test_mutated_answers(fuzz, rng, counts, figure):
    """Each result comes about: the cases get everywhere."""
    count = counts(3000, 100_000)
    results = drive(fuzz, [case(rng) for _ in range(count)])
    figure(f"{sum(results.values())} calls, by result: {results}")
    # The end of a stream comes about once in 10,000 calls.
    rare = counts(set(), {-5})
    assert set(results) >= {-8, -7, -6, -4, -3, -2, -1, 0, 1, 3} | rare


def test_noise(fuzz, rng, counts):
    """Bytes of no module, and of those that frames are made of."""
    letters = b"RSL0123456789\r\n> []Ready:"
    cases = [
        (
            rng.choice(ROOMS),
            rng.choice(ROOMS),
            0,
            [
                rng.choice([rng.randbytes(300), bytes(rng.choices(letters, k=300))])
                for _ in range(rng.randint(1, 5))
            ],
        )
        for _ in range(counts(500, 20_000))
    ]
    assert sum(drive(fuzz, cases).values()) >= 13 * len(cases)


@pytest.mark.parametrize(
    "said",
    [
        b"x",
        b"R",
        b"L000004\r\nab\r\n",
        b"R099999\r\n",
        b"L099999\r\n",
        b"R000001\r\n",
        b"\r\n> ",
        b"[Ready]",
        b"R000008\r\nSet OK\r\n",
        b"R000008\r\nSet OK\r\nR000007\r\nReady\r\n",
    ],
)
def test_a_line_that_is_never_silent(fuzz, said):
    """Every call ends all the same, and none with success."""
    results = drive(fuzz, [(100, 100, FOR_EVER, [said])])
    assert results
    assert set(results) <= {-3, -2}
