# Names and shortcuts that documents and drivers use for variables whose own name is another.
ALIASES = (
    ("bus.stream.flush_time_reset", "bus.stream.flush_reset"),
    ("softap.gateway", "softap.static.ip"),
    ("sy b n", "system.build_number"),
    ("sy c f", "system.cmd.mode"),
    ("system.cmd.format", "system.cmd.mode"),
)
