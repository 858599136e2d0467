"""Why a chip starts: machine.reset_cause() of the ESP32 port, and in words."""

POWER_ON, HARD, WATCHDOG, DEEP_SLEEP, SOFT = 1, 2, 3, 4, 5
NAMES = {
    POWER_ON: "power-on",
    HARD: "hard",
    WATCHDOG: "watchdog",
    DEEP_SLEEP: "deep sleep",
    SOFT: "soft",
}

# The firmware process asks for a start by its exit code; 73 is a soft reset in the raw REPL.
RAW_EXIT = 73
EXITS = {70: HARD, 71: SOFT, 72: DEEP_SLEEP, RAW_EXIT: SOFT}
