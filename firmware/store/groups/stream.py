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
)
