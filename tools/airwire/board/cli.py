"""`airwire board`: the virtual board from the command line. Arguments and text only;
`client.Board` does the work.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from airwire import arguments
from airwire.board import config as configuration
from airwire.board import paths, pins, radio
from airwire.errors import UserError

# Far more flash operations than a flash lives through.
_MAX_AFTER = 1_000_000_000

# They take the board's name as their only word, too.
_NAMING = ("up", "status", "down", "delete")

_LEVELS = {"0": 0, "1": 1, "z": None}


def register(subparsers: Any) -> None:
    """Add `board` and its sub-commands."""
    board = subparsers.add_parser(
        "board", help="the virtual board: start it, press its buttons, cut its power"
    )
    commands = board.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _add(commands, "up", _up, "start a board")
    command.add_argument(
        "--config", type=Path, metavar="F", help="TOML file (see `airwire board example`)"
    )
    command.add_argument(
        "--flash", type=Path, metavar="F", help="flash image; default: its own, else one is built"
    )
    command.add_argument("--arch", help="amd64 or i386 (the ESP32's object sizes)")
    command.add_argument(
        "--heap",
        help="MicroPython's heap, 400K; a chip's room for the firmware is --arch i386 --heap 208K",
    )

    command.add_argument(
        "--rfc2217",
        nargs="?",
        const=0,
        type=arguments.whole(0, 65535),
        metavar="PORT",
        help="give UART0 with DTR and RTS at this port of 127.0.0.1 too (any free one)",
    )
    command.add_argument("--lan", metavar="LAN", help="put it into this LAN (`airwire lan up`)")

    command = _add(commands, "status", _status, "state, counters, ports, radio, pins")
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(
        commands, "press", _press, "press a button", first=("button", "0 (GPIO0) or 1 (GPIO4)")
    )
    command.add_argument(
        "--hold", type=arguments.number, default=0.1, metavar="S", help="seconds (0.1)"
    )
    command.add_argument(
        "--bounce",
        type=arguments.whole(0, pins.MAX_BOUNCE),
        default=0,
        metavar="N",
        help="edges of contact bounce (0)",
    )

    _add(commands, "led", _led, "print 1 when the LED is lit, else 0")

    command = _add(
        commands,
        "pin",
        _pin,
        "print or drive the level of a GPIO",
        first=("number", "GPIO number"),
    )
    command.add_argument("level", nargs="?", choices=_LEVELS, help="drive it; z lets go")

    command = _add(
        commands, "adc", _adc, "put a voltage on a GPIO", first=("number", "GPIO number")
    )
    command.add_argument("millivolts", help="0 to 3300")

    command = _add(
        commands,
        "jumper",
        _jumper,
        "join two GPIOs by a jumper; 17-16 are TX and RX of UART1",
        first=("gpios", "two GPIO numbers, as 12-14"),
    )
    command.add_argument("--off", action="store_true", help="take it off")

    _add(commands, "reset", _reset, "pull the EN pin")

    _add(commands, "download", _download, "reset it into download mode, for esptool on uart0")

    command = _add(
        commands, "power-cut", _power_cut, "cut the power, now or within a flash operation"
    )
    command.add_argument(
        "--after",
        type=arguments.whole(1, _MAX_AFTER),
        metavar="N",
        help="at the N-th flash operation from now",
    )
    command.add_argument("--torn", action="store_true", help="do half of that operation")
    command.add_argument("--stay-off", action="store_true", help="until `airwire board power-on`")

    _add(commands, "power-on", _power_on, "switch on a board that is off")

    command = _add(commands, "ap", _access_point, "show the access points, or change one")
    command.add_argument("ssid", nargs="?", help="the one to show or change")
    command.add_argument(
        "change", nargs="*", metavar="key=value", help="such as present=false, dhcp=off, rssi=-80"
    )

    command = commands.add_parser("list", help="all boards of this user")
    command.set_defaults(run=_list)

    command = _add(commands, "down", _down, "take a board down; its flash stays")
    command.add_argument("--all", action="store_true", help="all boards")

    _add(commands, "delete", _delete, "remove a board that is down, with its flash")

    command = commands.add_parser("example", help="print a commented configuration file")
    command.set_defaults(run=_example)


def _add(
    commands: Any, name: str, run: Any, text: str, first: tuple[str, str] | None = None
) -> Any:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    if first:
        command.add_argument(first[0], help=first[1])
    defaults = "the board" if name == "delete" else f"the board ({paths.DEFAULT_NAME})"
    if name in _NAMING:
        command.add_argument("name", nargs="?", help="the board, as --board")
    command.add_argument("--board", metavar="NAME", help=defaults)
    command.set_defaults(run=run)
    return command


def _given(args: argparse.Namespace) -> str | None:
    # Every command has --board; those with no other word take the name alone as well.
    names = {name for name in (getattr(args, "name", None), args.board) if name is not None}
    if len(names) > 1:
        raise UserError(f"one board at a time: {args.name} or --board {args.board}")
    return next(iter(names), None)


def _name(args: argparse.Namespace) -> str:
    name = _given(args)
    return paths.DEFAULT_NAME if name is None else name


def _board(args: argparse.Namespace) -> Any:
    from airwire.board.client import (
        Board,
    )  # only when a board is meant: `airwire --help` stays quick

    return Board(_name(args))


def _up(args: argparse.Namespace) -> int:
    from airwire.board.client import Board

    board = Board.up(
        _name(args),
        flash=args.flash,
        config=args.config,
        arch=args.arch,
        heap=args.heap,
        lan=args.lan,
        rfc2217=args.rfc2217,
    )
    status = board.status()
    where = f"in LAN {args.lan}" if args.lan else f"at {status['ip']}"
    print(f"board {board.name} is up {where}")
    print(f"  uart0 (USB, a person)  {board.uart0}")
    print(f"  uart1 (host MCU)       {board.uart1}")
    if status["rfc2217"]:
        print(f"  uart0 by RFC 2217      {_url(status)}")
    return 0


def _status(args: argparse.Namespace) -> int:
    status = _board(args).status()
    if args.json:
        print(json.dumps(status, indent=2))
        return 0
    wlan, flash = status["wlan"], status["flash"]
    address = wlan["address"]["ip"] if wlan["address"] else "no address"
    joined = wlan["ssid"] or "not joined"
    boots = f"booted {status['boots']} times, {status['panics']} panics"
    worn = f"{flash['erased']} erases, {flash['programmed']} programs"
    rows = [
        ("board", f"{status['name']}, {status['state']}, {status['ip']}"),
        ("firmware", f"{boots}, last reset {status['cause_name']}"),
        ("flash", f"{worn}, worst block {flash['most_worn']}"),
        ("wlan", f"{radio.words(wlan['status'])}, {joined}, {address}"),
    ]
    if status["rfc2217"]:
        rows.append(("rfc2217", _url(status)))
    for number, uart in enumerate(status["uart"]):
        counters = ", ".join(
            f"{uart[key]} {key}" for key in ("received", "overflow", "sent", "unread")
        )
        rows.append(
            (
                f"uart{number}",
                f"{uart['baud']} {uart['format']}, {uart['fill']} waiting, {counters}",
            )
        )
    for number, pin in status["pins"].items():
        level = "floats" if pin["level"] is None else f"is {pin['level']}"
        driven = "" if pin["driven"] is None else f", driven to {pin['driven']}"
        rows.append((f"gpio{number}", f"{level} ({pin['mode']}, pull {pin['pull']}{driven})"))
    for name, text in rows:
        print(f"{name:9} {text}")
    return 0


def _url(status: dict[str, Any]) -> str:
    return f"rfc2217://127.0.0.1:{status['rfc2217']}"


def _press(args: argparse.Namespace) -> int:
    _board(args).press(args.button, args.hold, args.bounce)
    return 0


def _led(args: argparse.Namespace) -> int:
    print(_board(args).led())
    return 0


def _pin(args: argparse.Namespace) -> int:
    if not args.number.isdigit():
        raise UserError(f"no GPIO {args.number!r}: 0 to 39")
    drive = [] if args.level is None else [_LEVELS[args.level]]
    board = _board(args)
    level = board.pin(int(args.number), *drive)
    if not drive:
        pad = board.pad(int(args.number))
        if pad.get("mode") == "pwm":
            print(f"pwm {pad['frequency']} Hz {pad['duty'] / 655.35:.1f} %")
        elif pad.get("mode") == "dac":
            print(f"dac {pad['dac']} ({pad['dac'] * 3.3 / 255:.2f} V)")
        else:
            print("z" if level is None else level)
    return 0


def _adc(args: argparse.Namespace) -> int:
    if not args.number.isdigit() or not args.millivolts.isdigit():
        raise UserError("adc wants a GPIO number and millivolts")
    _board(args).adc(int(args.number), int(args.millivolts))
    return 0


def _jumper(args: argparse.Namespace) -> int:
    first, _, second = args.gpios.partition("-")
    if not first.isdigit() or not second.isdigit():
        raise UserError(f"a jumper joins two GPIO numbers, as 12-14, not {args.gpios!r}")
    _board(args).jumper(int(first), int(second), not args.off)
    return 0


def _reset(args: argparse.Namespace) -> int:
    board = _board(args)
    starts, boots = (board.status()[key] for key in ("starts", "boots"))
    board.reset()
    board.wait("starts", at_least=starts + 1)
    if board.status()["state"] != "download":  # button 0 is pressed
        board.wait_boot(boots + 1)  # as `up` does: what comes next finds the firmware started
    return 0


def _download(args: argparse.Namespace) -> int:
    _board(args).download()
    return 0


def _power_cut(args: argparse.Namespace) -> int:
    if args.torn and args.after is None:
        raise UserError("--torn needs --after: it is a flash operation that is torn")
    board = _board(args)
    boots = board.status()["boots"]
    board.power_cut(args.after, args.torn, args.stay_off)
    if args.after is None and not args.stay_off:
        board.wait_boot(boots + 1)
    return 0


def _power_on(args: argparse.Namespace) -> int:
    _board(args).power_on()
    return 0


def _access_point(args: argparse.Namespace) -> int:
    board = _board(args)
    changes = {}
    for text in args.change:
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"{text!r} is not key=value")
        changes[key] = configuration.parse_change(key, value)
    points = [board.access_point(args.ssid, **changes)] if args.ssid else board.access_points()
    for point in points:
        flags = [key for key in ("hidden", "lossy_joins") if point[key]]
        flags += [f"no {key}" for key in ("dhcp", "dns") if not point[key]]
        state = f"{point['rssi']} dBm" if point["present"] else "absent"
        key = f"  {point['password']!r}" if point["password"] else ""
        text = (
            f"{point['ssid']:20} {point['security']:9} channel {point['channel']:2}  {state}{key}"
        )
        print("  ".join([text, *flags]))
    return 0


def _list(args: argparse.Namespace) -> int:
    from airwire.board.client import Board

    for name in paths.board_names():
        board = Board(name)
        if board.is_up():
            status = board.status()
            more = f"  {_url(status)}" if status["rfc2217"] else ""
            print(f"{name:20} {status['state']:10} {status['ip']}{more}")
        else:
            print(f"{name:20} down")
    return 0


def _down(args: argparse.Namespace) -> int:
    from airwire.board.client import Board

    if args.all:
        for name in paths.board_names():
            Board(name).down()
        return 0
    board = _board(args)
    if not board.is_up():
        raise UserError(f"board {board.name} is not up")
    board.down()
    return 0


def _delete(args: argparse.Namespace) -> int:
    if _given(args) is None:
        raise UserError("which board? airwire board delete NAME")
    _board(args).delete()
    return 0


def _example(args: argparse.Namespace) -> int:
    print(configuration.EXAMPLE, end="")
    return 0
