"""`airwire dct` on image files: what the commands change, print and refuse, and that no key is
ever printed.
"""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from airwire.image import layout
from airwire.image.partitions import TABLE_OFFSET
from airwire.wire import dct
from host_tests.tools.cert_command import Command, mode, secrets_of
from host_tests.tools.odd_certs import SERVER, Made, chain_of_three


@pytest.fixture
def table(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    return Command("dct", capfd)


@pytest.fixture
def made(tmp_path):
    """Root, intermediate and leaf, in the files ca.pem, chain.pem and leaf.key."""
    root, middle, leaf = chain_of_three(purposes=[SERVER], names=["s.local"])
    (tmp_path / "ca.pem").write_bytes(root.pem)
    (tmp_path / "chain.pem").write_bytes(leaf.pem + middle.pem)
    (tmp_path / "leaf.key").write_bytes(leaf.key_pem)
    return root, middle, leaf


ADD = ("--cert", "chain.pem", "--key", "leaf.key", "--ca", "ca.pem")


def entries(path):
    return dct.current(path.read_bytes())[2]


def blank(path):
    """An image of a whole flash with nothing but its partition table."""
    image = bytearray(b"\xff" * layout.FLASH_SIZE)
    rows = layout.TABLE.to_bytes(layout.FLASH_SIZE)
    image[TABLE_OFFSET : TABLE_OFFSET + len(rows)] = rows
    path.write_bytes(image)
    return path


def test_a_new_table(table, tmp_path):
    assert table("new", "a") == "a: 0 entries, 0 of 32744 bytes\n"
    said = table("new", "b", "--maker", "M", "--product", "P", "--serial", "S", "--date", "D")
    assert said == "b: 4 entries, 46 of 32744 bytes\n"
    assert (tmp_path / "a").read_bytes() == dct.image([])
    texts = ((b"date", b"D"), (b"maker", b"M"), (b"product", b"P"), (b"serial", b"S"))
    wanted = dct.image([(dct.MANUFACTURING, name, dct.TEXT, text) for name, text in texts])
    assert (tmp_path / "b").read_bytes() == wanted
    assert mode(tmp_path / "b") == "600"
    assert table.refused("new", "b") == "b is there already: --force replaces it"
    table("new", "b", "--force")
    assert (tmp_path / "b").read_bytes() == dct.image([])
    assert table("new", "c", "--dry-run").endswith(" (dry run: nothing is written)\n")
    assert not (tmp_path / "c").exists()
    assert table.refused("new", "c", "--maker", "x" * 65) == "maker: text too long"
    assert table.refused("new", "c", "--maker", "a\nb") == (
        "maker: a text has no control characters"
    )


def test_an_identity_from_beginning_to_end(table, tmp_path, made):
    root, middle, leaf = made
    table("new", "t")
    said = table("add", "t", "iot", *ADD)
    until = f"{leaf.cert.not_valid_after_utc:%Y-%m-%d}"
    summary = f"certificate of leaf with 1 above it, until {until}; key EC P-256; 1 root"
    size = len(leaf.pem + middle.pem + root.der + leaf.key_forms(b"x")["der"]) + 3 * 8
    assert said == f"iot: {summary}\nt: 3 entries, {size} of 32744 bytes\n"
    assert entries(tmp_path / "t") == [
        (dct.IDENTITY, b"iot", dct.CERTIFICATE, leaf.pem + middle.pem),
        (dct.IDENTITY, b"iot", dct.KEY, leaf.key_forms(b"x")["der"]),
        (dct.IDENTITY, b"iot", dct.ROOTS, root.der),
    ]
    assert mode(tmp_path / "t") == "600"
    assert table("list", "t") == (
        f"t: 3 entries, {size} of 32744 bytes\n"
        f"dct:iot  {summary}\n"
        "copy 1: whole, change 1, copy 2: whole, change 2\n"
    )
    shown = table("show", "t", "iot")
    assert shown.startswith("dct:iot\ncertificate:\n1   subject  leaf\n    issuer   Middle\n")
    assert "\nroots:\n1   subject  Root\n" in shown and shown.endswith("\nkey: EC P-256\n")
    assert table("verify", "t") == f"t: 3 entries, {size} of 32744 bytes, no faults\n"
    report = json.loads(table("list", "t", "--json"))
    assert (report["sequence"], report["copies"][1]) == (2, "whole, change 2")
    assert report["identities"] == [json.loads(table("show", "t", "iot", "--json"))]
    assert [c["subject"] for c in report["identities"][0]["certificate"]] == ["leaf", "Middle"]
    assert report["identities"][0]["key"] == "EC P-256"
    assert table.refused("add", "t", "iot", "--key", "leaf.key", "--ca", "ca.pem") == (
        "t: iot has key and ca already: --force replaces"
    )
    said = table("remove", "t", "iot", "--only", "ca")
    assert said.startswith("iot: removed ca\nt: 2 entries, ")
    assert table.refused("remove", "t", "iot", "--only", "ca") == (
        "t: iot has no ca, it has cert and key"
    )
    assert table.refused("remove", "t", "x", "--only", "ca") == (
        "t: no identity x; there are: iot"
    )
    assert table("remove", "t", "iot").startswith("iot: removed cert, key\nt: 0 entries, ")
    assert table.refused("remove", "t", "iot") == "t: no identity iot; there are: none"
    assert table.refused("show", "t", "iot") == "t: no identity iot; there are: none"


def test_the_copy_in_force_is_never_touched(table, tmp_path):
    table("new", "t")
    for number in range(1, 6):
        before = (tmp_path / "t").read_bytes()
        table("set", "t", "serial", str(number))
        after = (tmp_path / "t").read_bytes()
        old = (number + 1) % 2 * dct.COPY
        assert after[old : old + dct.COPY] == before[old : old + dct.COPY]
        assert dct.current(after)[:2] == (number % 2, number + 1)


def test_equal_data_writes_nothing(table, tmp_path, made):
    table("new", "t")
    table("add", "t", "iot", *ADD)
    before = (tmp_path / "t").stat()
    table("add", "t", "iot", *ADD, "--force")
    after = (tmp_path / "t").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_dry_runs_write_nothing(table, tmp_path, made):
    table("new", "t", "--maker", "M")
    table("add", "t", "iot", *ADD)
    blank(tmp_path / "flash")
    for words in (
        ("add", "t", "two", *ADD),
        ("set", "t", "maker", "N"),
        ("unset", "t", "maker"),
        ("remove", "t", "iot"),
        ("write", "t", "--image", "flash"),
    ):
        before = [(path, path.read_bytes()) for path in sorted(tmp_path.iterdir())]
        assert table(*words, "--dry-run").endswith(" (dry run: nothing is written)\n")
        assert [(path, path.read_bytes()) for path in sorted(tmp_path.iterdir())] == before
    # What would be refused is refused.
    assert table.refused("add", "t", "iot", *ADD, "--dry-run").startswith("t: iot has cert and")


def test_settings(table, tmp_path):
    table("new", "t")
    assert table("set", "t", "wlan.ssid", "two words").startswith("wlan.ssid: two words\nt: 1 ")
    assert table("set", "t", "wlan.passkey", "a secret").startswith("wlan.passkey: ********\n")
    table("set", "t", "uart.baud 1", "9600")
    table("set", "t", "serial", "S1")
    table("set", "t", "serial", "S2")
    assert entries(tmp_path / "t") == [
        (dct.MANUFACTURING, b"serial", dct.TEXT, b"S2"),
        (dct.VARIABLES, b"uart.baud 1", dct.TEXT, b"9600"),
        (dct.VARIABLES, b"wlan.passkey", dct.TEXT, b"a secret"),
        (dct.VARIABLES, b"wlan.ssid", dct.TEXT, b"two words"),
    ]
    assert table("list", "t").splitlines()[1:-1] == [
        "serial        S2",
        "uart.baud 1   9600",
        "wlan.passkey  ********",
        "wlan.ssid     two words",
    ]
    report = json.loads(table("list", "t", "--json"))
    assert report["module"] == {"serial": "S2"}
    assert report["settings"]["wlan.passkey"] == "********"
    assert table("unset", "t", "uart.baud 1").startswith("uart.baud 1: taken out\nt: 3 entries")
    table("unset", "t", "serial")
    said = table.refused("unset", "t", "serial")
    assert said == "t: no setting 'serial'; `airwire dct list` shows them"
    assert "a secret" not in table.said


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("wlan.sid", "x", "no variable 'wlan.sid': docs/variables.md has them all"),
        ("ssid", "x", "no variable 'ssid' (did you mean setup.web.ssid?)"),
        ("", "x", "no variable '': docs/variables.md has them all"),
        ("wlan.mac", "x", "wlan.mac has no factory setting: it is not kept"),
        ("time.rtc", "1", "time.rtc has no factory setting: it is not kept"),
        ("uart.baud", "9600", "uart.baud has an index: 'uart.baud 0'"),
        ("uart.baud 2", "9600", "uart.baud has an index: 'uart.baud 0'"),
        ("wlan.ssid 1", "x", "wlan.ssid has no index"),
        (
            "uart.baud 1",
            "9601",
            (
                "uart.baud 1 does not take '9601': for each of 0, 1: standard baud rate, or any"
                " with the word raw"
            ),
        ),
        ("wlan.passkey", "x" * 65, "wlan.passkey does not take this value: 0 to 64 bytes"),
        ("maker", "x" * 65, "maker: text too long"),
        ("wlan.ssid", "a\x07", "wlan.ssid: a text has no control characters"),
    ],
)
def test_settings_that_are_refused(table, tmp_path, name, value, said):
    table("new", "t")
    assert table.refused("set", "t", name, value) == said
    assert entries(tmp_path / "t") == []


