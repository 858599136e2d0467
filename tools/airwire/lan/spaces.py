"""Linux namespaces: make them, enter them, and say why this machine has none. Knows descriptors
and processes, nothing of networks.

A LAN has a process namespace, so that the kernel ends all its processes with the keeper, however
that ends; network namespaces are held by descriptors alone and go with the last of them. Nothing
here has a name in a file system that could be left behind.
"""

import contextlib
import ctypes
import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from airwire.errors import UserError

NEW_MOUNTS, NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x20000, 0x10000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG = 1
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unshare(flags: int) -> None:
    """Leave what `flags` name for new ones. Raises OSError."""
    _check(_libc.unshare(flags))


def enter(descriptor: int, kind: int = 0) -> None:
    """Go into the namespace that `descriptor` is open on. Raises OSError."""
    _check(_libc.setns(descriptor, kind))


def mount(source: str, target: str, kind: str | None = None, flags: int = 0) -> None:
    """mount(2). Raises OSError."""
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    _check(_libc.mount(*words, ctypes.c_ulong(flags), None))


def die_with(parent: int) -> None:
    """End this process when its parent ends, of which the caller knows the pid (0: it is outside
    our process namespace).
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def separate() -> str:
    """Leave the machine's network, processes and mounts: in a user namespace of our own where the
    machine lets us, else as root. The next fork is process 1 there.

    Returns "user" or "root". Raises UserError, which tells both reasons.
    """
    own = NEW_NETWORK | NEW_PROCESSES | NEW_MOUNTS
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(NEW_USER | own)
    except OSError as error:
        refused = error
    else:
        try:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        except OSError as error:  # AppArmor lets them be made, and then takes all rights away
            raise UserError(
                "this machine has no LAN mode: its user namespaces have no rights"
                f" ({_reason(error)}); allow them, or be root"
            ) from None
        return "user"
    try:
        unshare(own)
    except OSError as error:
        raise UserError(
            "this machine has no LAN mode: it allows no user namespaces"
            f" ({_reason(refused)}), and network namespaces without one need root"
            f" ({_reason(error)})"
        ) from None
    return "root"


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:  # what a limit of zero looks like
        return "their number is limited, see /proc/sys/user"
    return error.strerror.lower()


def keep_mounts_private() -> None:
    """What we mount is nobody else's, and /proc shows our own processes where that is allowed (a
    container's masked /proc forbids it; nothing but `ps` misses it).
    """
    mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    with contextlib.suppress(OSError):
        mount("proc", "/proc", "proc")


def cover(path: str, source: Path) -> None:
    """Let `path` show the content of `source` to all processes here. Raises OSError."""
    mount(str(source), path, None, _MS_BIND)


def current_network() -> int:
    """A descriptor of the network namespace that we are in."""
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def new_network() -> int:
    """A descriptor of a new network namespace; we stay where we are."""
    home = current_network()
    try:
        unshare(NEW_NETWORK)
        new = current_network()
        enter(home, NEW_NETWORK)
        return new
    finally:
        os.close(home)


@contextlib.contextmanager
def inside(network: int) -> Iterator[None]:
    """In another network namespace, for what is done before anything else of this process runs:
    sockets made there stay there.
    """
    home = current_network()
    try:
        enter(network, NEW_NETWORK)
        yield
    finally:
        enter(home, NEW_NETWORK)
        os.close(home)


class Entrance:
    """The way into a LAN from outside, for a process that was just forked: it holds open what it
    takes, so that it leads there or nowhere.
    """

    def __init__(self, keeper: int, network: str) -> None:
        """`keeper`: the pid of the LAN's process 1; `network`: "ns/net" or "fd/N" of it. Raises
        OSError when it is gone, or somebody else's.
        """
        names = {NEW_USER: "ns/user", NEW_PROCESSES: "ns/pid", NEW_MOUNTS: "ns/mnt"}
        self._fds: dict[int, int] = {}
        try:
            for kind, name in {**names, NEW_NETWORK: network}.items():
                self._fds[kind] = os.open(f"/proc/{keeper}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.close()
            raise
        # Entering the user namespace that one is in is an error; root's LANs have none.
        own = os.stat("/proc/self/ns/user")
        if os.path.samestat(own, os.fstat(self._fds[NEW_USER])):
            os.close(self._fds.pop(NEW_USER))

    def enter(self) -> None:
        """Into user and network namespace: for one of our own, which watches the keeper itself."""
        self._enter(NEW_USER, NEW_NETWORK)

    def enter_wholly(self) -> None:
        """Into all of it; the processes that we fork from now on end with the LAN."""
        self._enter(NEW_USER, NEW_NETWORK, NEW_PROCESSES, NEW_MOUNTS)

    def _enter(self, *kinds: int) -> None:
        for kind in kinds:
            if kind in self._fds:
                enter(self._fds[kind], kind)

    def close(self) -> None:
        """Forget the way."""
        for fd in self._fds.values():
            os.close(fd)
        self._fds.clear()
