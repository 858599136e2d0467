"""The virtual board: a dev board's outside (ports, pins, power, air) around MicroPython's unix
port.

`client.Board` is the way in for programs, `cli` for people. `supervisor` is the process behind
both, one per board; `shims/` is what the firmware meets inside. Nothing here knows what the
firmware does.
"""
