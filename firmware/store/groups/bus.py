# Variables of the host bus: bus.*
VARIABLES = (
    ("bus.data_bus", "bu d", "enum uart1", "uart1", "rw", "reboot", "UART of the host MCU"),
)
