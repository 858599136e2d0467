# Wire formats shared by the firmware (as `wire`) and by the host tools (as `airwire.wire`). Pure
# codecs: no I/O, no clock, no randomness, no state that outlives a call. A module here imports
# only its siblings, relatively, and what both interpreters have built in.

# MicroPython's compiler puts a const() into the bytecode: a private one costs neither RAM nor a
# look-up. CPython has no such thing.
try:
    from micropython import const
except ImportError:
    const = int
