# The checksums, against published check values and against the definition worked bit by bit.
from wire.crc import CRC16_INIT, crc16, crc32


def _by_definition(data):
    # WiConnect's CRC-16: polynomial 0x1021, register 0xFFFF, each byte enters lowest bit first,
    # result as it stands.
    crc = 0xFFFF
    for byte in data:
        for bit in range(8):
            top = crc >> 15 ^ byte >> bit & 1
            crc = crc << 1 & 0xFFFF
            if top:
                crc ^= 0x1021
    return crc


def test_crc16_of_the_check_string():
    # The catalogued CRC-16/MCRF4XX, which reverses its result too, gives 0x6F91 here: ours is that
    # turned round.
    assert crc16(b"123456789") == 0x89F6
    turned = 0
    for bit in range(16):
        turned |= (0x6F91 >> bit & 1) << 15 - bit
    assert turned == 0x89F6


def test_crc16_of_nothing_is_the_initial_value():
    assert crc16(b"") == CRC16_INIT == 0xFFFF


def test_crc16_is_what_the_definition_says():
    assert crc16(bytes(range(256))) == _by_definition(bytes(range(256)))
    for byte in range(256):
        assert crc16(bytes((byte,))) == _by_definition(bytes((byte,)))
        assert crc16(bytes((byte, 255 - byte, byte))) == _by_definition(
            bytes((byte, 255 - byte, byte))
        )


def test_crc16_in_pieces_split_anywhere():
    data = bytes(range(0, 250, 3))
    whole = crc16(data)
    for at in range(len(data) + 1):
        assert crc16(data[at:], crc16(data[:at])) == whole


def test_crc16_reads_any_buffer_and_leaves_it():
    data = bytearray(b"..123456789..")
    assert crc16(memoryview(data)[2:-2]) == 0x89F6
    assert data == b"..123456789.."


def test_crc32_of_the_check_string():
    assert crc32(b"123456789") == 0xCBF43926
    assert crc32(b"") == 0


def test_crc32_in_pieces_split_anywhere():
    data = b"The quick brown fox jumps over the lazy dog"
    assert crc32(data) == 0x414FA339
    for at in range(len(data) + 1):
        assert crc32(data[at:], crc32(data[:at])) == 0x414FA339
