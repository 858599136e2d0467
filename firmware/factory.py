# Back to the factory's settings. Imported when that is asked for: a reset follows.
from firmware.store import leases, settings, starts


def reset(device):
    """Forget all saved settings and leases, and restart the Device."""
    settings.erase()
    leases.erase()
    starts.forget()  # what led to safe mode may have been a setting
    device.restart(announce=True)
