"""`airwire wwep-server --db FILE`: registers outlive the server, however it or the file ends."""

import contextlib
import os
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from airwire.wwep import store
from host_tests.tools.wwep_command import PATIENCE, Command, ask, fails

GOOD = b"WWEP registers 1\n0FAC 0B 1234\nend 1 B6997707\n"


def test_registers_outlive_the_server(tmp_path):
    path = tmp_path / "registers"
    with Command("--db", str(path)) as command:
        assert path.read_bytes() == b"WWEP registers 1\nend 0 5756E124\n"
        assert ask(command.port, b"W0FAC0B1234") == b"A0FAC0B1234"
        # The reply is the promise: the file has it now.
        assert path.read_bytes() == b"WWEP registers 1\n0FAC 0B 1234\nend 1 B6997707\n"
        assert ask(command.port, b"W0001FFABCD") == b"A0001FFABCD"
        command.end()
    with Command("--db", str(path)) as command:
        assert ask(command.port, b"R0FAC0B") == b"A0FAC0B1234"
        assert ask(command.port, b"R0001FF") == b"A0001FFABCD"
        assert command.end()[-1] == "2 messages: 2 accepted, 0 refused; 2 of 401 registers"
    assert os.listdir(tmp_path) == ["registers"]


def test_a_link_to_the_file_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to("real")
    with Command("--db", str(tmp_path / "link")) as command:
        assert ask(command.port, b"W0FAC0B1234") == b"A0FAC0B1234"
    assert (tmp_path / "link").is_symlink()
    assert store.load(tmp_path / "real").items() == [(0x0FAC, 0x0B, 0x1234)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", "line 1 is not `WWEP registers 1`"),
        (GOOD.replace(b"s 1", b"s 2"), "line 1 is not `WWEP registers 1`"),
        (b"WWEP registers 1\n", "the last line is missing: the file was cut"),
        (GOOD[:-1], "the last line is missing: the file was cut"),
        (GOOD + b"\n", "the last line is missing: the file was cut"),
        (GOOD.replace(b"0B 12", b"0b 12"), "line 2 is not a register: 0FAC 0b 1234"),
        (GOOD.replace(b"0B 12", b"\x1b[2J"), "line 2 is not a register: 0FAC .[2J34"),
        (GOOD.replace(b"1234", b"1235"), "the CRC does not match: the file was changed"),
        (GOOD.replace(b"end 1", b"end 2"), "1 registers, but the last line says 2"),
        (
            GOOD.replace(b"0FAC", b"0FAC 0B 1234\n0FAC"),
            "the CRC does not match: the file was changed",
        ),
        (
            b"WWEP registers 1\n"
            + b"".join(b"%04X 00 0000\n" % n for n in range(402))
            + b"end 402 00000000\n",
            "line 403: more than 401 registers",
        ),
        (GOOD + b"\0" * 9000, "longer than 8192 bytes"),
    ],
)
def test_a_damaged_file_is_refused_and_left_alone(tmp_path, data, words):
    path = tmp_path / "registers"
    path.write_bytes(data)
    assert fails("--db", str(path), "--port", "0") == (
        f"airwire: {path}: {words}; restore a copy, or move it away to start with no registers"
    )
    assert path.read_bytes() == data


def test_an_empty_file_is_a_new_one(tmp_path):
    path = tmp_path / "registers"
    path.touch()
    with Command("--db", str(path)) as command:
        assert ask(command.port, b"W0FAC0B1234") == b"A0FAC0B1234"
    assert len(store.load(path)) == 1


def test_every_cut_and_every_changed_bit_is_noticed(tmp_path):
    path = tmp_path / "registers"
    store.save(path, [(0x0FAC, 0x0B, 0x1234), (0xFFFF, 0xFF, 0)])
    good = path.read_bytes()
    for size in range(1, len(good)):
        path.write_bytes(good[:size])
        with pytest.raises(store.DamagedFile):
            store.load(path)
    for bit in range(8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        with pytest.raises(store.DamagedFile):
            store.load(path)


def test_kill_in_the_middle_of_writes_loses_nothing_that_was_accepted(tmp_path, counts):
    path = tmp_path / "registers"
    promised: dict[int, int] = {}
    sent: dict[int, int] = {}
    for round_ in range(counts(8, 60)):
        with Command("--db", str(path)) as command:
            enough = threading.Semaphore(0)

            def client(device: int, command=command, enough=enough) -> None:
                with contextlib.suppress(ConnectionError):
                    while True:
                        value = sent.get(device, 0) + 1
                        sent[device] = value
                        reply = ask(command.port, b"W%04X05%04X" % (device, value))
                        if reply != b"A%04X05%04X" % (device, value):
                            return
                        promised[device] = value
                        enough.release()

            with ThreadPoolExecutor(8) as pool:
                running = [pool.submit(client, device) for device in range(8)]
                for _ in range(10 + 7 * (round_ % 8)):
                    assert enough.acquire(timeout=PATIENCE)
                command.process.kill()
                for done in running:
                    done.result(PATIENCE)
        kept = {device: value for device, _, value in store.load(path).items()}
        for device, value in promised.items():
            assert value <= kept[device] <= sent[device]


def test_a_disk_that_refuses_does_not_stop_the_server(tmp_path):
    directory = tmp_path / "stick"
    directory.mkdir()
    path = directory / "registers"
    with Command("--db", str(path)) as command:
        shutil.rmtree(directory)
        assert ask(command.port, b"W0FAC0B0001") == b"A0FAC0B0001"
        assert command.line().endswith("A0FAC0B0001")
        assert command.line() == f"not saved: {path}: No such file or directory"
        directory.mkdir()
        assert ask(command.port, b"W0FAC0B0002") == b"A0FAC0B0002"
        assert command.line().endswith("A0FAC0B0002")
        assert store.load(path).items() == [(0x0FAC, 0x0B, 2)]
        shutil.rmtree(directory)
        assert ask(command.port, b"W0FAC0B0003") == b"A0FAC0B0003"
        command.process.send_signal(signal.SIGINT)
        _, errors = command.process.communicate(timeout=PATIENCE)
        assert command.process.returncode == 2
        reason = "No such file or directory"
        assert errors == f"airwire: the last registers are not saved: {path}: {reason}\n"
