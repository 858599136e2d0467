"""`airwire dct set` takes the values that the firmware takes, and no others: both are asked."""

import subprocess

from airwire import declarations
from airwire.board import shim_files
from airwire.dct import values
from airwire.errors import UserError
from host_tests.conftest import ROOT

DRIVER = ROOT / "host_tests" / "tools" / "dct_values_driver.py"

# Given to every variable: what each type takes, and what is almost that.
SAMPLES = (
    *("", "0", "1", "2", "5", "6", "7", "8", "9", "-1", "+1", "01", "1 ", " 1", "1_0", "x", "-"),
    *("on", "off", "true", "false", "On", "all", "none", "default", "local", "raw", "human"),
    *("12", "20", "24", "26", "28", "32", "33", "34", "39", "40", "50", "64", "65", "120", "255"),
    *("256", "3300", "7200", "65535", "65536", "92160", "1073741823", "1073741824", "9" * 20),
    *("1.2.3.4", "0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255", "1.2.3"),
    *("1.2.3.256", "1.2.3.4.5", "1.2.3.-4", "10.0.0.1", "1..3.4"),
    *("00:11:22:33:44:55", "001122aabbcc", "00:11:22:33:44", "00:11:22:33:44:5g"),
    *("300", "9600", "9601", "9600 raw", "9601 raw", "99 raw", "5000001 raw", "9600 x", "115200"),
    *("in", "out", "ipu", "input_pull_up", "output 1", "output 2", "out 0", "in 1", "output high"),
    *("output_low", "ood 1", "output open drain", "input highz"),
    *("static_off|static_on", "static_off|fast_blink|static_on", "slow_blink", "a|b|c"),
    *("static_off|fast_blink|slow_blink|static_on", "static_on|static_on|static_on|static_on"),
    *("+12", "-12", "13", "5:30", "-5:30", "5:31", "5:", "+-5", "12:30"),
    *("gpio4", "gpio4_low", "gpio5", "gpio39_low", "gpio40", "gpio-1", "gpio", "gpio4 low"),
    *("word", "two words", "x" * 15, "x" * 16, "x" * 32, "x" * 33, "x" * 63, "x" * 64, "x" * 65),
    *(
        "x" * 128,
        "x" * 129,
        "x" * 400,
        "\u00e4" * 16,
        "\u00e4" * 17,
        "tcp",
        "udp",
        "wlan",
        "softap",
    ),
    *(
        "main.py",
        "uart1",
        "active",
        "machine",
        "utc",
        "even",
        "odd",
        "wpa2",
        "open",
        "http",
        "24/7",
    ),
    *("dct:a", "dct:", "dct:a b", "py:a.b", "py:a", "py:a.b.c", "py:.b", "py:a.", "ca.pem"),
    *("py:a.1b", "py:A1._b", "py:a.b-c", "py:" + "a." * 62 + "a", "py:" + "a." * 63 + "a"),
)


def accepted(variable, index, value):
    try:
        values.check(variable, f"{variable.name} {index}", value)
    except UserError:
        return False
    return True


def test_the_firmware_takes_the_same_values(interpreter, arch, shipped):
    asked = []
    for each in declarations.variables(ROOT):
        if each.access in ("ro", "volatile"):
            continue
        indexes = values.indexes(each)
        for index in indexes[:1] + indexes[-1:] if indexes else [""]:
            asked += [(each, index, value) for value in SAMPLES]
    text = "".join(f"{each.name}\t{index}\t{value}\n" for each, index, value in asked)
    modules = (shim_files.prepared(arch), shipped, shipped / "lib", ".frozen")
    done = subprocess.run(
        [interpreter, DRIVER],
        input=text.encode(),
        env={"MICROPYPATH": ":".join(map(str, modules))},
        cwd=shipped,
        capture_output=True,
        timeout=120,
    )
    answers = done.stdout.decode().split()
    assert len(answers) == len(asked), done.stdout[-500:] + done.stderr
    differ = [
        (each.name, each.type, index, value, answer)
        for (each, index, value), answer in zip(asked, answers, strict=True)
        if accepted(each, index, value) != (answer == "yes")
    ]
    assert not differ
    assert {"yes", "no"} == set(answers)
