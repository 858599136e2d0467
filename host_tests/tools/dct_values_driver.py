# Run by MicroPython: says of each value whether the firmware takes it. Lines of standard input:
# variable, index or nothing, value, with tabs between.
import sys

from firmware.store import variables

variables.FOLDER = variables.FOLDER[1:]  # the device's files are in the current folder
while True:
    line = sys.stdin.buffer.readline()
    if not line:
        break
    name, index, text = line[:-1].split(b"\t")
    _, kind, default, _ = variables.by_name(name)
    try:
        if index:
            kind, default = variables.item(kind, default, index)
        variables.parse(kind, text)
        print("yes")
    except ValueError:
        print("no")
