# The commands, a file per area, imported on first use. Each docstring is the help text; its first
# line is the syntax.
