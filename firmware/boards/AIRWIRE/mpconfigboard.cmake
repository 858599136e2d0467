# Airwire's board for MicroPython's ESP32 port, read by the port's CMakeLists.txt. How to build it: docs/custom-build.md.

set(IDF_TARGET esp32)

# ESP-IDF looks for the partition table from the port's folder, and MicroPython copies sdkconfig.board as it is: the one
# setting with a path is written here.
set(AIRWIRE_SDKCONFIG ${CMAKE_BINARY_DIR}/sdkconfig.airwire)
file(WRITE ${AIRWIRE_SDKCONFIG}
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${MICROPY_BOARD_DIR}/partitions.csv\"\n")

# Without the port's sdkconfig.ble: the firmware has no use for Bluetooth, and its program would leave too little room
# for the frozen modules.
set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    ${MICROPY_BOARD_DIR}/sdkconfig.board
    ${AIRWIRE_SDKCONFIG}
)

set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
