"""airwire.js on a page of another origin."""

import functools
import http.server
import threading

import pytest

from host_tests.conftest import ROOT
from host_tests.docs.transcripts import blocks
from host_tests.web.conftest import PATIENCE

PAGE = "<!doctype html><title>Elsewhere</title>"


@pytest.fixture
def elsewhere(site, browser):
    """A page of an origin that the module's CORS lets in, and airwire.js imported there."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        log_message = functools.partialmethod(lambda *_: None)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        origin = f"http://127.0.0.1:{server.server_port}"
        site.console.ok(f"set http.server.cors_origin {origin}")
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        try:
            page.goto(origin)
            page.evaluate(
                """async (address) => {
                    window.js = await import(`${address}/airwire.js`);
                    window.air = new window.js.Airwire({ base: address });
                }""",
                site.address,
            )
            yield page
        finally:
            page.close()
            site.console.ok('set http.server.cors_origin ""')
            server.shutdown()
            thread.join()


def test_commands(elsewhere, site):
    run = elsewhere.evaluate
    found = run("air.command('get wlan.ssid')")
    assert found["code"] == 0 and found["text"] == "airwire-wpa2"
    assert run("air.command('nonsense').then((answer) => answer.code)") == 3
    failure = "(error) => [error.name, error.message, error.code, error.status]"
    words = ["AirwireError", "Unknown command", 3, 0]
    assert run(f"air.run('nonsense').catch({failure})") == words

    awkward = 'a "b" \\c\x07 ü'
    run("(value) => air.set('gpio.alias', value.slice(0, 8), 5)", awkward)
    assert run("air.get('gpio.alias', 5)") == awkward[:8]
    odd = "a\u2028b"
    run("(value) => air.set('gpio.alias', value, 4)", odd)
    assert ["gpio.alias 4", odd] in run("air.variables('gpio').then((found) => [...found])")
    run("air.set('gpio.alias', '', 4)")
    variables = run("air.variables('uart').then((found) => [...found])")
    assert ["uart.baud 1", "115200"] in variables
    assert "airwire-open" in run("air.scan().then((found) => found.map(({ ssid }) => ssid))")
    assert isinstance(run("air.log()"), list)
    # Two at a time: the third begins when one of them is done.
    at_once = """async () => {
        let now = 0, most = 0;
        const task = () => air.queued(async () => {
            most = Math.max(most, ++now);
            await air.constructor.prototype.version.call(new js.Airwire({ base: air.base }));
            now--;
        });
        await Promise.all([task(), task(), task(), task()]);
        return most;
    }"""
    assert run(at_once) == 2


def test_files_and_streams(elsewhere, site, rng):
    run = elsewhere.evaluate
    content = list(rng.randbytes(6000))
    there_and_back = """async (content) => {
        const seen = [];
        const progress = (done) => seen.push(done);
        await air.upload("a 1.bin", new Uint8Array(content), { progress });
        const listed = (await air.files()).map(({ name, size }) => [name, size]);
        const back = [...(await air.download("a 1.bin"))];
        await air.remove("a 1.bin");
        return { seen, listed, back };
    }"""
    found = run(there_and_back, content)
    assert found["back"] == content
    assert found["listed"] == [["a 1.bin", 6000]]
    assert found["seen"] == [2560, 5120, 6000]
    assert site.console.ok("ls -v").count("\n") == 0

    handle = site.console.ok('file_create -o "a\u2028b" 5')
    handles = run("air.streams().then((found) => found.map(({ handle }) => handle))")
    assert handles == [int(handle)]
    site.console.ok(f"stream_close {handle}")

    opened = """() => new Promise((resolve, reject) => {
        window.socket = air.stream();
        window.heard = new Promise((hear) => {
            socket.onmessage = (event) => hear([...new Uint8Array(event.data)]);
        });
        socket.onopen = () => resolve(true);
        socket.onerror = () => reject(new Error("no stream"));
    })"""
    assert run(opened)
    handle = site.console.ok("stream_list").split("\r\n")[1].split()[1]
    run("socket.send('I am a teapot.')")
    site.console.polled(handle, 1)
    assert site.console.ok(f"read {handle} 14") == "I am a teapot."
    site.console.ok(f"write {handle} 3", b"\x00\xff!")
    assert run("heard") == [0, 255, 33]
    run("socket.close()")
    site.console.polled(handle, 2)


def test_the_page_of_the_document(visit, site):
    """Does what docs/web.md says, as a file of the user."""
    path = ROOT / "docs" / "web.md"
    (block,) = [b for b in blocks(path.read_text(), path.name) if b.kind == "html"]
    content = "\n".join(block.lines).encode()
    site.console.ok(f"file_create hello.html {len(content)}", content)
    page = visit("status")
    said = []
    page.on("console", lambda line: line.type == "log" and said.append(line.text))
    with page.expect_console_message(lambda line: line.text == "5 5"):
        page.goto(f"{site.address}/hello.html")
    assert said[0] == site.console.ok("version")
    assert site.console.ok("get gpio.alias 5") == "relay"
    for name in ("hello.html", "hello.txt"):
        site.console.ok(f"file_delete {name}")


@pytest.mark.parametrize("user", ["null", "undefined"])
def test_without_a_user(elsewhere, user):
    with elsewhere.expect_request("**/command") as request:
        elsewhere.evaluate(f"new js.Airwire({{ base: air.base, user: {user} }}).version()")
    assert "authorization" not in request.value.headers


def test_with_a_password(elsewhere, site):
    run = elsewhere.evaluate
    site.console.ok("set http.server.username anna")
    site.console.ok('set http.server.password "open sesame ü"')
    try:
        assert run("air.version().catch((error) => error.status)") == 401
        words = "new js.Airwire({ base: air.base, user: 'anna', password: 'open sesame ü' })"
        assert run(f"{words}.get('wlan.ssid')") == "airwire-wpa2"
    finally:
        site.console.ok('set http.server.password ""')
        site.console.ok('set http.server.username ""')
