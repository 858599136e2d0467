"""Streams as files: a connection of the real firmware to a server of this machine."""

import io
import socket
import threading

import pytest

from airwire.client import CommandFailed, State, Timeout
from host_tests.client.conftest import PATIENCE

EVERY_BYTE = bytes(range(256))


@pytest.fixture
def pair(joined, listener):
    """A stream and the other end of its connection."""
    stream = joined.tcp_client("host.airwire", listener.getsockname()[1], read_timeout=PATIENCE)
    peer, _ = listener.accept()
    peer.settimeout(PATIENCE)
    with peer, stream:
        yield stream, peer


def receive(peer, count):
    data = b""
    while len(data) < count and (piece := peer.recv(count - len(data))):
        data += piece
    return data


def test_every_byte_both_ways(pair, rng, counts):
    stream, peer = pair
    data = EVERY_BYTE + rng.randbytes(counts(20_000, 1_000_000))
    thread = threading.Thread(target=lambda: peer.sendall(receive(peer, len(data))))
    thread.start()
    # More than the module's buffers hold, before anything is read.
    assert stream.write(memoryview(data)) == len(data)
    got = bytearray()
    while len(got) < len(data):
        got += stream.read(5000)
    thread.join()
    assert got == data


@pytest.mark.parametrize("data", [b"\r\n", b"a\r\n\r\n", b"\r", b"\n", b"R000008\r\nSet OK\r\n"])
def test_line_ends_are_data(pair, data):
    stream, peer = pair
    stream.write(data)
    assert receive(peer, len(data)) == data
    peer.sendall(data)
    got = stream.read(100)
    while len(got) < len(data):
        got += stream.read(100)
    assert got == data


def test_the_other_side_closes(pair):
    stream, peer = pair
    peer.sendall(b"last words")
    peer.close()
    assert stream.wait_readable(PATIENCE)
    assert stream.read() == b"last words"
    assert stream.read(1) == b""
    assert stream.poll() is State.CLOSED
    with pytest.raises(CommandFailed, match="the stream has been closed"):
        stream.write(b"x")
    stream.close()
    with pytest.raises(ValueError, match="closed"):
        stream.read(1)


def test_an_ended_stream_that_the_module_keeps(joined, pair):
    stream, peer = pair
    joined.set("stream.auto_close", 0)
    try:
        peer.shutdown(socket.SHUT_WR)
        assert stream.read() == b""
        # The other direction is still open.
        stream.write(b"answer")
        assert receive(peer, 6) == b"answer"
        assert [row.handle for row in joined.streams()] == [stream.handle]
        stream.close()
        assert joined.streams() == []
    finally:
        joined.set("stream.auto_close", 1)


def test_nothing_to_read(pair):
    stream, peer = pair
    assert stream.poll() is State.NO_DATA
    assert not stream.wait_readable(0.05)
    stream.timeout = 0
    assert stream.read(10) is None
    stream.timeout = 0.05
    with pytest.raises(Timeout, match="no data within 0.05 s"):
        stream.read(10)
    threading.Timer(0.2, peer.sendall, [b"now"]).start()
    assert stream.wait_readable(PATIENCE)
    assert stream.poll() is State.DATA
    assert stream.read(10) == b"now"
    assert stream.read(0) == b""


def test_lines(pair):
    stream, peer = pair
    peer.sendall(b"one\r\ntwo\nlast")
    peer.close()
    assert list(stream) == [b"one\r\n", b"two\n", b"last"]


def test_it_goes_below_what_python_has_for_files(pair):
    stream, peer = pair
    peer.sendall("première\nseconde\n".encode())
    peer.close()
    assert list(io.TextIOWrapper(io.BufferedReader(stream), "utf-8")) == [
        "première\n",
        "seconde\n",
    ]


def test_a_handle_that_means_another_stream_now(joined, listener):
    """Read to its end a stream is gone in the module, and its number is free again."""
    port = listener.getsockname()[1]
    first = joined.tcp_client("host.airwire", port)
    listener.accept()[0].close()
    # Not by its read(): the module closes it, having nothing for anybody to read.
    while joined.command("stream_poll", first.handle) != b"2":
        pass
    while joined.streams():
        pass
    second = joined.tcp_client("host.airwire", port, read_timeout=PATIENCE)
    peer, _ = listener.accept()
    assert second.handle == first.handle
    assert first.read() == b""
    first.close()
    with peer:
        peer.sendall(b"for the second")
        assert second.read(100) == b"for the second"
    second.close()


def test_the_table_of_streams(joined, listener):
    port = listener.getsockname()[1]
    streams = [joined.tcp_client("host.airwire", port) for _ in range(3)]
    local = joined.tcp_client("host.airwire", port, 50_123)
    assert [row.handle for row in joined.streams()] == [0, 1, 2, 3]
    assert joined.streams()[3].type == "TCPC"
    assert joined.streams()[3].info == f"host.airwire:{port} (50123)"
    assert joined.stream(1) is streams[1]
    assert "to host.airwire" in repr(local)
    with pytest.raises(KeyError):
        joined.stream(5)
    streams[1].close()
    assert [row.handle for row in joined.streams()] == [0, 2, 3]
    joined.close_streams()
    assert joined.streams() == []
    assert local.poll() is State.CLOSED
    for stream in (local, *streams):
        stream.close()


def test_what_cannot_be_opened(joined, listener):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(CommandFailed):
            joined.tcp_client("host.airwire", taken.getsockname()[1])
    with pytest.raises(CommandFailed):
        joined.tcp_client("no.such.name", 80)
    port = listener.getsockname()[1]
    streams = [joined.tcp_client("host.airwire", port) for _ in range(8)]
    with pytest.raises(CommandFailed, match="No free stream"):
        joined.tcp_client("host.airwire", port)
    assert [stream.handle for stream in streams] == list(range(8))


def test_two_threads_on_one_stream(pair):
    """One reads while the other writes."""
    stream, peer = pair
    got = []
    reader = threading.Thread(target=lambda: got.append(stream.read()))
    reader.start()
    for number in range(20):
        stream.write(b"%03d" % number)
    assert receive(peer, 60) == b"".join(b"%03d" % number for number in range(20))
    peer.sendall(b"end")
    peer.close()
    reader.join()
    assert got == [b"end"]
