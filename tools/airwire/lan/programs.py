"""The programs that a LAN, or a client in it, needs and few machines have: installs them, finds
them.

    python -m airwire.lan.programs install

As the interpreters: Debian's packages, extracted below build/lan/, or the machine's own where they
cannot be had. An installation without its entry in build/lan/tree is not finished.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from airwire import debian, interpreter, project
from airwire.errors import UserError

WHERE = project.BUILD / "lan"
# What runs there is linked to the folder's own place: this tells where that was, and what it has.
_RECORD = WHERE / "tree"
SUITE = "trixie"  # a stable release, for years to come

# Program: package, and where it is in it. busybox is ping, udhcpc, nslookup and more.
PROGRAMS = {
    "dnsmasq": ("dnsmasq-base", "usr/sbin/dnsmasq"),
    "busybox": ("busybox-static", "usr/bin/busybox"),
    "inetutils-telnet": ("inetutils-telnet", "usr/bin/inetutils-telnet"),
    "chronyd": ("chrony", "usr/sbin/chronyd"),
}


def find(name: str) -> Path:
    """A program's path. Raises UserError, which names the cure."""
    if _settled():
        return WHERE / name / name
    own = shutil.which(name)
    if own is None:
        raise UserError(f"no {name} is installed; run: make lan")
    return Path(own)


def known(command: Sequence[str]) -> list[str]:
    """The command as it is to be run: what the machine lacks and busybox has is busybox's."""
    if shutil.which(command[0]) or command[0] not in _applets():
        return list(command)
    return [str(find("busybox")), *command]


def _applets() -> list[str]:
    listed = subprocess.run([find("busybox"), "--list"], capture_output=True, text=True)
    return listed.stdout.split()


def _record() -> str:
    return "\n".join([str(WHERE), *PROGRAMS])


def _settled() -> bool:
    try:
        return _RECORD.read_text() == _record()
    except OSError:
        return False


def install() -> None:
    """Install what is not there yet. Raises UserError where that fails and the machine has none
    of its own.
    """
    if _settled():
        return
    try:
        for name, (package, path) in PROGRAMS.items():
            _install(name, package, path)
    except (debian.Unsupported, debian.Failed) as error:
        lacking = [name for name in PROGRAMS if not shutil.which(name)]
        if lacking:
            raise UserError(
                f"no {' and no '.join(lacking)} for LAN mode ({error});"
                " install what is lacking with your system's package manager"
            ) from None
        return
    _RECORD.write_text(_record())


def _install(name: str, package: str, path: str) -> None:
    print(f"airwire: installing {name} from the Debian package {package}", file=sys.stderr)
    prefix, new = WHERE / name, WHERE / f"{name}.new"
    for folder in (prefix, new):
        shutil.rmtree(folder, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        debian.extract(package, SUITE, interpreter.NATIVE, new)
        if package.endswith("-static"):
            shutil.copy(new / path, new / name)
        else:
            debian.link(new, path, prefix)
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
