# Files over HTTP: the user's, and the pages that came with the module.
_TEXT = b"Content-Type: text/plain\r\n"


async def answer(connection, path):
    """Answer a GET or HEAD of a file."""
    await connection.reply(404, _TEXT, b"Not found\r\n")
