# Variables of the network clock: ntp.*
VARIABLES = (
    ("ntp.enabled", "nt e", "bool", "1", "rw", "now", "Set the clock from the network"),
    (
        "ntp.interface",
        "nt f",
        "enum default|wlan|softap",
        "default",
        "rw",
        "now",
        "Interface to use",
    ),
    ("ntp.interval", "nt i", "int 16 604800", "3600", "rw", "now", "Seconds between questions"),
    (
        "ntp.server",
        "nt s",
        "text 1 253",
        "pool.ntp.org",
        "rw",
        "now",
        "Name or address of the server",
    ),
)
