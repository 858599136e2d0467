# Variables of TCP clients: tcp.*
VARIABLES = (
    (
        "tcp.client.connect_timeout",
        "tc c o",
        "int 100 60000",
        "5000",
        "rw",
        "next",
        "Milliseconds for one connection attempt",
    ),
    (
        "tcp.client.local_port",
        "tc c l",
        "int 0 65535",
        "0",
        "rw",
        "next",
        "Local port; 0 picks one at random",
    ),
    (
        "tcp.client.retries",
        "tc c r",
        "int 0 10",
        "0",
        "rw",
        "next",
        "Further attempts after a failed one",
    ),
    (
        "tcp.client.retry_period",
        "tc c d",
        "int 0 60000",
        "1000",
        "rw",
        "next",
        "Milliseconds between attempts",
    ),
)
