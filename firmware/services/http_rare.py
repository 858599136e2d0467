# What REST answers now and then: long responses. Imported for each, and forgotten.
import asyncio

from micropython import const

from firmware.console import registry
from wire import rest
from wire.http_head import CHUNKED

from .http_rest import JSON

# Bytes of a long response for one chunk; in JSON they may be six times as many.
_PIECE = const(768)
_LEAST = const(48)  # fewer are no easier to find room for
_ROOM = const(8192)  # bytes that are free before: a command that gives lines goes on allocating


async def stream(connection, head, text, base64):
    """A long response, piece by piece: how long it will be in JSON, nobody knows."""
    try:
        registry.claim(_ROOM)
    except MemoryError:
        pass  # it may need less
    request = connection.request
    top = connection.head(200, JSON, CHUNKED)
    chunks = request.chunks
    await connection.send(top + _chunk(head, chunks))
    try:
        await _body(connection, text, base64, chunks)
    except MemoryError:  # in the midst of an answer there is no other: the connection ends
        registry.make_room()
        raise OSError


async def _body(connection, text, base64, chunks):
    held = b""
    size = _PIECE
    pieces = text.pieces(b"", b"\r\n") if hasattr(text, "pieces") else _pieces(text)
    for piece in pieces:
        if piece is None:
            await asyncio.sleep_ms(0)
            continue
        at = 0
        while at < len(piece):
            try:
                coded, left = _coded(held, piece[at : at + size], base64, chunks)
            except MemoryError:
                # Command files make room, and what is free may lie in small pieces.
                if size <= _LEAST:
                    raise
                size >>= 1
                registry.make_room()
                continue
            held = left
            at += size
            if coded:
                await connection.send(coded)
    tail = _chunk(_text(held, base64) + rest.TAIL, chunks)
    await connection.send(tail + b"0\r\n\r\n" if chunks else tail)


def _coded(held, piece, base64, chunks):
    # What is sent of `held` and `piece`, and what is held until the next one: what is base64 comes
    # in threes, and a character may end in the next piece.
    piece = held + piece
    end = len(piece) - (len(piece) % 3 if base64 else rest.unfinished(piece))
    held = bytes(piece[end:])
    if held:
        piece = piece[:end]
    return _chunk(_text(piece, base64), chunks) if end else b"", held


def _text(piece, base64):
    return rest.encoded(piece) if base64 else rest.escaped(piece)


def _pieces(text):
    for at in range(0, len(text), _PIECE):
        yield text[at : at + _PIECE]
    yield b"\r\n"


def _chunk(text, chunks):
    return b"%x\r\n%s\r\n" % (len(text), text) if chunks else text
