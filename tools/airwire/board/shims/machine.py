# machine as on the ESP32: this file holds the resets and identity, the peripherals are files of
# their own, loaded when first named (on a chip they are C and cost no RAM). Light sleep is
# not here: nothing of ours uses it.

import _board
from umachine import mem8, mem16, mem32, soft_reset  # noqa: F401

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

PIN_WAKE = 2
EXT0_WAKE = 2
TIMER_WAKE = 4

_RESET = 70  # exit codes agreed with the supervisor
_SLEEP = 72
_HOMES = {
    "ADC": "_analog",
    "DAC": "_analog",
    "PWM": "_pwm",
    "Pin": "_pin",
    "Signal": "umachine",
    "time_pulse_us": "umachine",
    "UART": "_uart",
    "Timer": "_timer",
    "WDT": "_timer",
    "RTC": "_rtc",
}
_mhz = 160  # CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ of the generic board


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(name)
    value = getattr(__import__(_HOMES[name]), name)
    globals()[name] = value
    return value


def reset():
    _board.leave(_RESET)


def deepsleep(ms=None):
    """Ends the process; the supervisor starts it again when `ms` are over or esp32's pin wakes."""
    from esp32 import _wake

    number, level = _wake or ("-", 0)
    _board.send(b"sleep %s %s %d\n" % ("-" if ms is None else ms, number, level))
    _board.leave(_SLEEP)


def reset_cause():
    return _board.config["reset_cause"]


def unique_id():
    return bytes.fromhex(_board.config["mac"])


def freq(hz=None):
    global _mhz
    if hz is None:
        return _mhz * 1000000
    if hz // 1000000 not in (20, 40, 80, 160, 240):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _mhz = hz // 1000000


def idle():
    _board.serve()


def disable_irq():
    _board.hold(True)
    return _board.held - 1


def enable_irq(state):
    while _board.held > state:
        _board.hold(False)
