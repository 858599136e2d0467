# Variables of the network clock: ntp.*
VARIABLES = (
    ("ntp.enabled", "nt e", "bool", "1", "rw", "network", "Set the clock from the network"),
    (
        "ntp.interface",
        "nt f",
        "enum default|wlan|softap",
        "default",
        "rw",
        "network",
        "Interface to use",
    ),
    ("ntp.interval", "nt i", "int 16 604800", "3600", "rw", "next", "Seconds between questions"),
    (
        "ntp.server",
        "nt s",
        "text 1 253",
        "pool.ntp.org",
        "rw",
        "next",
        "Name or address of the server",
    ),
)
