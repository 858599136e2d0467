# Saving one variable alone, for what the module finds for itself.
from firmware.store import settings, variables


def keep(name, value):
    """Set a variable, and save it: what else was set and not saved stays so. Raises OSError."""
    values = variables.values
    changed = variables.changed
    variables.values = {}
    variables.changed = None
    try:
        settings.load()
        variables.values[name] = value
        settings.save()
    finally:
        variables.values = values
        variables.changed = changed
        values[name] = value
