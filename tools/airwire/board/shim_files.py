"""The shims as the virtual board runs them: compiled by mpy-cross, so that a board boots fast and
no compiler works in its small heap. Knows nothing of what is in them."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from airwire.image.bytecode import compile_source
from airwire.project import BUILD

SOURCE = Path(__file__).parent / "shims"
_FORM = 2  # of what is made of the sources; to be raised with each change of it
_SCRIPT = "start.py"  # the interpreter's first script: it runs source only


def prepared() -> Path:
    """The folder with start.py and the compiled shims, made when the sources have changed.

    Several boards may start at once: the folder appears whole, under a name made of its content.
    Older ones stay, for the boards that run on them import from them when they please. Raises
    UserError when a shim does not compile.
    """
    sources = {path.name: path.read_bytes() for path in sorted(SOURCE.glob("*.py"))}
    digest = hashlib.sha256(f"{_FORM}{sources}".encode()).hexdigest()[:16]
    folder = BUILD / "shims" / digest
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent, prefix="new-"))
    making.chmod(0o755)
    for name, source in sources.items():
        if name == _SCRIPT:
            (making / name).write_bytes(source)
        else:  # named as its source would be: the shims know their own frames in a traceback by it
            # On a chip they are C: they have no lines, and their bytecode takes nobody's RAM.
            code = compile_source(source, f"{folder}/{name}", lines=False)
            (making / name).with_suffix(".mpy").write_bytes(code)
    try:
        os.rename(making, folder)
    except OSError:  # another board was faster
        shutil.rmtree(making)
    return folder
