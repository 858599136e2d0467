# Variables of time: time.*
VARIABLES = (
    ("time.uptime", "ti u", "int 0 1073741823", "0", "ro", "now", "Seconds since the start"),
)
