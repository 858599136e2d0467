"""`airwire lan`: LAN mode from the command line. Arguments and text only; `client.Lan` does the
work.
"""

import argparse
import json
import os
from typing import Any

from airwire.errors import UserError
from airwire.lan import names


def register(subparsers: Any) -> None:
    """Add `lan` and its sub-commands."""
    lan = subparsers.add_parser(
        "lan", help="a network for virtual boards, with clients: start it, run commands in it"
    )
    commands = lan.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _add(commands, "up", _up, "start a LAN: access point, DHCP server, clients")
    command.add_argument(
        "--client",
        action="append",
        metavar="NAME",
        help=f"a client ({names.DEFAULT_CLIENT}); may be given several times",
    )

    command = _add(commands, "status", _status, "network, boards, clients, leases")
    command.add_argument("--json", action="store_true", help="for programs")

    text = "run a command in the place of a client, of a board, or of the router"
    command = commands.add_parser("exec", help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("--lan", dest="name", default=names.DEFAULT_NAME, help="(lan)")
    command.add_argument("place", help="such as client")
    command.add_argument(
        "command", nargs=argparse.REMAINDER, help="the command; ping, udhcpc and more are there"
    )
    command.set_defaults(run=_exec)

    text = "have a client join a board's soft-AP, or without SSID come back into the LAN"
    command = commands.add_parser("join", help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("--lan", dest="name", default=names.DEFAULT_NAME, help="(lan)")
    command.add_argument("client", help="such as client")
    command.add_argument("ssid", nargs="?", help="of the soft-AP")
    command.add_argument("passphrase", nargs="?", default="", help="none for an open one")
    command.set_defaults(run=_join)

    _add(commands, "down", _down, "end a LAN, and the boards in it; their flash stays")


def _add(commands: Any, name: str, run: Any, text: str) -> Any:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument("name", nargs="?", default=names.DEFAULT_NAME, help="the LAN (lan)")
    command.set_defaults(run=run)
    return command


def _lan(args: argparse.Namespace) -> Any:
    from airwire.lan.client import Lan  # only when a LAN is meant: `airwire --help` stays quick

    return Lan(args.name)


def _up(args: argparse.Namespace) -> int:
    from airwire.lan.client import Lan

    lan = Lan.up(args.name, clients=args.client or (names.DEFAULT_CLIENT,))
    status = lan.status()
    how = "its own user namespace" if status["mode"] == "user" else "root's rights"
    print(f"LAN {lan.name} is up, {status['network']}, with {how}")
    for place in status["places"]:
        print(f"  {place['name']:20} {place['ip']}")
    return 0


def _status(args: argparse.Namespace) -> int:
    status = _lan(args).status()
    if args.json:
        print(json.dumps(status, indent=2))
        return 0
    print(f"{'network':20} {status['network']}, router and DNS {status['gateway']}")
    for place in status["places"]:
        print(f"{place['name']:20} {place['kind']}, {place['ip'] or 'no address'}, {place['mac']}")
        if "softap" in place:
            softap = place["softap"]
            stations = ", ".join(softap["stations"]) or "no station"
            print(f"{'':20} soft-AP {softap['ssid']}: {stations}")
    for lease in status["leases"]:
        print(f"{'lease':20} {lease['ip']} to {lease['mac']} {lease['name']}".rstrip())
    return 0


def _exec(args: argparse.Namespace) -> int:
    if not args.command:
        raise UserError("lan exec wants a command, such as: airwire lan exec client ping router")
    from airwire.lan import enter, programs

    entrance = _lan(args).entrance(args.place)
    command = programs.known(args.command)
    os.environ["PATH"] = programs.search_path()
    return enter.run(entrance, command)


def _join(args: argparse.Namespace) -> int:
    lan = _lan(args)
    if args.ssid is None:
        lan.leave(args.client)
    else:
        lan.join(args.client, args.ssid, args.passphrase)
    return 0


def _down(args: argparse.Namespace) -> int:
    lan = _lan(args)
    if not lan.is_up():
        raise UserError(f"LAN {args.name} is not up")
    lan.down()
    return 0
