"""How a background process is started: what becomes of one that says nothing."""

from airwire.board import daemon


def started(tmp_path, monkeypatch, program, timeout):
    (tmp_path / "program.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (tmp_path / "log").open("ab") as log:
        return daemon.start("program", {}, log, timeout)


def test_a_program_that_says_nothing_is_ended(tmp_path, monkeypatch):
    """start() returns when the process has ended, which would take it an hour."""
    lines = started(tmp_path, monkeypatch, "import time\ntime.sleep(3600)\n", 1)
    assert lines == ["error no sign of its program after 1 s"]


def test_a_program_that_fails(tmp_path, monkeypatch):
    assert started(tmp_path, monkeypatch, "1 / 0\n", 60) == []
    assert "ZeroDivisionError" in (tmp_path / "log").read_text()
