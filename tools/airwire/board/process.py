"""The firmware's process: spawn with the five descriptors it expects, hear of its end, kill and
interrupt it.

Linux only: parent-death signal, pidfd and /proc/PID/status. What an exit means is decided
elsewhere.
"""

import asyncio
import ctypes
import fcntl
import os
import resource
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

# In the child 0 and 1 are UART0, 2 the log, 3 UART1, 4 the control lines.
DESCRIPTORS = 5
# Above all of the child's descriptors: where they wait until each gets its number.
_PARKED = 10

# A process that writes more than this into one file has gone wrong; the flash image has 4 MiB.
_MAX_FILE = 16 << 20
_PR_SET_PDEATHSIG = 1
# What the shell reports for a command that cannot be run.
_CANNOT_RUN = 127

# CPU time after which an interpreter has certainly looked at a pending Ctrl-C (it does so at every
# jump back).
_INTERRUPT_SEEN_NS = 20_000_000
# Then the second Ctrl-C merges with the first, as on a chip that is inside one long call.
_INTERRUPT_PATIENCE = 0.5

# The interpreter raises KeyboardInterrupt out of whatever it is doing, a garbage collection too,
# and then its heap stays locked for ever. So a Ctrl-C waits this long for the process to be in a
# system call, where the firmware spends nearly all of its time; what computes longer takes its
# chance.
_CALM_PATIENCE = 0.2

# The kernel's kind of clock for the time that all threads of a process have run (clock_gettime).
_CPUCLOCK_SCHED = 2

_SIGINT_BIT = 1 << (signal.SIGINT - 1)

_libc = ctypes.CDLL(None, use_errno=True)


class Process:
    """One run of the firmware. `exited` is called once with the exit code (negative: killed by
    that signal).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        command: Sequence[str],
        directory: Path,
        environment: dict[str, str],
        descriptors: Sequence[int],
        exited: Callable[[int], None],
    ) -> None:
        """`descriptors` become 0, 1, 2, ... of the child; the caller keeps and closes its own
        copies.
        """
        self._loop, self._exited = loop, exited
        self.pid = _spawn(command, directory, environment, descriptors)
        self._interrupted_at: float | None = None
        self._wanted_at: float | None = None
        self._interrupted_cpu = 0
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._pidfd, self._ended)

    def kill(self) -> None:
        """End it at once; `exited` follows."""
        if self._pidfd is not None:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def interrupt(self) -> bool | None:
        """Ctrl-C on UART0. True: it became KeyboardInterrupt. False: the firmware wants the byte.
        None: ask again.

        MicroPython catches SIGINT while kbd_intr(3) is in force, and ends itself at a second
        SIGINT that comes before it has looked at the first. A chip just merges the two, so the
        second one waits here.
        """
        if self._pidfd is None:
            return True
        status = _status(self.pid)
        if not _caught(status):
            return False
        now = time.monotonic()
        if self._interrupted_at is not None and not self._interrupt_seen(status):
            return None if now - self._interrupted_at < _INTERRUPT_PATIENCE else True
        # Between a look and the signal it may stop catching it, and die. So it is held meanwhile.
        signal.pidfd_send_signal(self._pidfd, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        caught: bool | None = _caught(_status(self.pid))
        self._wanted_at = self._wanted_at or now
        if caught and not _in_system_call(self.pid) and now - self._wanted_at < _CALM_PATIENCE:
            caught = None
        else:
            self._wanted_at = None
        if caught:
            self._interrupted_at, self._interrupted_cpu = now, _cpu_time(self.pid)
            signal.pidfd_send_signal(self._pidfd, signal.SIGINT)
        signal.pidfd_send_signal(self._pidfd, signal.SIGCONT)
        return caught

    def _interrupt_seen(self, status: dict[str, str]) -> bool:
        if (int(status["ShdPnd"], 16) | int(status["SigPnd"], 16)) & _SIGINT_BIT:
            return False
        ran = _cpu_time(self.pid) - self._interrupted_cpu
        return status["State"].startswith("S") or ran >= _INTERRUPT_SEEN_NS

    def _ended(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = None
        _, status = os.waitpid(self.pid, 0)
        self._exited(os.waitstatus_to_exitcode(status))


def starvation(pid: int) -> Callable[[], float]:
    """A function that says for how many seconds, of those since it was called last, the process
    has waited for a processor; 0 while it waits for something else. A chip has its processor for
    itself.
    """
    clock = ~pid << 3 | _CPUCLOCK_SCHED
    last = ran = 0.0

    def waited() -> float:
        nonlocal last, ran
        begun, before = last, ran
        last = time.monotonic()
        try:
            ran = time.clock_gettime(clock)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:  # it has ended
            return 0.0
        if state != "R" or not begun:
            return 0.0
        return max(0.0, last - begun - (ran - before))

    return waited


def _spawn(
    command: Sequence[str],
    directory: Path,
    environment: dict[str, str],
    descriptors: Sequence[int],
) -> int:
    parent = os.getpid()
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid:
        # Until the child has put off our signal handlers, what is sent to it is heard here as
        # well, by the descriptor that both have from asyncio. It closes the pipe behind that.
        os.close(theirs)
        os.read(ours, 1)
        os.close(ours)
        return pid
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        parked = [fcntl.fcntl(fd, fcntl.F_DUPFD, _PARKED) for fd in descriptors]
        for number, fd in enumerate(parked):
            os.dup2(fd, number)
        os.closerange(DESCRIPTORS, os.sysconf("SC_OPEN_MAX"))
        # It must not outlive its supervisor, however that ends.
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(_CANNOT_RUN)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE, _MAX_FILE))
        # CPython ignores these two, which exec would pass on; the firmware starts as from a shell.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        os.chdir(directory)
        os.execve(command[0], command, environment)
    except BaseException as error:
        os.write(2, f"cannot run {command[0]}: {error}\n".encode())
    finally:
        os._exit(_CANNOT_RUN)


def _status(pid: int) -> dict[str, str]:
    """/proc/PID/status as a dictionary; empty when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return {}
    return {
        key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())
    }


def _caught(status: dict[str, str]) -> bool:
    """Whether the process has a handler for SIGINT."""
    return bool(int(status.get("SigCgt", "0"), 16) & _SIGINT_BIT)


def _in_system_call(pid: int) -> bool:
    """Whether a stopped process was in a system call; True where the kernel does not tell."""
    try:
        return not Path(f"/proc/{pid}/syscall").read_text().startswith("-1")
    except OSError:
        return True


def _cpu_time(pid: int) -> int:
    """Nanoseconds that the process has run."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except OSError:
        return 0
