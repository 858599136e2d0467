"""Files of the user in the flash image, which the firmware can read."""

import pytest

from airwire import cli, project
from airwire.image import build, layout, littlefs, tree
from host_tests.tools import stock


def one_line(err):
    assert err.startswith("airwire: ") and err.count("\n") == 1 and err.endswith("\n")
    return err.removeprefix("airwire: ").rstrip("\n")


@pytest.fixture
def sample(tmp_path):
    return stock.sample_tree(tmp_path / "tree")


@pytest.fixture
def run(sample, monkeypatch, capsys):
    """`airwire image ...` on the sample tree: (exit code, stdout, stderr)."""
    version = project.version()
    monkeypatch.setattr(project, "ROOT", sample)
    monkeypatch.setattr(project, "version", lambda: version)

    def call(*arguments):
        code = cli.main(["image", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_resources(sample, tmp_path):
    path = tmp_path / "root ca.pem"
    path.write_bytes(b"text")
    image = build.build_image(sample, resource_files=[path])
    files = littlefs.read(image[layout.VFS.offset : layout.VFS.end]).files
    assert files["resources/root ca.pem"] == b"text"
    assert not any(name.startswith("resources/") for name in tree.device_files(sample))


def test_build_with_resources(run, tmp_path):
    one, other, output = tmp_path / "ca.pem", tmp_path / "sub" / "ca.pem", tmp_path / "flash.bin"
    other.parent.mkdir()
    for path in (one, other):
        path.write_bytes(b"text")
    assert run("build", "--resource", one, "-o", output)[0] == 0
    assert "resources/ca.pem" in run("inspect", output)[1]
    for words, message in (
        ((one, "--resource", other), f"{other}: there are two resources of this name"),
        ((tmp_path / "none.pem",), f"{tmp_path / 'none.pem'}: No such file or directory"),
        ((tmp_path / ("x" * 65),), f"{tmp_path / ('x' * 65)}: a name of 1 to 64 printable"),
    ):
        code, _, err = run("build", "--resource", *words, "-o", output)
        assert code == 2 and one_line(err).startswith(message)
    code, _, err = run("build", "--resource", one, "-o", one)
    assert code == 2 and one_line(err) == f"{one}: the output would replace the resource"
    assert one.read_bytes() == b"text"
