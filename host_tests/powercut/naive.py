# Ways to save that do not survive a power cut. The harness must find each of them out: a harness
# that cannot fail proves nothing. They are also the shortest examples of a scenario.

import os

import esp32
from settings import LARGE_A, LARGE_B, Settings, firmware


class InPlace(Settings):
    """Writes the file itself, line by line, each flushed as a careful logger does."""

    state_name = "in place"

    def save(self):
        settings = firmware("store.settings")
        data = settings.dump(firmware("store.variables").values)
        with open(firmware("store.saved").PATH, "wb") as f:
            for line in data.split(b"\n")[:-1]:
                f.write(line + b"\n")
                f.flush()
        return b"Success"


class RemovedFirst(Settings):
    """Removes the old file before the new one has its name."""

    state_name = "removed first"

    def save(self):
        settings = firmware("store.settings")
        settings.erase()
        settings.save()
        return b"Success"


class Stuck(Settings):
    """Never gets past what an interrupted save has left behind."""

    state_name = "stuck"

    def save(self):
        settings = firmware("store.settings")
        if "lock" not in os.listdir("/"):
            open("/lock", "wb").close()
            settings.save()
            os.remove("/lock")
        return b"Success"

    def state(self):
        loaded, files, values = super().state()
        return loaded, [name for name in files if name != "lock"], values


class Raw:
    """A partition of its own, erased and written without a second copy."""

    name = "raw partition"
    keeps = False

    def shows(self, bench):
        return True

    def prepare(self, bench):
        esp32.Partition("dct").writeblocks(0, b"old " * 1024)

    def operation(self):
        esp32.Partition("dct").writeblocks(0, b"new " * 1024)

    def state(self):
        data = bytearray(4096)
        esp32.Partition("dct").readblocks(0, data)
        return data


SCENARIOS = {
    "in place": [InPlace(LARGE_A, LARGE_B)],
    "removed first": [RemovedFirst(LARGE_A, LARGE_B)],
    "stuck": [Stuck(LARGE_A, LARGE_B)],
    "raw": [Raw()],
}
