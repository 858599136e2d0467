"""REST on the wire: commands by path and in JSON, and that they do what they do on a UART."""

import base64
import json

import pytest

from host_tests.board import web

pytestmark = [pytest.mark.needs("wifi"), pytest.mark.whole_heap]

# Commands that change nothing, by everything that they can be asked. Not among them: mdns_discover
# and ping, which take seconds.
READ_ONLY = """
version
ver
get
get all
get wlan
get wl s
get wlan.passkey
get uart.baud 1
get nothing
get http.server
help
help all
help commands
help variables
help get
ls
ls -v
file_stat a.txt
file_stat nothing
stream_list
stream_poll 0
gpio_get 4
gpios_get
cert_list
faults_print
wlan_scan
wlan_scan -v
network_lookup host.airwire
network_lookup nothing.airwire
setup status
adc_take_sample 36
tls_ciphers
wwep_list
nonsense
get "unfinished
get a b c d
file_stat
exit
"""
# What another moment, or another session, gives another value: what the lines begin with.
VARYING = (
    "system.memory.usage",
    "system.memory.used",
    "system.uptime",
    "time.last_set",
    "time.rtc",
    "time.uptime",
    "system.activity_timeout",
    "network.buffer",
    "ntp.status",
)

# Answers of a bench, until there is memory for one.
TRIES = 3


def lines(text):
    """The lines of a response, without those that vary."""
    return [line for line in text.split("\r\n") if not line.startswith(VARYING)]


def with_room(board, ask):
    """What is answered, on a bench once there is memory for it: a person's console is in use there
    as well, and a command that found too little has made room for the next one.
    """
    for _ in range(1 if "counters" in board.can else TRIES):
        answer = ask()
        if answer != (1, "Out of memory\r\n"):
            break
    return answer


def response(body):
    answer = json.loads(body)
    return answer["code"], answer["response"]


def test_the_answers_are_those_of_a_uart(board):
    console, address = web.serving(board)
    console.ok("set system.print_level 0")
    console.ok("file_create a.txt 3", b"abc")
    with web.connection(address) as client:
        for line in filter(None, READ_ONLY.split("\n")):
            encoded = base64.b64encode(line.encode()).decode()

            def typed(line=line):
                reply = console.run(line)
                return reply.code, reply.text.decode() + ("\r\n" if reply.text else "")

            def by_path(line=line):
                answer = web.command(client, line)
                return answer["code"], answer["response"]

            def as_json(line=line):
                return response(web.post(client, {"command": line})[1])

            def as_base64(encoded=encoded):
                code, text = response(web.post(client, {"flags": 3, "command": encoded})[1])
                return code, base64.b64decode(text).decode()

            code, told = with_room(board, typed)
            for ask in (by_path, as_json, as_base64):
                answer = with_room(board, ask)
                assert answer[0] == code, (line, answer)
                assert lines(answer[1]) == lines(told), (line, ask)
        long = "get " + "a" * 600
        assert web.command(client, long)["code"] == console.run(long).code == 8


def test_data(board, rng):
    """What follows a command, as text and in base64, and what is missing of it."""
    console, address = web.serving(board)
    blob = rng.randbytes(2560)  # as much as WiConnect's own client sends at once
    with web.connection(address) as client:
        code, text = response(web.post(client, {"flags": 0, "command": "fcr -o b.bin 5120"})[1])
        assert (code, text) == (0, "0\r\n")
        for _ in range(2):
            message = {"command": "write 0 2560", "flags": 4, "data": encode(blob)}
            # Whatever the browser says that it is.
            assert response(web.post(client, message, **{"Content-Type": "text/plain"})[1]) == (
                0,
                "Success\r\n",
            )
        assert web.get(client, "/b.bin")[2] == 2 * blob
        text = 'é\n"\\\t\0\U0001f600'
        size = len(text.encode())
        for number, message in enumerate((json.dumps(text), json.dumps(text, ensure_ascii=False))):
            body = f'{{"data":{message},"command":"file_create t{number} {size}"}}'
            assert web.post(client, body.encode())[0] == 200
            assert web.get(client, f"/t{number}")[2] == text.encode()
        # Bytes that are no text.
        assert response(web.post(client, {"command": "file_open b.bin"})[1]) == (0, "0\r\n")
        answer = json.loads(web.post(client, {"command": "read 0 1000", "flags": 2})[1])
        assert base64.b64decode(answer["response"]) == blob[:1000] + b"\r\n"
        assert web.command(client, "read 0 1560")["response"] == mixed(blob[1000:]) + "\r\n"
        console.ok("stream_close 0")
        # Data that are missing, and more than the command wants.
        for size, code in ((5, 1), (4, 0), (3, 0)):
            message = {"command": f"file_create n{size} {size}", "flags": 4, "data": "AAECAw=="}
            assert json.loads(web.post(client, message)[1])["code"] == code, size
        assert web.get(client, "/n5")[0] == 404
        assert web.get(client, "/n3")[2] == b"\0\1\2"
        assert web.command(client, "file_create x 3")["response"] == "Data missing\r\n"
    assert console.ok("faults_print") == "! 0 faults"


