# Files over HTTP: the user's, and behind them the pages that came with the module. A file may be
# there in its compressed form alone, as name.gz.
#
# The pieces of all connections go through one buffer, made for the first of them: what a client
# does not take at once is read again. Imported with the first file that is asked for.
import os

from micropython import const

from firmware.net import sockets
from firmware.store import files, variables
from wire import http_file
from wire.http_access import FILE_SECURITY, PAGE_SECURITY, SECURITY

_PIECE = const(1024)  # bytes that are read and written at a time
_SHIPPED = "/firmware/web/"  # the image build keeps only compressed ones there

# What the end of a name says; what is unknown to a browser is to be kept by its user.
_TYPES = (
    b".html text/html .htm text/html .css text/css .js text/javascript .mjs text/javascript "
    b".json application/json .webmanifest application/manifest+json .txt text/plain "
    b".csv text/csv .log text/plain .md text/plain .xml application/xml .svg image/svg+xml "
    b".png image/png .jpg image/jpeg .jpeg image/jpeg .gif image/gif .webp image/webp "
    b".ico image/vnd.microsoft.icon .woff2 font/woff2 .wasm application/wasm .gz application/gzip "
    b".pdf application/pdf .pem application/x-pem-file "
)
_ANY = b"application/octet-stream"
_CHARSET = b"; charset=utf-8"

# What a browser shows where its user gives no password that is right (spec 9.6).
_UNAUTHORIZED = b"webapp/unauthorized.html"

# Files that these name are no pages: keys are in them.
_IDENTITIES = (
    b"network.tls.client_cert",
    b"network.tls.client_key",
    b"network.tls.server_cert",
    b"network.tls.server_key",
    b"http.server.tls_cert",
    b"http.server.tls_key",
)


class _File:
    # One that was found: `etag` tells its content from every other; `open()` it for the rest.
    def __init__(self, path, size, etag, zipped, row=None):
        self.path = path
        self.size = size
        self.etag = etag
        self.zipped = zipped
        self._row = row  # of the user's
        self.shipped = row is None
        self.unprotected = row is not None and int(row[3], 16) & files.UNPROTECTED != 0

    def open(self):
        if self._row:
            return files.Reader(self._row[0], (self.path, self._row))
        return open(self.path, "rb")


def find(name, zips):
    """The file for who asks for `name` (bytes) and may take (`zips`) a compressed one; None."""
    if name in [variables.values.get(variable) for variable in _IDENTITIES]:
        return None
    # Who cannot take a compressed one gets it where there is no other.
    zipped = name + b".gz"
    found = files.first((zipped, name) if zips else (name, zipped))
    if found:
        path, row = found
        etag = b'"%s-%x-%s"' % (row[4], row[5], row[1])
        return _File(path, row[5], etag, row[0] == zipped, row)
    if b".." in name:
        return None
    path = "%s%s.gz" % (_SHIPPED, name.decode())
    try:
        size = os.stat(path)[6]
    except OSError:
        return None
    from firmware.board import BUILD

    return _File(path, size, b'"%s-%x"' % (BUILD[-19:].replace(b" ", b"-"), size), True)


def _type(name):
    dot = name.rfind(b".")
    at = _TYPES.find(name[dot:].lower() + b" ") if dot >= 0 else -1
    if at < 0:
        return _ANY
    at = _TYPES.find(b" ", at) + 1
    kind = _TYPES[at : _TYPES.find(b" ", at)]
    return kind + _CHARSET if kind[:5] == b"text/" else kind


async def answer(connection, path):
    """Answer a GET or HEAD of a file."""
    request = connection.request
    if request.length:
        await connection.body()
    get = variables.values.get
    name = path[1:] or get(b"http.server.root_filename", b"index.html")
    zips = request.says(b"accept-encoding", b"gzip")
    file = _found(name, zips)
    status, reason = connection.decide(None, b"", file is not None and file.unprotected)
    if status == 401:
        name = _UNAUTHORIZED
        file = _found(name, zips)
        if file and file.zipped and not zips:  # a program, whose user shall see a reason
            file = None
    elif status:
        file = None
    elif file is None:
        name = get(b"http.server.notfound_filename", b"")
        file = _found(name, zips) if name else None
        status = 404
        reason = b"Not found"
    else:
        status = 200
    if file is None:
        await connection.say(status, reason)
        return
    start = 0
    end = file.size
    if status == 200:
        status, start, end = http_file.wanted(request, file.etag, file.size)
    fields = b"%sContent-Type: %s\r\nCache-Control: no-cache\r\n%s" % (
        SECURITY,
        _type(name),
        PAGE_SECURITY if file.shipped else FILE_SECURITY,
    )
    if status not in (401, 404):
        fields += b"ETag: %s\r\nAccept-Ranges: bytes\r\nVary: Accept-Encoding\r\n" % file.etag
    if file.zipped:
        fields += b"Content-Encoding: gzip\r\n"
    if status in (206, 416):
        fields += http_file.content_range(start, end, file.size)
    head = connection.head(status, fields, end - start)
    if start == end or not request.sends:
        await connection.send(head)
        return
    opened = file.open()
    try:
        await _send(connection, head, opened, start, end)
    finally:
        opened.close()


def _found(name, zips):
    try:
        return find(name, zips)
    except UnicodeError:  # no text: no file is called so
        return None


async def _send(connection, head, file, at, end):
    # The head, and file[at:end] behind it. Nothing waits between a read and its write: another
    # connection may use the buffer as well.
    server = connection.server
    if not server.piece:
        server.piece = bytearray(_PIECE)
    piece = server.piece
    view = memoryview(piece)
    if at:
        file.seek(at)
    offset = len(head)
    while True:
        if offset:
            view[:offset] = head
        size = min(end - at, len(piece) - offset)
        whole = size == len(piece)
        if file.readinto(piece if whole else view[offset : offset + size]) != size:
            raise OSError  # it is not what it was: the client sees that the end is missing
        sent = connection.write(piece, offset + size)
        if sent < offset:
            head = head[sent:]
            offset -= sent
            sent = 0
        else:
            sent -= offset
            offset = 0
        at += sent
        if at == end:
            return
        if sent < size:
            file.seek(at)  # over TLS the same has to be written again
            await sockets.writable(connection.sock)
