// Airwire's board for MicroPython's ESP32 port: what differs from ESP32_GENERIC.

#define MICROPY_HW_BOARD_NAME "Airwire"
#define MICROPY_HW_MCU_NAME "ESP32"

// No REPL of the port's own on UART0, whose buffer has 260 bytes: modules/_boot.py gives the console a UART with more.
#define MICROPY_HW_ENABLE_UART_REPL (0)

// The firmware has a responder and asks itself: port 5353 is its own from the start.
#define MICROPY_HW_ENABLE_MDNS_QUERIES (0)
#define MICROPY_HW_ENABLE_MDNS_RESPONDER (0)

#define MICROPY_PY_BLUETOOTH (0)
