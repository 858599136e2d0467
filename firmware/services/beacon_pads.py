# The items of the announcement that are values of GPIOs. Imported where one is chosen.
from machine import ADC, Pin

from firmware import board


def value(kind, gpio):
    """The level of a GPIO (kind b"gpio") or the voltage on it in millivolts (b"adc"); None where
    there is none.
    """
    holder = board.owner(gpio)
    if not board.is_gpio(gpio):
        return None
    if kind == b"gpio":
        return Pin(gpio).value() if holder else None  # else the pad is not even an input
    if holder and holder != b"GPIO input_highz":
        return None  # adc_take_sample would refuse it
    try:
        return ADC(Pin(gpio), atten=ADC.ATTN_11DB).read_uv() // 1000
    except (OSError, ValueError):  # the radio has the second ADC; a GPIO without one
        return None
    finally:
        if holder:
            Pin(gpio, Pin.IN, None)
