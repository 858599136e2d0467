"""The driver in C as compilers and checkers see it: warnings, its needs, its size and stack."""

import re
import subprocess
from functools import cache

import pytest

from host_tests.c.programs import BARE, DRIVER, ROOT, STRICT, run

# Bytes: half of what the smallest hosts have as their stack, and what fits beside a program.
MOST_FRAME = 128
MOST_STACK = 512
MOST_CODE = 4608
MOST_RAM = 192  # of a struct airwire

# What a compiler for a bare machine may ask for: its own arithmetic and memset, and nothing else.
ASKED = re.compile(r"__\w+|memset|memcpy")


@pytest.mark.parametrize("optimisation", ["-O0", "-Os", "-O3"])
def test_no_warning_for_the_host(optimisation, tmp_path):
    run("cc", *STRICT, optimisation, "-c", DRIVER / "airwire.c", "-o", tmp_path / "a.o")


def test_the_header_is_cplusplus(tmp_path):
    source = tmp_path / "a.cpp"
    source.write_text('#include "airwire.h"\n#include "airwire.h"\n')
    for standard in ("-std=c++98", "-std=c++20"):
        run(
            "c++",
            standard,
            "-Wall",
            "-Wextra",
            "-Werror",
            "-I",
            DRIVER,
            "-c",
            source,
            cwd=tmp_path,
        )


def test_the_driver_is_for_a_bare_machine(tmp_path, figure):
    objects = tmp_path / "airwire.o"
    run(*BARE, *STRICT, "-c", DRIVER / "airwire.c", "-o", objects)
    asked = run("arm-none-eabi-nm", "-u", objects).split()[1::2]
    assert asked
    assert not [name for name in asked if not ASKED.fullmatch(name)]
    text, data, bss = map(int, run("arm-none-eabi-size", objects).splitlines()[1].split()[:3])
    source = tmp_path / "size.c"
    source.write_text('#include "airwire.h"\nchar size[sizeof(struct airwire)];\n')
    run(*BARE, "-I", DRIVER, "-c", source, "-o", objects)
    ram = int(run("arm-none-eabi-nm", "-S", objects).split()[1], 16)
    figure(f"Cortex-M0, -Os: {text} bytes of code, {ram} of RAM for a module")
    assert text <= MOST_CODE
    assert data == bss == 0  # no global state
    assert ram <= MOST_RAM


def test_stack_is_bounded(tmp_path, figure):
    """Each function by itself, and each call from the outside with all that it calls."""
    run(*BARE, *STRICT, "-fcallgraph-info=su", "-c", DRIVER / "airwire.c", cwd=tmp_path)
    graph = (tmp_path / "airwire.ci").read_text()
    label = r'node: \{ title: "(\S+)" label: "[^"\\]+\\n\S+\\n(\d+) bytes \((\w+)\)'
    found = re.findall(label, graph)
    frames = {title: int(size) for title, size, _ in found}
    assert {kind for _, _, kind in found} == {"static"}
    calls: dict[str, set[str]] = {title: set() for title in frames}
    for caller, called in re.findall(r'sourcename: "(\S+)" targetname: "(\S+)"', graph):
        calls[caller].add(called)

    @cache
    def depth(title, above=()):
        assert title not in above, "recursion"
        deeper = [depth(called, (*above, title)) for called in calls.get(title, ())]
        return frames.get(title, 0) + max(deeper, default=0)

    public = re.findall(r"\b(airwire_\w+)\(", (DRIVER / "airwire.h").read_text())
    depths = {name: depth(name) for name in public}
    figure("stack: " + ", ".join(f"{name} {size}" for name, size in sorted(depths.items())))
    assert depths["airwire_stream_write"] > depths["airwire_said"]
    assert max(frames.values()) <= MOST_FRAME
    assert max(depths.values()) <= MOST_STACK


def test_checker_finds_nothing():
    checks = "--enable=warning,style,performance,portability"
    told = ("cppcheck", "--std=c99", checks, "--inline-suppr", "--error-exitcode=1", "--quiet")
    assert run(*told, DRIVER / "airwire.c", DRIVER / "example_linux.c", "-I", DRIVER) == ""


def test_the_example_has_no_warning(tmp_path):
    source = DRIVER / "example_linux.c"
    run("cc", *STRICT, "-D_DEFAULT_SOURCE", "-c", source, "-o", tmp_path / "example.o")


def test_the_example_tells_why_it_has_no_port(tmp_path):
    example = tmp_path / "example"
    sources = (DRIVER / "example_linux.c", DRIVER / "airwire.c")
    run("cc", "-std=c99", "-D_DEFAULT_SOURCE", *sources, "-o", example)
    for words, code, said in (
        ([], 2, f"usage: {example} SERIAL-PORT"),
        ([""], 2, f"usage: {example} SERIAL-PORT"),
        (["/dev/nosuch"], 1, "/dev/nosuch: No such file or directory"),
        (["/dev/null"], 1, "/dev/null: no serial port"),
        ([str(tmp_path)], 1, f"{tmp_path}: Is a directory"),
    ):
        done = subprocess.run([example, *words], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (code, f"{said}\n")


def test_the_program_in_the_document_is_for_a_bare_machine(tmp_path):
    text = (ROOT / "docs" / "host-mcu.md").read_text()
    [program] = re.findall(r"```c sensor\.c\n(.*?)```", text, re.DOTALL)
    (tmp_path / "sensor.c").write_text(program)
    run(*BARE, *STRICT, "-I", DRIVER, "-c", "sensor.c", cwd=tmp_path)
