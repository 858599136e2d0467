# Variables of the remote terminal: remote_terminal.*
VARIABLES = (
    ("remote_terminal.enabled", "re e", "bool", "0", "rw", "network", "Run the terminal"),
    (
        "remote_terminal.interface",
        "re i",
        "enum default|wlan|softap",
        "default",
        "rw",
        "network",
        "Interface to serve",
    ),
    (
        "remote_terminal.password",
        "re w",
        "text 0 32",
        "",
        "secret",
        "now",
        "Password; empty = none is asked for",
    ),
    ("remote_terminal.port", "re p", "int 1 65535", "2000", "rw", "network", "TCP port"),
    (
        "remote_terminal.timeout",
        "re t",
        "int 0 65535",
        "60",
        "rw",
        "next",
        "Seconds without input after which it closes; 0 = never",
    ),
)
