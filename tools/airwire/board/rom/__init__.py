"""The ESP32's ROM loader, which esptool talks to in download mode: bytes in, bytes out.

`loader.Rom` is what the chip runs after a reset with GPIO0 low; `stub.Stub` speaks as the flasher
does that esptool loads into RAM, which is machine code of the chip and cannot run here. What they
work on, a `Flash` and `registers.Registers`, is given to them; ports and resets are
not known here.
"""
