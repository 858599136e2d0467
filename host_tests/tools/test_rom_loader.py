"""The loader of download mode, byte for byte as Espressif's description of the serial protocol has
it: frames, commands, registers, and what it does to the flash. No board and no esptool here.
"""

import hashlib
import struct
import zlib

import pytest

from airwire.board import nor
from airwire.board.nor import Nor
from airwire.board.rom import protocol, slip
from airwire.board.rom.loader import Leave, Rom
from airwire.board.rom.protocol import Op
from airwire.board.rom.registers import Registers, crc8
from airwire.board.rom.stub import Stub

MAC = bytes.fromhex("246f28aabb07")
SIZE = 1 << 16

OK = b"\0\0"


class Host:
    """A host that takes a loader's answers apart."""

    def __init__(self, loader, pad=2):
        self.loader, self.pad = loader, pad
        self.decoder = slip.Decoder()

    def frames(self, data):
        return list(self.decoder.feed(self.loader.receive(data)))

    def ask(self, op, data=b"", check=0):
        """One command: its value, data and status."""
        request = struct.pack("<BBHI", 0, op, len(data), check) + data
        (frame,) = self.frames(slip.pack(request))
        direction, answered, size, value = struct.unpack_from("<BBHI", frame)
        body = frame[8:]
        assert (direction, answered, size) == (1, op, len(body))
        cut = len(body) - 2 - self.pad
        assert body[cut + 2 :] == bytes(self.pad)
        return value, body[:cut], body[cut : cut + 2]

    def words(self, op, *words):
        return self.ask(op, struct.pack(f"<{len(words)}I", *words))

    def block(self, op, number, data, check=None):
        body = struct.pack("<IIII", len(data), number, 0, 0) + data
        return self.ask(op, body, protocol.checksum(data) if check is None else check)[2]

    def sync(self):
        data = b"\x07\x07\x12\x20" + b"\x55" * 32
        return self.frames(slip.pack(struct.pack("<BBHI", 0, Op.SYNC, len(data), 0) + data))