def test_which_table(table, home):
    for words in (("list",), ("verify",), ("show", "x"), ("set", "serial", "1"), ("remove", "x")):
        assert table.refused(*words) == (
            "whose table? Give a FILE before the rest, or --board NAME, or --port PORT"
        )
        said = table.refused(*words[:1], "t", *words[1:], "--board", "b")
        assert said == "only one of FILE, --board NAME and --port PORT"
    (home / "boards" / "desk").mkdir(parents=True)
    assert table.refused("show", "desk").endswith("; the board desk is --board desk")
    for words in (("list",), ("show", "x"), ("set", "serial", "1")):
        assert table.refused(*words[:1], "desk", *words[1:]) == (
            "no file desk; the board of that name is --board desk"
        )
    code, _, err = table.run("write", "t")
    assert code == 2 and "one of the arguments --board --port --image is required" in err
    code, _, err = table.run("read", "t", "--board", "a", "--port", "b")
    assert code == 2 and "not allowed with argument" in err


def test_files_that_are_no_table(table, tmp_path):
    (tmp_path / "short").write_bytes(b"x" * 100)
    (tmp_path / "erased").write_bytes(b"\xff" * dct.SIZE)
    (tmp_path / "flash").write_bytes(b"\xff" * layout.FLASH_SIZE)
    assert table.refused("list", "none") == "no file none: `airwire dct new` makes one"
    assert table.refused("set", "none", "serial", "1") == (
        "no file none: `airwire dct new` makes one"
    )
    assert table.refused("list", ".") == ".: Is a directory"
    assert table.refused("list", "short") == "short: 100 bytes: neither a DCT nor a flash"
    assert table.refused("list", "flash") == (
        "flash: partition table at 0x8000: no table: the flash is erased: this flash is not"
        " Airwire's"
    )
    assert table("list", "erased") == "erased: no table\ncopy 1: erased, copy 2: erased\n"
    no = "erased: no whole table in it (erased, erased)"
    code, out, err = table.run("verify", "erased")
    assert (code, out, err) == (1, "", f"airwire: {no}\n")
    assert table.refused("write", "erased", "--image", "flash") == no
    blank(tmp_path / "flash")
    assert table.refused("read", "new", "--image", "flash") == no.replace("erased:", "flash:")
    (tmp_path / "flash").write_bytes((tmp_path / "flash").read_bytes()[: layout.DCT.end - 1])
    assert table.refused("list", "flash") == "flash: cut off before the end of the dct partition"
    assert not (tmp_path / "new").exists()
    # An erased one is begun.
    table("set", "erased", "serial", "1")
    assert (tmp_path / "erased").read_bytes() == dct.image(
        [(dct.MANUFACTURING, b"serial", dct.TEXT, b"1")]
    )


