# The break sequence of stream mode (`$$$`): found in a flow of bytes by silence before it and
# after it. Times come in as milliseconds that have passed, so this has no clock.
#
# Bytes that may be the sequence are held back; they are always its own first bytes, so nothing is
# stored but how many. When what follows shows that they were data they are due to the peer first.
from . import const

QUIET_MS = const(3000)  # silence before the sequence (the protocol's own figure)
GAP_MS = const(1000)  # between its bytes: a person types them
GUARD_MS = const(100)  # silence after it: three bytes at the slowest rate, 300 baud


class Detector:
    """`held` bytes of `sequence` are held back. `quiet` is True once QUIET_MS have passed without
    a byte: the next may begin the sequence. The caller tells the silence: see wait_ms.
    """

    def __init__(self, sequence, quiet):
        self.sequence = sequence
        self.held = 0
        self.quiet = quiet

    def take(self, data, n):
        """The bytes data[:n] have come. Returns how many of the held bytes are due as data before
        them, or -1 when data[:n] are held back as well.
        """
        held = self.held
        sequence = self.sequence
        if (held or self.quiet) and held + n <= len(sequence):
            i = 0
            while i < n and data[i] == sequence[held + i]:
                i += 1
            if i == n:
                self.held = held + n
                self.quiet = False
                return -1
        self.held = 0
        self.quiet = False
        return held

    def wait_ms(self):
        """How long a silence means something: silence() is to be called after it."""
        if not self.held:
            return QUIET_MS
        return GUARD_MS if self.held == len(self.sequence) else GAP_MS

    def silence(self):
        """No byte for wait_ms(). Returns how many held bytes are due as data, or -1 when the
        sequence is complete.
        """
        held = self.held
        self.held = 0
        if held == len(self.sequence):
            return -1
        if not held:
            self.quiet = True
        return held
