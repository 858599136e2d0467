"""The CRC-16 of files: machine code and pure Python agree, on each interpreter; the file is one of
those that ship as source; and where there is no native code the pure one takes its place.
"""

from airwire.image import bytecode
from host_tests.conftest import LIB, ROOT

STORE = ROOT / "firmware" / "store"
HERE = ROOT / "host_tests" / "store"


def test_both_agree(micropython, seed):
    done = micropython(HERE / "crc_fast_driver.py", str(seed), path=(STORE, LIB))
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) == 5 * 8 * 5 + 100 + 256


def test_it_ships_as_source():
    assert bytecode.needs_source((STORE / "crc_fast.py").read_bytes())


def test_the_pure_one_takes_its_place(micropython, tmp_path):
    """An interpreter without the native emitter refuses the decorator with a SyntaxError."""
    store = tmp_path / "firmware" / "store"
    store.mkdir(parents=True)
    source = (STORE / "crc_fast.py").read_text()
    assert "@micropython.viper" in source
    (store / "crc_fast.py").write_text(source.replace("@micropython.viper", "@micropython.none"))
    for path in (STORE / "files.py", STORE.parent / "__init__.py"):
        (tmp_path / "firmware" / path.relative_to(STORE.parent)).write_text(path.read_text())
    words = (
        "from firmware.store import files; from wire import crc; print(files.crc16 is crc.crc16)"
    )
    done = micropython("-c", words, cwd=tmp_path, path=(tmp_path, LIB))
    assert done.stdout == "True\n", done.stdout + done.stderr