@pytest.fixture
def flash(tmp_path):
    image = tmp_path / "flash.bin"
    image.write_bytes(bytes(range(256)) * (SIZE // 256))
    flash = Nor(image, tmp_path / "flash.stat")
    yield flash
    flash.close()


@pytest.fixture
def rom(flash):
    return Host(Rom(flash, Registers(MAC)))


@pytest.fixture
def stub(flash):
    return Host(Stub(flash, Registers(MAC)), pad=0)


# Frames


def test_slip_by_hand():
    assert slip.pack(b"a\xc0b\xdbc") == b"\xc0a\xdb\xdcb\xdb\xddc\xc0"
    assert list(slip.Decoder().feed(b"\xc0a\xdb\xdcb\xdb\xddc\xc0")) == [b"a\xc0b\xdbc"]


def test_slip_is_cut_anywhere(rng):
    frames = [rng.randbytes(rng.randrange(1, 60)) for _ in range(40)]
    stream = b"".join(slip.pack(frame) for frame in frames)
    decoder, found = slip.Decoder(), []
    while stream:
        cut = rng.randrange(1, 20)
        found += decoder.feed(stream[:cut])
        stream = stream[cut:]
    assert found == frames


def test_noise_costs_no_later_frame(rng):
    decoder = slip.Decoder()
    for size in (1, 100, 3 * slip.MAX_FRAME):
        list(decoder.feed(rng.randbytes(size)))
        assert list(decoder.feed(slip.pack(b"good")))[-1] == b"good"
    assert list(decoder.feed(b"\xc0a\xdbb\xc0")) == []


def test_a_loader_outlives_anything(rom, rng, counts):
    for _ in range(counts(300, 20000)):
        data = rng.randbytes(rng.randrange(40))
        op = rng.choice([*Op, rng.randrange(256)])
        if op in (Op.FLASH_END, Op.FLASH_DEFL_END, Op.MEM_END):
            continue  # it may leave, and is another one then
        rom.frames(rng.randbytes(rng.randrange(4)))
        rom.frames(slip.pack(struct.pack("<BBHI", 0, op, len(data), 0) + data))
    assert len(rom.sync()) == 8


# Who it is


def test_sync_is_answered_eight_times(rom, stub):
    for host, running in ((rom, False), (stub, True)):
        answers = host.sync()
        assert len(answers) == 8
        values = {struct.unpack_from("<I", answer, 4)[0] for answer in answers}
        assert (values == {0}) is running, "a stub that runs is told by 0"


def test_registers(rom):
    def read(address):
        value, data, status = rom.words(Op.READ_REG, address)
        assert (data, status) == (b"", OK)
        return value

    assert read(0x40001000) == 0x00F01D83
    assert read(0x3FF5A004) == 0x28AABB07
    assert read(0x3FF5A008) == crc8(MAC) << 16 | 0x246F
    assert read(0x3FF5A00C) >> 9 & 7 == 1, "the package"
    assert read(0x3FF40014) & 0xFFFFF == 347, "40 MHz / 115200"
    assert rom.words(Op.WRITE_REG, 0x3FF42010, 0x12345678, 0xFFFF, 0)[2] == OK
    assert read(0x3FF42010) == 0x5678
    assert rom.words(Op.WRITE_REG, 0x40001000, 0, 0xFFFFFFFF, 0)[2] == OK
    assert read(0x40001000) == 0x00F01D83, "it is ROM"


def test_crc_of_the_mac():
    # By the long way: polynomial x8 + x5 + x4 + 1, bit by bit.
    crc = 0
    for bit in (byte >> n & 1 for byte in MAC for n in range(8)):
        crc = crc >> 1 ^ (0x8C if (crc ^ bit) & 1 else 0)
    assert crc8(MAC) == crc


def test_the_flash_chip_is_asked_by_spi(rom):
    spi = 0x3FF42000
    for address, value in ((0x2C, 23), (0x1C, 0x90000000), (0x24, 7 << 28 | 0x9F), (0x80, 0)):
        rom.words(Op.WRITE_REG, spi + address, value, 0xFFFFFFFF, 0)
    rom.words(Op.WRITE_REG, spi, 1 << 18, 0xFFFFFFFF, 0)
    assert rom.words(Op.READ_REG, spi)[0] & 1 << 18 == 0, "done"
    assert rom.words(Op.READ_REG, spi + 0x80)[0] & 0xFFFFFF == 0x1640C8, "4 MiB"


def test_what_it_does_not_know_is_refused(rom):
    for op in (0x14, Op.ERASE_FLASH, Op.ERASE_REGION, Op.READ_FLASH, 0x77):
        assert rom.ask(op)[2] == b"\x01\x05"
    assert rom.ask(Op.READ_REG, b"\0")[2] == b"\x01\x05", "too short"


# Flash


def test_write(rom, flash, tmp_path):
    before = flash.read(0, SIZE)
    assert rom.words(Op.FLASH_BEGIN, 1500, 2, 1024, 4096)[2] == OK
    assert flash.read(4096, 4096) == b"\xff" * 4096
    one, two = b"\xc0\xdb" * 512, b"z" * 476
    assert rom.block(Op.FLASH_DATA, 0, one) == OK
    assert rom.block(Op.FLASH_DATA, 0, one) == OK, "its answer was lost"
    assert rom.block(Op.FLASH_DATA, 1, two + b"\xff" * 548) == OK
    assert flash.read(4096, 1500) == one + two
    assert flash.read(5596, 2596) == b"\xff" * 2596
    assert flash.read(0, 4096) + flash.read(8192, SIZE) == before[:4096] + before[8192:]
    expected = {"erased": 1, "programmed": 2, "most_worn": 1}
    assert nor.counters(tmp_path / "flash.stat") == expected


@pytest.mark.parametrize("size", [256, 1024])
def test_write_compressed(rom, flash, rng, size):
    plain = rng.randbytes(5000) + b"\xff" * 3000 + rng.randbytes(192)
    packed = zlib.compress(plain, 9)
    blocks = [packed[at : at + size] for at in range(0, len(packed), size)]
    assert rom.words(Op.FLASH_DEFL_BEGIN, 8192, len(blocks), size, 8192)[2] == OK
    for number, block in enumerate(blocks):
        assert rom.block(Op.FLASH_DEFL_DATA, number, block) == OK
    assert flash.read(8192, 8192) == plain
    digest = rom.words(Op.SPI_FLASH_MD5, 8192, 8192, 0, 0)[1]
    assert digest == hashlib.md5(plain).hexdigest().encode()


def test_what_cannot_be_written_is_refused(rom, flash):
    before = flash.read(0, SIZE)
    assert rom.block(Op.FLASH_DATA, 0, b"x" * 16) == b"\x01\x06", "nothing was announced"
    assert rom.words(Op.FLASH_BEGIN, 4096, 4, 1024, SIZE)[2] == b"\x01\x06", "beyond its end"
    assert rom.words(Op.FLASH_BEGIN, 4096, 4, 1024, 100)[2] == b"\x01\x06", "within a sector"
    assert flash.read(0, SIZE) == before
    assert rom.words(Op.FLASH_BEGIN, 4096, 4, 1024, 0)[2] == OK
    assert rom.block(Op.FLASH_DATA, 0, b"x" * 16, check=0) == b"\x01\x07"
    assert rom.block(Op.FLASH_DATA, 2, b"x" * 16) == b"\x01\x06", "one is missing"
    assert rom.words(Op.FLASH_DEFL_BEGIN, 4096, 4, 1024, 0)[2] == OK
    assert rom.block(Op.FLASH_DEFL_DATA, 0, b"no zlib") == b"\x01\x0b"
    assert rom.words(Op.FLASH_DEFL_BEGIN, 4096, 4, 1024, 0)[2] == OK
    more = zlib.compress(b"x" * 4097)
    assert rom.block(Op.FLASH_DEFL_DATA, 0, more) == b"\x01\x08", "more than was announced"
    assert flash.read(0, 4096) == b"\xff" * 4096


def test_read(rom, flash):
    _, data, status = rom.words(Op.READ_FLASH_SLOW, 250, 10)
    assert status == OK and data == flash.read(250, 10).ljust(64, b"\0")
    assert rom.words(Op.READ_FLASH_SLOW, 0, 65)[2] == b"\x01\x0a"
    assert rom.words(Op.READ_FLASH_SLOW, SIZE, 1)[2] == b"\x01\x06"


def test_programming_only_clears_bits(flash):
    flash.erase(0, 4096)
    flash.program(10, b"\xf0\x0f")
    flash.program(10, b"\x3f\xff")
    assert flash.read(9, 4) == b"\xff\x30\x0f\xff"


def test_counters_go_on(flash, tmp_path):
    flash.erase(0, 8192)
    flash.close()
    again = Nor(tmp_path / "flash.bin", tmp_path / "flash.stat")
    again.erase(4096, 4096)
    again.close()
    seen = {"erased": 3, "programmed": 0, "most_worn": 2}
    assert nor.counters(tmp_path / "flash.stat") == seen
    assert nor.counters(tmp_path / "none")["erased"] == 0


# Leaving


@pytest.mark.parametrize("op", [Op.FLASH_END, Op.FLASH_DEFL_END])
def test_leaving(flash, op):
    """1 goes on with the firmware, which a stub cannot; 0 resets the processor."""
    for make, pad, goes in ((Rom, 2, Leave.FIRMWARE), (Stub, 0, None)):
        for stay, leaves in ((0, Leave.ROM), (1, goes)):
            host = Host(make(flash, Registers(MAC)), pad)
            assert host.words(op, stay)[2] == OK
            assert host.loader.leaves is leaves


def test_a_program_is_loaded_and_started(rom):
    program = b"\x12" * 100
    assert rom.words(Op.MEM_BEGIN, 100, 2, 64, 0x400BE000)[2] == OK
    assert rom.block(Op.MEM_DATA, 0, program[:64]) == OK
    assert rom.words(Op.MEM_END, 0, 0x400BE000)[2] == b"\x01\x06", "half of it"
    assert rom.block(Op.MEM_DATA, 1, program[64:]) == OK
    assert rom.words(Op.MEM_END, 1, 0)[2] == OK
    assert rom.loader.leaves is None
    assert rom.words(Op.MEM_END, 0, 0x400BE000)[2] == OK
    assert rom.loader.leaves is Leave.RAM
    assert rom.sync() == [], "nobody listens any more"


def test_baud(rom):
    assert rom.words(Op.CHANGE_BAUDRATE, 921600, 0)[2] == OK
    assert rom.loader.baud == 921600
    assert rom.words(Op.READ_REG, 0x3FF40014)[0] & 0xFFFFF == 43
    assert rom.words(Op.CHANGE_BAUDRATE, 0, 0)[2] == b"\x01\x06"


# The stub's own


def test_stub_erases(stub, flash):
    assert stub.loader.greeting == b"\xc0OHAI\xc0"
    assert stub.words(Op.ERASE_REGION, 4096, 4096)[2] == OK
    assert flash.read(4096, 4096) == b"\xff" * 4096 != flash.read(0, 4096)
    assert stub.ask(Op.ERASE_FLASH)[2] == OK
    assert flash.read(0, SIZE) == b"\xff" * SIZE


def test_stub_reads_in_a_stream(stub, flash):
    """Two blocks ahead of the acknowledgements, and a digest at the end."""
    data = struct.pack("<IIII", 100, 2500, 1024, 2)
    request = struct.pack("<BBHI", 0, Op.READ_FLASH, len(data), 0) + data
    status, *blocks = stub.frames(slip.pack(request))
    assert status[8:] == OK and [len(block) for block in blocks] == [1024, 1024]
    blocks += stub.frames(slip.pack(struct.pack("<I", 1024)))
    assert len(blocks) == 3
    assert stub.frames(slip.pack(struct.pack("<I", 2048))) == []
    (digest,) = stub.frames(slip.pack(struct.pack("<I", 2500)))
    assert b"".join(blocks) == flash.read(100, 2500)
    assert digest == hashlib.md5(flash.read(100, 2500)).digest()


def test_stub_writes_anywhere(stub, flash):
    """It erases the sectors that it touches."""
    assert stub.words(Op.FLASH_BEGIN, 100, 1, 0x4000, SIZE - 200, 0)[2] == OK
    assert stub.block(Op.FLASH_DATA, 0, (b"x" * 100).ljust(0x4000, b"\xff")) == OK
    assert flash.read(SIZE - 4096, 4096) == (b"\xff" * 3896 + b"x" * 100).ljust(4096, b"\xff")
    assert len(stub.words(Op.SPI_FLASH_MD5, 0, 64, 0, 0)[1]) == 16
