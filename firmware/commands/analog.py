# Analog GPIOs by command: ADC, DAC, PWM.
import errno

import machine
from machine import Pin
from micropython import const

from firmware import board, gpio
from firmware.console import errors
from firmware.console.errors import CommandError
from firmware.console.registry import command

_FULL_DUTY = const(65535)
_FASTEST = const(40_000_000)  # PWM: half of the bus clock
_DAC_MAX = const(255)


def _number(text, low, high):
    try:
        value = int(text.decode())
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT)
    if not low <= value <= high:
        raise CommandError(errors.BOUNDS)
    return value


@command(b"adc_take_sample", b"adc", 1, 1)
def adc_take_sample(session, args):
    """adc_take_sample <GPIO>
    Print the voltage on a GPIO in millivolts, 142 to about 3100. GPIO 32 to 39; 0, 2, 4, 12 to 15
    and 25 to 27 only while Wi-Fi is off.
    """
    number = gpio.number(args[0])
    gpio.check(number)
    holder = board.owner(number)
    if holder and holder != b"GPIO input_highz":
        raise gpio.taken(number, holder)
    try:
        adc = machine.ADC(Pin(number), atten=machine.ADC.ATTN_11DB)
        return b"%d" % (adc.read_uv() // 1000)
    except ValueError:
        raise CommandError(errors.BAD_ARGUMENT, b"GPIO %d has no ADC" % number)
    except OSError as e:
        if e.errno != errno.ETIMEDOUT:
            raise
        # The radio has the second ADC while it is on.
        raise CommandError(errors.FAILED, b"GPIO %d has no ADC while Wi-Fi is on" % number)
    finally:
        if holder:
            Pin(number, Pin.IN, None)


@command(b"dac_set_level", b"dac", 2, 2)
def dac_set_level(session, args):
    """dac_set_level <GPIO> <level>
    Put a voltage on GPIO 25 or 26: level 0 to 255, 255 is the supply voltage. It stays a DAC until
    the next reboot.
    """
    number = gpio.number(args[0])
    level = _number(args[1], 0, _DAC_MAX)
    gpio.check(number, b"DAC")
    if number not in board.DAC_GPIOS:
        raise CommandError(errors.BAD_ARGUMENT, b"GPIO %d has no DAC" % number)
    if board.owner(number) != b"DAC":
        gpio.stop(number)
        gpio.parts[number] = machine.DAC(Pin(number))
        board.claim(number, b"DAC", board.owner(number))
    gpio.parts[number].write(level)


@command(b"pwm_update", b"pwm", 2, 3)
def pwm_update(session, args):
    """pwm_update <GPIO> <frequency> <duty> | <GPIO> stop
    Let a GPIO be high for a part of each period: frequency in Hz, 1 to 40000000, duty in percent.
    Stop gives the GPIO back, as gpio_dir <GPIO> none does.
    """
    number = gpio.number(args[0])
    if args[1] == b"stop":
        if len(args) > 2:
            raise CommandError(errors.TOO_MANY)
        if (board.owner(number) or b"")[:3] != b"PWM":
            raise CommandError(errors.FAILED, b"GPIO %d is no PWM output" % number)
        gpio.set_direction(number, b"none")
        return
    if len(args) < 3:
        raise CommandError(errors.TOO_FEW)
    frequency = _number(args[1], 1, _FASTEST)
    percent = _number(args[2], 0, 100)
    gpio.check(number, b"output")
    duty = percent * _FULL_DUTY // 100
    part = gpio.parts.get(number)
    try:
        if part:
            part.init(freq=frequency, duty_u16=duty)
        else:
            part = machine.PWM(Pin(number), freq=frequency, duty_u16=duty)
    except RuntimeError:
        raise CommandError(errors.FAILED, b"Too many PWM outputs or frequencies")
    gpio.parts[number] = part
    board.claim(number, b"PWM %d Hz %d %%" % (frequency, percent), board.owner(number))