def test_a_table_of_a_later_version_is_left_alone(table, tmp_path):
    image = bytearray(dct.image([]))
    image[4] = dct.VERSION + 1
    image[16:20] = dct.crc32(image[:16]).to_bytes(4, "little")
    (tmp_path / "t").write_bytes(image)
    said = f"t: version {dct.VERSION + 1} is not known"
    for words in (("set", "t", "serial", "1"), ("list", "t"), ("read", "u", "--image", "t")):
        assert table.refused(*words) == said
    assert (tmp_path / "t").read_bytes() == image


def test_a_damaged_copy_leaves_the_other(table, tmp_path):
    table("new", "t", "--serial", "1")
    table("set", "t", "serial", "2")
    image = bytearray((tmp_path / "t").read_bytes())
    image[dct.COPY + 30] ^= 1
    (tmp_path / "t").write_bytes(image)
    assert table("list", "t").splitlines()[1:] == [
        "serial  1",
        "copy 1: whole, change 1, copy 2: wrong CRC",
    ]
    table("set", "t", "serial", "3")
    assert table("list", "t").splitlines()[1] == "serial  3"


def test_verify_finds_what_is_wrong(table, tmp_path, made):
    _, _, leaf = made
    old = Made("old", days=(-9, -1))
    odd = [
        (dct.IDENTITY, b"a", dct.CERTIFICATE, leaf.der),
        (dct.IDENTITY, b"a", dct.KEY, old.key_forms(b"x")["der"]),
        (dct.IDENTITY, b"b", dct.CERTIFICATE, old.der),
        (dct.IDENTITY, b"c", dct.KEY, b"0\x03abc"),
        (dct.IDENTITY, b"d", dct.ROOTS, b"hello"),
        (dct.VARIABLES, b"wlan.ssid", dct.TEXT, b"x" * 33),
        (dct.VARIABLES, b"no.such", dct.TEXT, b"secret"),
    ]
    (tmp_path / "t").write_bytes(dct.image(odd))
    code, out, err = table.run("verify", "t")
    *faults, last = out.splitlines()
    assert (code, err) == (1, "") and last.endswith(" bytes, 6 faults")
    assert faults[0] == "a (key) is not the key of certificate 1 (leaf) in a (cert)"
    assert faults[1].startswith("b (cert): old has expired on ")
    assert faults[2] == "c (key): the private key is damaged, or encrypted"
    assert faults[3] == "d (ca): no certificate"
    assert faults[4] == "no variable 'no.such': docs/variables.md has them all"
    assert faults[5].startswith("wlan.ssid does not take 'xxxx")
    code, out, _ = table.run("verify", "t", "--allow-expired")
    assert code == 1 and "5 faults" in out
    listed = table("list", "t")
    assert "c (key): the private key is damaged" in listed and "secret" not in listed
    json.loads(table("list", "t", "--json"))
    blank(tmp_path / "flash")
    assert table.refused("write", "t", "--image", "flash") == f"t: {faults[0]}"


