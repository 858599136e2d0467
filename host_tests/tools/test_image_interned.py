"""The names that the device takes into RAM before the modules that have them."""

import pytest

from airwire import project
from airwire.image import bytecode, interned, tree

# Modules that load no other one: those with machine code are compiled where they run.
MODULES = ("wire.x509", "wire.pem", "wire.tls_errors", "wire.http_access", "wire.http_file")


def test_names_of_a_module():
    """Those that not every MicroPython has: of functions, their parameters and attributes."""
    source = b"def first(one_word):\n    print(one_word.another)\n    return len('a piece')\n"
    found = interned.names(bytecode.compile_source(source, "x.py"))
    assert {b"first", b"one_word", b"another", b"x"} <= set(found)
    assert not {b"print", b"len"} & set(found)


def test_the_file_of_the_image():
    """Sorted, each once; short private names as the modules have them."""
    files = tree.device_files(project.ROOT)
    lines = files["https_names.txt"].split(b"\n")
    assert lines.pop() == b"" and lines == sorted(set(lines))
    for path in ("firmware/services/http_tls.mpy", "lib/wire/x509.mpy"):
        own = interned.names(files[path])
        assert own and set(own) <= set(lines), path


SCRIPT = """
import micropython

if {intern}:
    with open("https_names.txt") as file:
        for name in file:
            hasattr(None, name[:-1])
micropython.qstr_info()
for name in {modules}:
    __import__(name)
micropython.qstr_info()
"""


@pytest.mark.parametrize("intern", [True, False])
def test_modules_leave_no_names_behind(micropython, tmp_path, intern):
    """With the file, importing them adds nothing but what each is called; without it, more."""
    for name, content in tree.device_files(project.ROOT).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(intern=intern, modules=MODULES))
    done = micropython(script, cwd=tmp_path, path=(tmp_path / "lib",))
    assert done.returncode == 0, done.stderr
    before, after = (int(part.split(",")[0]) for part in done.stdout.split("n_qstr=")[1:])
    own = 2 * len(MODULES) + 1  # its name, its path, and those of the package
    assert (after - before <= own) is intern, (before, after)
