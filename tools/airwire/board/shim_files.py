"""The shims as the virtual board runs them: compiled by mpy-cross, so that a board boots fast and
no compiler works in its small heap. Knows nothing of what is in them."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from airwire.image import bytecode, names
from airwire.project import BUILD

SOURCE = Path(__file__).parent / "shims"
# mpy-cross's name of the processor, for the interpreter whose heap is as small as a chip's. There
# the shims are C and their code is in nobody's heap: neither is machine code, which MicroPython
# keeps elsewhere.
_MACHINES = {"i386": "x86"}
# Bytecode everywhere: handlers of interrupts run between bytecodes, and this is where boards wait.
_BYTECODE = ("_board.py",)
_SCRIPT = "start.py"  # the interpreter's first script: it runs source only
NOT_MACHINE_CODE = (*_BYTECODE, _SCRIPT)


def prepared(arch: str) -> Path:
    """The folder with start.py and the compiled shims for an interpreter, made when the sources
    have changed.

    Several boards may start at once: the folder appears whole, under a name made of its content.
    Older ones stay, for the boards that run on them import from them when they please. Raises
    UserError when a shim does not compile.
    """
    sources = {path.name: path.read_bytes() for path in sorted(SOURCE.glob("*.py"))}
    machine = _MACHINES.get(arch)
    # What shortens and compiles is part of it; to do so for each board that starts took longer
    # than all the rest of its start.
    making_of = [Path(file).read_bytes() for file in (__file__, names.__file__, bytecode.__file__)]
    digest = hashlib.sha256(repr((making_of, machine, sources)).encode()).hexdigest()[:16]
    folder = BUILD / "shims" / digest
    if folder.is_dir():
        return folder
    sources = names.shortened(sources, [_SCRIPT])
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent, prefix="new-"))
    making.chmod(0o755)
    for name, source in sources.items():
        if name == _SCRIPT:
            (making / name).write_bytes(source)
        else:
            # One name for all, by which the shims know their own frames in a traceback: each name
            # takes of the board's heap.
            native = None if name in _BYTECODE else machine
            code = bytecode.compile_source(source, str(folder), False, native)
            (making / name).with_suffix(".mpy").write_bytes(code)
    try:
        os.rename(making, folder)
    except OSError:  # another board was faster
        shutil.rmtree(making)
    return folder