def test_there_and_back_through_a_flash_image(table, tmp_path, made):
    table("new", "t", "--serial", "1")
    table("add", "t", "iot", *ADD)
    flash = blank(tmp_path / "flash")
    before = flash.read_bytes()
    assert table("write", "t", "--image", "flash").startswith("flash: 4 entries, ")
    assert mode(flash) == "600"
    after = flash.read_bytes()
    at = layout.DCT.offset
    assert after[:at] == before[:at] and after[at + dct.COPY :] == before[at + dct.COPY :]
    assert dct.current(after[at : layout.DCT.end])[2] == entries(tmp_path / "t")
    said = table("write", "t", "--image", "flash")
    assert said.endswith(" bytes: it had this table already\n")
    assert flash.read_bytes() == after
    # All other commands take the flash image as well.
    table("set", "flash", "serial", "2")
    assert table("list", "flash").splitlines()[1] == "serial   2"
    table("read", "u", "--image", "flash")
    assert mode(tmp_path / "u") == "600"
    assert (tmp_path / "u").read_bytes() == flash.read_bytes()[at : layout.DCT.end]
    assert table.refused("read", "u", "--image", "flash") == (
        "u is there already: --force replaces it"
    )


def test_no_key_is_ever_printed(table, tmp_path):
    keys = [Made("a"), Made("b", key=rsa.generate_private_key(65537, 2048))]
    blank(tmp_path / "flash")
    table("new", "t")
    for made in keys:
        name = made.cert.subject.rfc4514_string()[3:]
        (tmp_path / "c").write_bytes(made.pem)
        (tmp_path / "k").write_bytes(made.key_pem)
        both = ("--cert", "c", "--key", "k")
        table("add", "t", name, *both, "--dry-run")
        table("add", "t", name, *both)
        table.refused("add", "t", name, *both)
        (tmp_path / "k").write_bytes(made.key_pem[:-40])
        table.refused("add", "t", "x", *both)
        (tmp_path / "k").write_bytes(Made("y").key_pem)
        table.refused("add", "t", name, *both, "--force")
        table.run("add", "t", name, "--cert", "k")
        for more in ((), ("--json",)):
            table("show", "t", name, *more)
            table("list", "t", *more)
    for words in (
        ("verify", "t"),
        ("write", "t", "--image", "flash"),
        ("list", "flash", "--json"),
        ("read", "u", "--image", "flash"),
        ("remove", "t", "a"),
    ):
        table(*words)
    for made in keys:
        for secret in secrets_of(made.key):
            assert secret not in table.said
