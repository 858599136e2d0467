"""The programs that a LAN needs and few machines have: installs them, finds them.

    python -m airwire.lan.programs install

As the interpreters: Debian's packages, each extracted into a folder below build/lan/, or the
machine's own where they cannot be had.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from airwire import debian, interpreter, project
from airwire.errors import UserError

WHERE = project.BUILD / "lan"
# In a package's folder, once all of it is there: what runs there is linked to the folder's own
# place, and this tells where that was.
_RECORD = "tree"
SUITE = "trixie"  # a stable release, for years to come
_OTHER_SUITES = {"llmnrd": "bookworm"}  # left Debian after it

# Program: package, and where it is in it or in what it depends on. busybox is ping, udhcpc,
# nslookup and more. A LAN needs the first two; the others are for the tests.
NEEDED = ("dnsmasq", "busybox")
PROGRAMS = {
    "dnsmasq": ("dnsmasq-base", "usr/sbin/dnsmasq"),
    "busybox": ("busybox-static", "usr/bin/busybox"),
    "avahi-daemon": ("avahi-utils", "usr/sbin/avahi-daemon"),
    "avahi-browse": ("avahi-utils", "usr/bin/avahi-browse"),
    "avahi-resolve": ("avahi-utils", "usr/bin/avahi-resolve"),
    "dbus-daemon": ("avahi-utils", "usr/bin/dbus-daemon"),
    "llmnr-query": ("llmnrd", "usr/bin/llmnr-query"),
    "nmblookup": ("samba-common-bin", "usr/bin/nmblookup"),
    "dhclient": ("isc-dhcp-client", "usr/sbin/dhclient"),
    "dhcpcd": ("dhcpcd-base", "usr/sbin/dhcpcd"),
    "socat": ("socat", "usr/bin/socat"),
    "inetutils-telnet": ("inetutils-telnet", "usr/bin/inetutils-telnet"),
    "chronyd": ("chrony", "usr/sbin/chronyd"),
    "systemd-resolved": ("systemd-resolved", "usr/lib/systemd/systemd-resolved"),
    "resolvectl": ("systemd-resolved", "usr/bin/resolvectl"),
}
# The folder beside the usual libraries where a package has its own.
_OWN_LIBRARIES = {"samba-common-bin": "samba", "systemd-resolved": "systemd"}
# Two thirds of what is extracted, which no program here reads.
_UNUSED = ("usr/share", "usr/lib/python3")


def find(name: str) -> Path:
    """A program's path. Raises UserError, which names the cure."""
    package = PROGRAMS[name][0]
    if _settled(package):
        return WHERE / package / name
    own = shutil.which(name)
    if own is None:
        raise UserError(f"no {name} is installed; run: make lan")
    return Path(own)


def known(command: Sequence[str]) -> list[str]:
    """The command as it is to be run: what the machine lacks is one of the programs here, or
    busybox's where that has it.
    """
    if shutil.which(command[0]):
        return list(command)
    if command[0] in PROGRAMS:
        return [str(find(command[0])), *command[1:]]
    if command[0] not in _applets():
        return list(command)
    return [str(find("busybox")), *command]


def search_path() -> str:
    """The machine's PATH, and behind it where the programs here are, and busybox's: for commands
    that run others, such as sh.
    """
    folders = [os.environ.get("PATH", os.defpath)]
    folders += dict.fromkeys(str(WHERE / package) for package, _ in PROGRAMS.values())
    applets = WHERE / "applets"
    busybox = find("busybox").resolve()
    if (applets / "busybox").resolve() != busybox:
        shutil.rmtree(applets, ignore_errors=True)
        applets.mkdir(parents=True, exist_ok=True)
        for name in (*_applets(), "busybox"):
            with contextlib.suppress(FileExistsError):
                (applets / name).symlink_to(busybox)
    return os.pathsep.join([*folders, str(applets)])


def _applets() -> list[str]:
    listed = subprocess.run([find("busybox"), "--list"], capture_output=True, text=True)
    return listed.stdout.split()


def _settled(package: str) -> bool:
    try:
        return (WHERE / package / _RECORD).read_text() == str(WHERE)
    except OSError:
        return False


def install() -> None:
    """Install what is not there yet. Raises UserError where that fails and the machine has none
    of its own.
    """
    packages = dict.fromkeys(package for package, _ in PROGRAMS.values() if not _settled(package))
    try:
        for package in packages:
            _install(package)
    except (debian.Unsupported, debian.Failed) as error:
        lacking = [
            name for name in NEEDED if not _settled(PROGRAMS[name][0]) and not shutil.which(name)
        ]
        if lacking:
            raise UserError(
                f"no {' and no '.join(lacking)} for LAN mode ({error});"
                " install what is lacking with your system's package manager"
            ) from None


def _install(package: str) -> None:
    programs = [path for owner, path in PROGRAMS.values() if owner == package]
    names = " ".join(Path(path).name for path in programs)
    print(f"airwire: installing {names} from the Debian package {package}", file=sys.stderr)
    prefix, new = WHERE / package, WHERE / f"{package}.new"
    for folder in (prefix, new):
        shutil.rmtree(folder, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        debian.extract(package, _OTHER_SUITES.get(package, SUITE), interpreter.NATIVE, new)
        for path in programs:
            if package.endswith("-static"):
                shutil.copy(new / path, new)
            else:
                debian.link(new, path, prefix, _OWN_LIBRARIES.get(package))
        for part in _UNUSED:
            shutil.rmtree(new / part, ignore_errors=True)
        (new / _RECORD).write_text(str(WHERE))
        new.rename(prefix)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def main() -> int:
    """`python -m airwire.lan.programs install`, as the Makefile calls it."""
    parser = argparse.ArgumentParser(
        prog="python -m airwire.lan.programs", description="Programs for LAN mode."
    )
    parser.add_argument("action", choices=["install"], help="install what is not there yet")
    parser.parse_args()
    try:
        install()
    except UserError as error:
        print(f"airwire: {error.message}", file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