def encode(data):
    return base64.b64encode(data).decode()


def mixed(data):
    """Bytes as an answer has them: UTF-8, and each byte that is none as the character of its
    number.
    """
    text = ""
    while data:
        for size in (1, 2, 3, 4):
            try:
                text += data[:size].decode()
                break
            except UnicodeDecodeError:
                continue
        else:
            size = 1
            text += chr(data[0])
        data = data[size:]
    return text


def test_bad_messages(board):
    """What is no message of the API is refused, and nothing is carried out."""
    _, address = web.serving(board)
    good = {"command": "set wlan.ssid x"}
    bad = [
        *(
            b"",
            b"[]",
            b"{",
            b"null",
            b"{}",
            b'{"command":}',
            b'{"command":"a"}x',
            b'{"command":1}',
        ),
        b'{"command":"set wlan.ssid x","command":"set wlan.ssid x"}',
        b'{"command":"set wlan.ssid x","more":{}}',
        b'{"command":"set wlan.ssid \n"}',
        b'{"command":"set wlan.ssid x\\nreboot"}',
        b'{"command":"\\q"}',
        b'{"command":"\\ud800 "}',
        json.dumps({**good, "flags": 8}).encode(),
        json.dumps({**good, "flags": "0"}).encode(),
        json.dumps({**good, "flags": 1}).encode(),
        json.dumps({**good, "flags": 4, "data": "a"}).encode(),
        json.dumps({**good, "flags": 4, "data": "AA=A"}).encode(),
        json.dumps({**good, "flags": 4, "data": "A*AA"}).encode(),
    ]
    for body in bad:
        with web.connection(address) as client:
            assert web.post(client, body)[0] == 400, body
    with web.connection(address) as client:
        assert web.command(client, "get wlan.ssid")["response"] == "airwire-wpa2\r\n"


def test_sessions_and_the_log(board):
    """A command finds the settings of a host MCU, whatever others did; the log is told once."""
    console, address = web.serving(board)
    console.ok("set system.print_level 0")
    with web.connection(address) as client, web.connection(address) as other:
        logs = json.loads(web.get(client, "/log")[2])["logs"]
        assert web.LISTENING in logs
        assert json.loads(web.get(other, "/log")[2]) == {"logs": []}
        for line in (
            "set system.cmd.echo 1",
            "set system.cmd.mode human",
            "set system.cmd.buffered 1",
        ):
            assert web.command(client, line)["code"] == 0
        for one in (client, other):
            assert web.command(one, "get system.cmd.echo")["response"] == "0\r\n"
        assert len(web.command(client, "get all")["response"]) > 2000
    for _ in range(60):
        console.ok("file_create f 1", b"a")
        console.ok("file_delete f")
    with web.connection(address) as client, web.connection(address) as other:
        status, _, body = web.get(client, "/log")
        assert status == 200
        logs = json.loads(body)["logs"]
        assert set(logs) == {"File created", "File deleted"}
        assert 900 < sum(map(len, logs)) <= 1024
        # While a command waits, others are answered.
        client.request("GET", "/command/mdns_discover")
        for _ in range(5):
            assert web.command(other, "version")["code"] == 0
        assert json.loads(client.getresponse().read())["code"] == 0
