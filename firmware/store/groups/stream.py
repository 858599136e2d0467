# Variables of the streams: stream.*
VARIABLES = (
    (
        "stream.auto_close",
        "st a",
        "bool",
        "1",
        "rw",
        "now",
        "Close a stream once its end has been read",
    ),
    (
        "stream.lock_timeout",
        "st l",
        "int 0 65535",
        "0",
        "rw",
        "network",
        "Seconds of silence after which a locked UDP server takes another client; 0 = never",
    ),
    (
        "stream.overruns",
        "st o",
        "int 0 1073741823",
        "0",
        "ro",
        "now",
        "Datagrams that were lost because the receive buffers of UDP were full",
    ),
)
