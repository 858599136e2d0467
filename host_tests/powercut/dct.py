# Scenarios of the DCT: changes of the table, from several states of its two copies.

import struct
from binascii import crc32

import esp32
from settings import firmware

# As wire/dct.py has them, which is in the flash that is not mounted yet.
_COPY = 32768
_MANUFACTURING, _VARIABLES, _IDENTITY = 1, 2, 3
_TEXT, _CERTIFICATE, _KEY, _ROOTS = 0, 1, 2, 3

_BLOCK = 4096
_COPIES = (range(8), range(8, 16))  # blocks of the partition

CHAIN = b"-----BEGIN CERTIFICATE-----\n" + b"QUJD" * 500
SERIAL = (_MANUFACTURING, b"serial", _TEXT, b"00017")
SSID = (_VARIABLES, b"wlan.ssid", _TEXT, b"factory")
SERVER = (
    (_IDENTITY, b"server", _CERTIFICATE, CHAIN),
    (_IDENTITY, b"server", _KEY, bytes(range(121))),
)
NEW_KEY = (_IDENTITY, b"server", _KEY, bytes(range(1, 122)))
ROOTS = (_IDENTITY, b"world", _ROOTS, b"0123456789abcdef" * 1100)
ALL_OF_SERVER = ((_IDENTITY, b"server", None),)


def change(put=(), remove=()):
    return firmware("store.dct").change(put, remove)


def copy(version, sequence, body):
    """A whole copy, erased to its end."""
    head = b"ADCT" + struct.pack("<III", version, sequence, len(body))
    data = head + struct.pack("<II", crc32(body, crc32(head)), 0) + body
    return data + b"\xff" * (_COPY - len(data))


def entry(section, name, kind, data):
    return struct.pack("<HBBB", len(data), section, kind, len(name)) + name + data


def write(first, second=b"\xff" * _COPY):
    """Make these the copies, as a flashing tool does."""
    esp32.Partition("dct").writeblocks(0, first + second)


class Change:
    """A change of a table that other changes have made."""

    keeps = False
    copy = 0  # which is written, and how much of it
    blocks = 1

    def __init__(self, name, before, put=(), remove=(), copy=0, blocks=1):
        self.name = name
        self.before = before
        self.put = put
        self.remove = remove
        self.copy = copy
        self.blocks = blocks

    def prepare(self, bench):
        for put in self.before:
            assert change(put)

    def operation(self):
        change(self.put, self.remove)

    def state(self):
        store = firmware("store.dct")
        found = []
        for section, name, kind, _, size in store.entries():
            data = store.read(section, name, kind)
            assert type(data) is bytes and len(data) == size
            found.append((section, name, kind, data))
        return found

    def shows(self, bench):
        # The other copy only, no more of it than is needed, and the commit mark last.
        first = esp32.Partition("dct").info()[2] // _BLOCK - bench.first
        log = [(kind, block - first) for kind, block in bench.log]
        erased = [block for kind, block in log if kind == "erase"]
        begin = _COPIES[self.copy][0]
        assert erased == list(range(begin, begin + self.blocks)), log
        assert {block for _, block in log} <= set(_COPIES[self.copy]), log
        return log[-2:] == [("program", begin)] * 2 and log[0] == ("erase", begin)


class Wrapping(Change):
    """The sequence begins again."""

    def prepare(self, bench):
        old = copy(2, 0xFFFF_FFFE, entry(*SERIAL))
        write(old, copy(2, 0xFFFF_FFFF, entry(*SERIAL) + entry(*SSID)))


class Migrating(Change):
    """The table was one of version 1."""

    def prepare(self, bench):
        body = struct.pack("<32s32s20s20s", b"Old maker", b"P1", b"S9", b"")
        body += b"\x30\x03key" + bytes(2043) + b"\x30\x03crt" + bytes(4091)
        write(copy(1, 4, body))


SCENARIOS = {
    "small": [
        Change("the first entry", (), [SERIAL]),
        Change("the second copy", ([SERIAL],), [SSID], copy=1),
        Change("both copies used", ([SERIAL], [SSID]), SERVER),
        Change("another key", ([SERIAL], SERVER), [NEW_KEY]),
        Change("an identity removed", (SERVER, [SERIAL]), (), ALL_OF_SERVER),
        Change("an identity replaced", (SERVER, [SERIAL]), [NEW_KEY], ALL_OF_SERVER),
        Wrapping("the sequence wraps", (), SERVER),
        Migrating("migrating", (), [SSID], copy=1),
    ],
    "large": [
        Change("several blocks", ([ROOTS], [SERIAL]), SERVER, blocks=5),
        Change("several blocks removed", (SERVER, [ROOTS]), (), [ROOTS[:3]]),
    ],
}
