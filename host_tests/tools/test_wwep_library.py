"""The WWEP server as a library: what `airwire run` and the later services use."""

import asyncio

import pytest

from airwire.wire import wwep_db
from airwire.wwep import WwepServer, store
from host_tests.tools.wwep_command import PATIENCE


async def talk(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)  # what is tested is that time passes between pieces
        return await reader.read()
    finally:
        writer.close()


def test_a_message_may_come_in_pieces():
    async def main():
        async with WwepServer(port=0, reasons=True, wait=PATIENCE) as wwep_server:
            port = wwep_server.port
            assert await talk(port, b"W0FAC", b"0B1234", pause=0.02) == b"A0FAC0B1234"
            assert await talk(port, b"R", b"0FAC0B\n", pause=0.02) == b"A0FAC0B1234"
            message = [bytes([c]) for c in b"W0FAC0BABCD"]
            assert await talk(port, *message, pause=0.005) == b"A0FAC0BABCD"
            # Whole after its first piece, too long with the second.
            reply = await talk(port, b"W0FAC0B1111", b"22")
            assert reply == b"X illegal message length"
            assert await talk(port, b"R0FAC0B") == b"A0FAC0BABCD"
            messages = [transaction.message for transaction in wwep_server.transactions]
            assert messages[0] == b"W0FAC0B1234"
            assert messages[3] == b"W0FAC0B111122"
            assert wwep_server.count == 5
            assert wwep_server.accepted == 4

    asyncio.run(main())


def test_library():
    seen = []

    async def main():
        wwep_server = WwepServer(port=0, on_transaction=seen.append)
        async with wwep_server:
            assert wwep_server.port != 0
            peers = [await talk(wwep_server.port, b"W%04X050001" % n) for n in range(3)]
            assert peers == [b"A%04X050001" % n for n in range(3)]
            assert await talk(wwep_server.port, b"bad") == b"X"
            assert wwep_server.registers() == [(0, 5, 1), (1, 5, 1), (2, 5, 1)]
            assert list(wwep_server.transactions) == seen
        assert len(asyncio.all_tasks()) == 1
        with pytest.raises(ConnectionRefusedError):
            await talk(wwep_server.port, b"R")
        await wwep_server.close()  # again: nothing happens

    asyncio.run(main())
    assert [transaction.number for transaction in seen] == [1, 2, 3, 4]
    assert [transaction.accepted for transaction in seen] == [True, True, True, False]
    assert seen[3].message == b"bad"
    assert seen[3].address == "127.0.0.1"


def test_two_servers_may_share_their_registers():
    async def main():
        database = wwep_db.Database()
        async with (
            WwepServer(port=0, database=database) as one,
            WwepServer(port=0, database=database, tolerant=True) as two,
        ):
            assert await talk(one.port, b"W0FAC0B1234") == b"A0FAC0B1234"
            assert await talk(two.port, b"R0FAC0B\0filler") == b"A0FAC0B1234"
            assert one.registers() == two.registers()

    asyncio.run(main())


def test_a_hundred_writes_at_once_cost_few_saves(tmp_path, monkeypatch):
    saves = []
    real = store.save
    monkeypatch.setattr(store, "save", lambda *arguments: (saves.append(1), real(*arguments)))

    async def main():
        database = wwep_db.Database()
        path = tmp_path / "registers"
        keeper = store.Keeper(path, database)
        async with WwepServer(port=0, database=database, keeper=keeper) as wwep_server:
            messages = [b"W%04X050001" % number for number in range(100)]
            replies = await asyncio.gather(*(talk(wwep_server.port, m) for m in messages))
            assert replies == [b"A" + message[1:] for message in messages]
            before = len(saves)
            assert before <= 50
            # A write of what is there already changes nothing and costs no save.
            assert await talk(wwep_server.port, messages[0]) == replies[0]
            assert len(saves) == before
        assert store.load(path).items() == database.items()

    asyncio.run(main())


def test_ipv6():
    async def main():
        async with WwepServer("::1", 0) as wwep_server:
            reader, writer = await asyncio.open_connection("::1", wwep_server.port)
            writer.write(b"W0FAC0B1234")
            assert await reader.read() == b"A0FAC0B1234"
            writer.close()
            assert wwep_server.transactions[0].address == "::1"

    asyncio.run(main())
