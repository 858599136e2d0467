"""The two transistors between a dev board's USB bridge and its chip: DTR pulls GPIO0 low and RTS
pulls EN low, each unless the other is asserted as well.

When both are, as while a port is opened, EN would rise. Its capacitor keeps it low for some time
yet, in which esptool releases RTS; by RFC 2217 that takes longer, and so it stays low here until
then.
"""

from airwire.board.machine import Machine
from airwire.board.pins import BOOT


class ResetCircuit:
    """Between the control lines and a machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def set(self, dtr: bool, rts: bool) -> None:
        """Which of the lines are asserted."""
        pulled = dtr and not rts
        if pulled != self._machine.boot_pulled:  # a running firmware sees a button
            self._machine.boot_pulled = pulled
            self._machine.drive(BOOT, 0 if pulled else None)
        if not rts:
            self._machine.enable(True)
        elif not dtr:
            self._machine.enable(False)
