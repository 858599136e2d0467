"""Airwire's host tools: the flash image, the virtual board, the WWEP server, flashing and `airwire
run`.

What lives here runs on CPython, on the developer's computer. Nothing here runs on the device, but
for `airwire.board.shims`, which the virtual board's MicroPython imports. `airwire.wire` is
lib/wire, shared with the firmware.
"""
