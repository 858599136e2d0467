# What survives a reset: variables and their settings file, the fault log. Imports nothing above
# it.
