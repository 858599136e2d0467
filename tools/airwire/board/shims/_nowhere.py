# The wire of a UART whose pads have become something else: it takes what is written, and what
# comes on the real one is lost. Has what _uart.py uses of a file.

import _uart


def write(buf, at, n):
    return n


def read(n=0):
    _uart._wire.read()


def readinto(buf, n=0):
    _uart._wire.read()
