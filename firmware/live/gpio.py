# gpio.*: the table of what uses which GPIO.
from firmware import gpio


def get(leaf, session):
    return b"\r\n".join(gpio.usage())
