"""The library for Arduino: what `make arduino` writes is compiled with its sketch, which talks
to a module.
"""

import socket
import subprocess
import sys
import threading
import zipfile

import pytest

from airwire import project
from host_tests.c.programs import HERE, ROOT, SANITIZED, STRICT, run
from host_tests.client.conversations import FakeModule

# Arduino's own main program; a sketch's second minute is not waited for.
MAIN = """\
#include <Arduino.h>
#include <stdlib.h>
Stream Serial(-1, 2), Serial1(0, 1);
void delay(unsigned long ms) { exit(ms != 60000); }
int main() { setup(); for (;;) loop(); }
"""
CXX = ("c++", "-std=c++11", "-Wall", "-Wextra", "-Werror", *SANITIZED)
SECONDS = 60


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The folder of the library, unpacked as the IDE does."""
    folder = tmp_path_factory.mktemp("arduino")
    run(sys.executable, ROOT / "tools" / "arduino.py", "--output", folder / "Airwire.zip")
    with zipfile.ZipFile(folder / "Airwire.zip") as archive:
        archive.extractall(folder)
    return folder / "Airwire"


def test_the_library_is_whole(library):
    found = {p.relative_to(library).as_posix() for p in library.rglob("*") if p.is_file()}
    assert found == {
        "LICENSE",
        "library.properties",
        "src/Airwire.h",
        "src/Airwire.cpp",
        "src/driver/airwire.h",
        "src/driver/airwire.c",
        "examples/SendReading/SendReading.ino",
    }
    lines = (library / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    assert len(properties) == len(lines)
    assert properties["version"] == project.version()
    assert {"name", "author", "maintainer", "sentence", "category"} <= properties.keys()


def test_the_sketch_talks_to_a_module(library, tmp_path):
    (tmp_path / "Arduino.h").write_text((HERE / "arduino.h").read_text())
    (tmp_path / "main.cpp").write_text(MAIN)
    sketch = library / "examples" / "SendReading" / "SendReading.ino"
    (tmp_path / "sketch.cpp").write_text("#include <Arduino.h>\n" + sketch.read_text())
    source = library / "src"
    run("cc", *STRICT, *SANITIZED, "-c", source / "driver" / "airwire.c", cwd=tmp_path)
    folders = ("-I", tmp_path, "-I", source)
    parts = (source / "Airwire.cpp", "sketch.cpp", "main.cpp", "airwire.o")
    run(*CXX, *folders, *parts, "-o", "sketch", cwd=tmp_path)

    success = b"R000009\r\nSuccess\r\n"
    reads = [b"R000008\r\nwarm\r\n\r\n", b"R100016\r\nCommand failed\r\n"]
    module = FakeModule(
        (rb"set wlan.*|21.5\nset .*", b"R000008\r\nSet OK\r\n"),
        (rb"network_up|stream_write .*", success),
        (rb"tcp_client example.com 9000", b"R000003\r\n2\r\n"),
        (rb"(21.5\n)?stream_read 2 64", lambda line: reads.pop(0)),
        (rb"stream_poll all", b"R000000\r\n"),
        (rb"stream_close 2", b"R100016\r\nCommand failed\r\n"),
    )
    ours, theirs = socket.socketpair()

    def answer():
        while data := ours.recv(4096):
            ours.sendall(module.feed(data))

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        done = subprocess.run(
            [tmp_path / "sketch"],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
        )
    finally:
        theirs.close()
        thread.join()
        ours.close()
    assert (done.returncode, done.stderr) == (0, b"joined\r\nwarm\r\n")
    assert b'set wlan.ssid "my network"' in module.lines
    assert b"21.5\nstream_read 2 64" in module.lines
