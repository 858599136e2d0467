"""`python -m airwire.lan.enter PID NETWORK COMMAND...`: runs a command in a place of the LAN whose
process 1 is PID; NETWORK as in spaces.Entrance. Its exit code is the command's.

The command belongs to the LAN and ends with it, and with us. Terminal, folder and environment are
the caller's.
"""

import os
import signal
import sys

from airwire.lan import spaces

# What a shell reports for a program that cannot be run, for one that is not there, and for one
# that a signal has ended.
_CANNOT_RUN, _NOT_FOUND, _SIGNALLED = 126, 127, 128


def run(entrance: spaces.Entrance, command: list[str]) -> int:
    """Go in with this process, which is lost for anything else, and run the command."""
    folder = os.getcwd()
    entrance.enter_wholly()
    entrance.close()
    pid = os.fork()
    if pid == 0:
        spaces.die_with(0)
        os.chdir(folder)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"airwire: {command[0]}: {error.strerror}", file=sys.stderr)
            os._exit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _CANNOT_RUN)
    # The terminal's Ctrl-C is for the command, which gets it too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else _SIGNALLED - code


if __name__ == "__main__":
    sys.exit(run(spaces.Entrance(int(sys.argv[1]), sys.argv[2]), sys.argv[3:]))
