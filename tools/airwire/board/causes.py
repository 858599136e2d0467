"""Why a chip starts: machine.reset_cause() of the ESP32 port, and in words."""

POWER_ON, HARD, WATCHDOG, DEEP_SLEEP, SOFT = 1, 2, 3, 4, 5
NAMES = {
    POWER_ON: "power-on",
    HARD: "hard",
    WATCHDOG: "watchdog",
    DEEP_SLEEP: "deep sleep",
    SOFT: "soft",
}
