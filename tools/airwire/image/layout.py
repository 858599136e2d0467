"""Airwire's flash: its size, what lies where, and the one partition table that we build. Numbers
only.
"""

from airwire.image.partitions import TYPE_APP, TYPE_DATA, Partition, Table

# Every ESP32 module with stock MicroPython's generic image has at least 4 MiB, and the bootloader
# is built for it.
FLASH_SIZE = 0x400000
# Where the ROM of the classic ESP32 looks for the second-stage bootloader (newer chips: 0). The
# stock image starts here.
BOOTLOADER_OFFSET = 0x1000

NVS = Partition("nvs", TYPE_DATA, 0x02, 0x9000, 0x6000)
PHY_INIT = Partition("phy_init", TYPE_DATA, 0x01, 0xF000, 0x1000)
# As stock: the bootloader finds the app through the table, but images and tools expect it here.
FACTORY = Partition("factory", TYPE_APP, 0x00, 0x10000, 0x1F0000)
# Two copies of the device configuration table. 0x40 and above are the subtypes that IDF leaves to
# applications.
DCT = Partition("dct", TYPE_DATA, 0x40, 0x200000, 0x10000)
# MicroPython looks for this label and, as on every board with a table of its own, for subtype fat.
VFS = Partition("vfs", TYPE_DATA, 0x81, 0x210000, 0x1F0000)

TABLE = Table((NVS, PHY_INIT, FACTORY, DCT, VFS))
