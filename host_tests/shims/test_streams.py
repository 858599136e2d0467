# asyncio and TLS over the board's sockets: everything wakes the loop, and nothing keeps it busy.

import datetime
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness import HERE, JOINED, accept, port_of

ASYNC = """
import asyncio
async def serve(r, w):
    while True:
        d = await r.read(100)
        if not d:
            break
        w.write(d.upper())
        await w.drain()
    w.close()
    await w.wait_closed()
async def main():
    s = await asyncio.start_server(serve, "0.0.0.0", 5078)
    r, w = await asyncio.open_connection("127.0.0.1", PORT)
    w.write(b"dialed")
    await w.drain()
    print(await r.readline())
    w.close()
    await w.wait_closed()
    try:
        r, w = await asyncio.open_connection("127.0.0.1", 1)
        w.write(b"x")
        await w.drain()
        print("no error")
    except OSError as e:
        print("refused", e.errno)
    print("on")
    await asyncio.sleep(100)
asyncio.run(main())
"""


def test_asyncio(start, listener):
    # open_connection and start_server; connections cost nothing while they are idle.
    board = start(f"PORT = {port_of(listener)}\n" + ASYNC, wlan=JOINED, port_shift=0)
    peer, _ = accept(board, listener)
    assert peer.recv(6) == b"dialed"
    peer.sendall(b"answer\n")
    board.expect("b'answer\\n'\r\nrefused 104\r\non")
    with (
        socket.create_connection((HERE, 5078), 5) as one,
        socket.create_connection((HERE, 5078), 5) as two,
    ):
        for peer_ in (one, two, one):
            peer_.sendall(b"abc")
            assert peer_.recv(10) == b"ABC"
        assert board.wakeups(0.5) == 0
    peer.close()


TLS = """
import asyncio, tls
async def main():
    c = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    c.verify_mode = tls.CERT_NONE
    r, w = await asyncio.open_connection("127.0.0.1", PORT, ssl=c)
    w.write(b"over tls\\n")
    await w.drain()
    print(await r.readline())
    print("on")
    print(await r.read(5))
asyncio.run(main())
"""


def test_tls_under_asyncio(start, listener, tmp_path):
    # A TLS socket has no descriptor of its own: it must wake the loop all the same, and not keep
    # it busy.
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    make_certificate(key, cert)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    board = start(f"PORT = {port_of(listener)}\n" + TLS, wlan=JOINED)
    raw, _ = accept(board, listener)
    raw.settimeout(10)
    done = []

    def serve():
        peer = context.wrap_socket(raw, server_side=True)
        done.append(peer)
        peer.sendall(peer.recv(100).upper())

    thread = threading.Thread(target=serve)
    thread.start()
    board.expect("b'OVER TLS\\n'\r\non")
    thread.join()
    assert board.wakeups(0.5) == 0
    done[0].sendall(b"later")
    board.expect("b'later'\r\n")
    done[0].close()


def make_certificate(key, cert):
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime(2020, 1, 1)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now.replace(year=2049))
        .sign(private, hashes.SHA256())
    )
    cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
