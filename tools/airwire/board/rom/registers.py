"""The registers that a loader's host reads and writes: the chip's magic number, eFuses, the UART's
divider, and the SPI controller through which it asks the flash chip who it is.

The chip is an ESP32-D0WD-V3, revision 3.1, with a crystal of 40 MHz. A register that is not named
here holds what was written to it.
"""

CRYSTAL = 40_000_000

# Reads as this on an ESP32, and as something else on every other chip.
_MAGIC_AT, _MAGIC = 0x40001000, 0x00F01D83

_EFUSE = 0x3FF5A000
# Words of eFuse block 0. Package 1 is D0WD; the three bits of the major revision are in three
# places, and all set in a 3. Eight and a half megahertz is what the RC oscillator was calibrated
# with: the ROM works out the crystal from it (_CALIBRATION).
_REVISION_BIT_0, _PACKAGE = 1 << 15, 1 << 9
_REVISION_BIT_1, _MINOR = 1 << 20, 1 << 24
_OSCILLATOR = 128
_DATE_AT, _REVISION_BIT_2 = 0x3FF6607C, 1 << 31
# The count of the slow clock's calibration, at bit 7: CRYSTAL = count * 15625 * _OSCILLATOR / 40.
_CALIBRATION_AT, _CALIBRATION = 0x3FF5F06C, 800 << 7

_DIVIDER_AT = 0x3FF40014

_SPI = 0x3FF42000
_SPI_COMMAND, _SPI_USER2, _SPI_WORD0 = _SPI, _SPI + 0x24, _SPI + 0x80
_SPI_START = 1 << 18

# Commands of the flash chip, and its answer to the first: GigaDevice, GD25Q, 2**22 bytes.
_READ_ID, _READ_STATUS = 0x9F, (0x05, 0x35, 0x15)
_FLASH_ID = bytes.fromhex("c84016")

_MASK = 0xFFFFFFFF


class Registers:
    """All of them."""

    def __init__(self, mac: bytes) -> None:
        self._values = dict.fromkeys((_EFUSE + 4 * word for word in range(7)), 0)
        self._values |= {
            _MAGIC_AT: _MAGIC,
            _EFUSE + 4: int.from_bytes(mac[2:], "big"),
            _EFUSE + 8: crc8(mac) << 16 | int.from_bytes(mac[:2], "big"),
            _EFUSE + 12: _REVISION_BIT_0 | _PACKAGE,
            _EFUSE + 16: _OSCILLATOR,
            _EFUSE + 20: _REVISION_BIT_1 | _MINOR,
            _DATE_AT: _REVISION_BIT_2,
            _CALIBRATION_AT: _CALIBRATION,
        }
        self._constant = frozenset(self._values)
        self.set_baud(115200)

    def set_baud(self, baud: int) -> None:
        """What the divider of UART0 says."""
        sixteenths = CRYSTAL * 16 // baud
        self._values[_DIVIDER_AT] = sixteenths >> 4 | (sixteenths & 15) << 20

    def read(self, address: int) -> int:
        """The word at an address."""
        return self._values.get(address, 0)

    def write(self, address: int, value: int, mask: int = _MASK) -> None:
        """Change the bits of `mask`; a write of the SPI controller's start bit runs a command."""
        if address in self._constant:
            return
        value = self.read(address) & ~mask & _MASK | value & mask
        if address == _SPI_COMMAND and value & _SPI_START:
            self._values[_SPI_WORD0] = self._run_spi(self.read(_SPI_USER2) & 0xFF)
            value &= ~_SPI_START  # the controller clears it when it is done
        self._values[address] = value

    def _run_spi(self, command: int) -> int:
        if command == _READ_ID:
            return int.from_bytes(_FLASH_ID, "little")
        # Nothing is busy or protected; what the chip does not know leaves the line high.
        return 0 if command in _READ_STATUS else _MASK


def crc8(mac: bytes) -> int:
    """The CRC that eFuses hold beside the MAC: polynomial 0x31, least bit first."""
    crc = 0
    for byte in mac:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc
