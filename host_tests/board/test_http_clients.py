"""The HTTP server and programs that we did not write: curl, wget, httpx, node, and wrk, which
asks as often as it can. One board serves the whole file.
"""

import base64
import json
import re
import subprocess

import httpx
import pytest

from host_tests.board import web
from host_tests.board.http_board import shared

pytestmark = [pytest.mark.needs("wifi", "uart1"), pytest.mark.long]

NAME, PASSWORD = "admin", "correct horse"
BASIC = base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()
SECONDS = 60  # a program that takes longer hangs

CONNECTIONS = (1, 4, 8)
# Bytes by which the heap in use may have grown behind wrk.
MOST_GROWN = 256
# Requests before, on a machine however busy: by then each of the paths was asked on each place.
WARM = 400
PATHS = ("/command/get%20wlan.ssid", "/command/version", "/page.html")


@pytest.fixture(scope="module")
def board(request, interpreters, flash_image):
    yield from shared(request, interpreters, flash_image)


@pytest.fixture(scope="module")
def url(board):
    """Of the board, which serves files and asks for a password."""
    console = board.uart1
    console.ok("file_create page.html 2000", b"<p>Hello" * 250)
    board.configure(
        console,
        http_server_username=NAME,
        http_server_password=PASSWORD,
        http_server_port=web.PORT,
        http_server_enabled=1,
    )
    assert console.log("HTTP") == web.LISTENING
    return f"http://{console.ok('get network.ip')}:{web.PORT}"


def run(*words, body=None):
    return subprocess.run(
        words, input=body, capture_output=True, timeout=SECONDS, check=False, env={"no_proxy": "*"}
    )


def curl(url, body):
    words = ["curl", "-sS", "-u", f"{NAME}:{PASSWORD}", "-w", "%{http_code}"]
    words += ["--data-binary", "@-"] if body is not None else []
    done = run(*words, url, body=body)
    assert not done.returncode, done
    return int(done.stdout[-3:]), done.stdout[:-3]


def wget(url, body, path):
    words = ["wget", "-q", "-S", "-O", "-", "--content-on-error"]
    words += [f"--user={NAME}", f"--password={PASSWORD}"]
    if body is not None:
        path.write_bytes(body)
        words.append(f"--post-file={path}")
    done = run(*words, url)
    statuses = re.findall(rb"HTTP/1.1 (\d+)", done.stderr)  # it asks without the password first
    return int(statuses[-1]), done.stdout


FETCH = """
const [url, path] = process.argv.slice(1);
const headers = {Authorization: "Basic %s"};
const post = path && {method: "POST", body: require("fs").readFileSync(path)};
fetch(url, {...post, headers}).then(async (answer) => {
  const body = Buffer.from(await answer.arrayBuffer());
  console.log(JSON.stringify([answer.status, body.toString("base64")]));
});
"""


def node(url, body, path):
    words = ["node", "-e", FETCH % BASIC, url]
    if body is not None:
        path.write_bytes(body)
        words.append(str(path))
    done = run(*words)
    assert not done.returncode, done
    status, body = json.loads(done.stdout)
    return status, base64.b64decode(body)


@pytest.mark.parametrize("program", ["curl", "wget", "httpx", "node"])
def test_a_client(board, url, program, tmp_path, rng):
    """Commands by both methods, with data; files; what is not there."""
    path = tmp_path / "body"
    with httpx.Client(auth=(NAME, PASSWORD), timeout=SECONDS, trust_env=False) as client:

        def by_httpx(url, body):
            answer = client.get(url) if body is None else client.post(url, content=body)
            return answer.status_code, answer.content

        asks = {
            "curl": curl,
            "wget": lambda url, body: wget(url, body, path),
            "httpx": by_httpx,
            "node": lambda url, body: node(url, body, path),
        }

        def ask(target, body=None):
            return asks[program](url + target, body)

        status, said = ask("/command/get%20wlan.ssid")
        assert (status, json.loads(said)["response"]) == (200, "airwire-wpa2\r\n")
        blob = rng.randbytes(2560)
        message = {
            "flags": 4,
            "command": f"file_create -o {program}.bin 2560",
            "data": base64.b64encode(blob).decode(),
        }
        status, said = ask("/command", json.dumps({**message, "command": "version"}).encode())
        assert (status, json.loads(said)["code"]) == (200, 0)
        message["command"] = f"file_create {program}.bin 2560"
        status, said = ask("/command", json.dumps(message).encode())
        assert (status, json.loads(said)["response"]) == (200, "Success\r\n")
        assert ask(f"/{program}.bin") == (200, blob)
        status, said = ask("/command/get%20all")  # long, and in chunks
        assert status == 200 and len(json.loads(said)["response"]) > 3000
        assert ask("/nothing") == (404, b"Not found\r\n")
        status, said = ask("/command", b"{")
        assert status == 400
    board.uart1.ok(f"file_delete {program}.bin")


def test_wrk(board, url, counts, figure, tmp_path):
    """As often as it can, on one connection, on all places, and on twice as many, while no server
    answers the questions for the time: no error, and nothing stays in memory.
    """
    script = tmp_path / "paths.lua"
    paths = ", ".join(f'"{path}"' for path in PATHS)
    script.write_text(
        f"local paths, n = {{{paths}}}, 0\n"
        "function request()\n"
        "  n = n + 1\n"
        "  return wrk.format(nil, paths[n % #paths + 1])\n"
        "end\n"
        "function response(status, fields, body)\n"  # what is wrong is to be seen
        "  if status ~= 200 then print(status, body) end\n"
        "end\n"
    )

    def asked(connections, seconds):
        words = ("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={SECONDS}s")
        done = subprocess.run(
            [*words, "-s", script, "-H", f"Authorization: Basic {BASIC}", url],
            capture_output=True,
            text=True,
            timeout=seconds + SECONDS,
            check=True,
        )
        assert "Socket errors" not in done.stdout, done.stdout
        assert "Non-2xx" not in done.stdout, done.stdout
        return int(re.search(r"(\d+) requests in", done.stdout)[1])

    def asked_once():
        assert curl(f"{url}/command/version", None)[0] == 200

    def in_use():
        # With no question for the time in it, whose server is in no name server's list.
        board.configure(board.uart1, ntp_enabled=0)
        found = web.rested(board.uart1, asked_once)
        board.configure(board.uart1, ntp_enabled=1)
        return found

    # What grows once has grown then: the table of modules, the places for clients.
    board.configure(board.uart1, ntp_enabled=1)
    for connections in CONNECTIONS:
        count = 0
        while count < WARM:
            count += asked(connections, 1)
            board.configure(board.uart1, ntp_server=f"time{count}.airwire")
    in_use()
    before = in_use()
    for connections in CONNECTIONS:
        count = asked(connections, counts(1, 30))
        assert count
        figure(f"{connections} connections: {count} requests")
    grown = in_use() - before
    board.configure(board.uart1, ntp_enabled=0)
    figure(f"heap {grown:+} bytes")
    assert grown <= MOST_GROWN
