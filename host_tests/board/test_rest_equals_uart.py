"""REST gives what the UART gives: every command that only reads, and every variable."""

import http.client
import json
import re

import pytest

from airwire import declarations, project
from host_tests.board import web
from host_tests.board.console import Console
from host_tests.board.watched import watched
from host_tests.conftest import runnable

# Commands that only read, each with lines of every kind that it takes. Every other command is in
# CHANGES: one that is new has to be entered here or there.
READS = {
    "adc_take_sample": ("adc_take_sample 36", "adc_take_sample 5", "adc_take_sample"),
    "cert_list": ("cert_list",),
    "faults_print": ("faults_print",),
    "file_stat": ("file_stat a.txt", "file_stat nothing"),
    "get": (
        *("get", "get all", "get wlan", "get http.server", "get nothing", "get uart.baud"),
        *("get uart.baud 2", "get uart.baud all", "get gpio.alias 40", 'get "open', "get a b c d"),
    ),
    "gpio_get": ("gpio_get 4", "gpio_get 40", "gpio_get"),
    "gpios_get": ("gpios_get",),
    "help": ("help", "help all", "help commands", "help variables", "help get", "help wlan.ssid"),
    "ls": ("ls", "ls -v", "ls -x"),
    "network_lookup": ("network_lookup host.airwire", "network_lookup nothing.airwire"),
    "setup": ("setup status",),
    "stream_list": ("stream_list",),
    "stream_poll": ("stream_poll 0", "stream_poll all", "stream_poll 8"),
    "tls_ciphers": ("tls_ciphers",),
    "version": ("version", "ver", "version now"),
    "wlan_get_rssi": ("wlan_get_rssi",),
    "wlan_scan": ("wlan_scan", "wlan_scan -v"),
    "wwep_list": ("wwep_list",),
}
# What changes the module, its streams or the flash, or ends in something that has a value of its
# own each time: how long an echo took, who answered, how much of the flash is free.
CHANGES = """
cert_delete cert_load dac_set_level exit factory_reset faults_reset file_create file_delete
file_open format_flash gpio_dir gpio_set gpios_dir gpios_set http_add_header http_download
http_get http_head http_post http_read http_read_status http_upload load mdns_discover
network_down network_restart network_up network_verify ping pwm_update reboot save selftest set
sleep smtp_send stream_close stream_read stream_write tcp_client tcp_server tls_client
tls_server uart_update udp_client udp_server
"""
# What is another value a moment later. Of these there must be an answer of the same form: digits
# for digits.
VARYING = {
    "network.buffer.usage",
    "system.memory.usage",
    "system.memory.used",
    "time.last_set",
    "time.rtc",
    "time.uptime",
}
_NUMBER = re.compile(r"\d+")
_ROWS = re.compile(rf"^(?:{'|'.join(map(re.escape, VARYING))})\b.*$", re.MULTILINE)
_VARYING = tuple(
    f"get {name}"
    for variable in declarations.variables(project.ROOT)
    if variable.name in VARYING
    for name in (variable.name, variable.shortcut)
)


@pytest.fixture(scope="module")
def served(flash_image, interpreters):
    """(console, address) of a board: the amd64 one, whose answers no lack of memory changes."""
    runnable("amd64", interpreters)
    with watched(flash_image, "amd64") as board:
        console, address = web.serving(board)
        console.ok("set system.print_level 0")
        console.ok("file_create a.txt 3", b"abc")
        yield console, address
        assert console.ok("faults_print") == "! 0 faults"


def test_every_command_is_in_one_of_the_tables():
    declared = {command.name for command in declarations.commands(project.ROOT)}
    assert set(READS) | set(CHANGES.split()) == declared
    assert not set(READS) & set(CHANGES.split())


@pytest.mark.parametrize("name", READS)
def test_commands(served, name):
    console, address = served
    with web.connection(address) as client:
        for line in READS[name]:
            compare(console, client, line)


def test_variables(served):
    console, address = served
    variables = declarations.variables(project.ROOT)
    assert {v.name for v in variables} >= VARYING
    with web.connection(address) as client:
        for variable in variables:
            for line in asked(variable):
                compare(console, client, line, (by_path,))
        for group in sorted({v.name.partition(".")[0] for v in variables}):
            compare(console, client, f"get {group}", (by_path,))


def asked(variable: declarations.Variable) -> list[str]:
    """How a variable is asked for: by its names, and with each index or format that it has."""
    kind, _, arguments = variable.type.partition(" ")
    named = [f"get {name}" for name in (variable.name, variable.shortcut)]
    if kind == "index":
        choices = arguments.partition(" ")[0]
        found = {"gpio": ["0", "4", "39"], "0-1": ["0", "1"]}.get(choices) or choices.split("|")
        return [f"{get} {index}" for get in named for index in ("", *found, "all")]
    if kind == "formats":
        formats = arguments.partition(" ")[0].split("|")
        return named + [f"{get} {format_}" for get in named for format_ in formats]
    return named


def by_path(client: http.client.HTTPConnection, line: str) -> dict:
    return web.command(client, line)


def as_json(client: http.client.HTTPConnection, line: str) -> dict:
    status, body = web.post(client, {"command": line})
    assert status == 200
    return json.loads(body)


def compare(
    console: Console,
    client: http.client.HTTPConnection,
    line: str,
    ways: tuple = (by_path, as_json),
) -> None:
    """The same code and the same bytes, but for the digits of what varies."""
    reply = console.run(line)
    told = reply.text.decode() + ("\r\n" if reply.text else "")
    for ask in ways:
        answer = ask(client, line)
        found = answer["code"], plain(line, answer["response"])
        assert found == (reply.code, plain(line, told)), line


def plain(line: str, text: str) -> str:
    """A response without the figures of another moment."""
    if line.startswith(_VARYING):
        return _NUMBER.sub("0", text)
    return _ROWS.sub(lambda row: _NUMBER.sub("0", row[0]), text)
