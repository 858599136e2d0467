# main.py of a board that tries random lines of get, set and help on itself, as a session executes
# them, and prints how many gave which code, or what went wrong. It starts when a line comes. The
# test puts its own in place of what stands between two @.
#
# What must hold: nothing is ever raised but the documented errors; what `set` has accepted is what
# a saved file gives back; the values kept are those that differ from their defaults.
import asyncio
import random
import sys

from firmware import device
from firmware.console.session import Session
from firmware.store import saved, settings, variables

_CODES = (0, 4, 5, 6, 7)  # no other can be the answer
_CONSOLE = b"system.cmd."  # its settings are a preset's: some are kept though equal to the default
_VALUES = (
    b'"" 0 1 -1 2 3 7 39 40 255 65535 65536 4294967296 99999999999999999999 on off true all none '
    b"default wlan softap raw out in ood ms utc 115200 12345 1.2.3.4 255.255.255.255 +5:30 -12:30 "
    b"static_on|static_off|fast_blink|slow_blink gpio4|gpio27 02:aa:bb:cc:dd:ee input pull up "
    b'human machine uptime none\\x00 \\xff\\xfe \\\\ \\" . .. a.b.c 1_0 0x10 auto wpa2_aes bgn'
).split()
_NAMES = b"""@NAMES@""".split(b"\n")


def word():
    if random.getrandbits(1):
        return random.choice(_VALUES)
    name = random.choice(_NAMES)
    kind = random.getrandbits(4)
    if kind < 8:
        return name
    i = random.randrange(len(name) + 1)
    if kind < 10:
        return name[:i]
    if kind < 12:
        return name[i:] or b'""'
    byte = b"\\x%02x" % random.getrandbits(8)
    return name[:i] + byte + name[i + (kind & 1) :]


def line():
    words = [random.choice((b"get", b"set", b"set", b"set", b"help"))]
    if random.getrandbits(2):
        words.append(random.choice(_NAMES))
    words += [word() for _ in range(random.getrandbits(2))]
    return b" ".join(words)


def check():
    # A file of the present values gives back these values.
    before = dict(variables.values)
    rows = settings.parse(settings.dump(before))
    variables.values.clear()
    for row in rows:
        saved.assign(row[0], row[-1], row[1] if len(row) > 2 else None)
    for key in before:
        if not key.startswith(_CONSOLE) and key != b"system.print_level":
            assert variables.values.get(key) == before[key], (key, before[key])
    for key in variables.values:
        assert variables.values[key] == before[key], key
    variables.values.clear()
    variables.values.update(before)


class Port:
    overruns = 0


async def main():
    parts = device.Device()
    parts.ports = (Port, Port)
    faults = []
    parts.fault = lambda name, exc: faults.append(exc)
    session = Session(None, "test", parts)
    random.seed(int("@SEED@"))
    codes = {}
    for i in range(int("@COUNT@")):
        text = line()
        code, answer = await session.execute(text)
        if faults:
            sys.print_exception(faults[0])
            raise AssertionError(text)
        assert code in _CODES, (text, code, answer)
        if not isinstance(answer, bytes):
            assert sum([len(row) + 2 for row in answer]) == answer.size, text
        codes[code] = codes.get(code, 0) + 1
        parts.close_streams()  # once system.cmd.buffered was set, lists are kept there
        if i % 50 == 0:
            check()
            parts.wdt.feed()
        if len(variables.values) > 40:  # the heap is that of a chip
            variables.values.clear()
    # More than a start reads is never written.
    for i in range(settings.MAX_SIZE // 1000 + 1):
        variables.values[b"%d" % i] = b"\1" * 250  # a kilobyte each, as it is written
    try:
        settings.save()
    except OSError as e:
        assert e.errno == settings.EFBIG
    else:
        raise AssertionError("saved")
    return codes


sys.stdin.readline()  # somebody listens
try:
    print("tried", sorted(asyncio.run(main()).items()))
except BaseException as e:
    sys.print_exception(e)
    print("failed")
