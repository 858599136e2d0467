# Variables of the UARTs: uart.*
VARIABLES = (
    (
        "uart.baud",
        "ua b",
        "index 0-1 rate",
        "115200",
        "rw",
        "uart_update",
        "Baud rate: a standard one, or any with the word raw behind it",
    ),
    ("uart.data", "ua d", "index 0-1 int 5 8", "8", "rw", "uart_update", "Data bits"),
    ("uart.flow", "ua f", "index 0-1 switch", "off", "rw", "uart_update", "RTS/CTS flow control"),
    ("uart.parity", "ua p", "index 0-1 enum none|even|odd", "none", "rw", "uart_update", "Parity"),
    ("uart.stop", "ua s", "index 0-1 int 1 2", "1", "rw", "uart_update", "Stop bits"),
)
