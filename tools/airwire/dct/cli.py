"""`airwire dct`: the table of certificates and factory settings in a module's flash. Arguments and
text only; keys are never in what is printed.
"""

import argparse
import json
from contextlib import nullcontext
from typing import Any

from airwire import arguments
from airwire.errors import UserError

_FAULTY = 1  # exit code of `verify` for a table that has faults


def register(subparsers: Any) -> None:
    """Add `dct` and its sub-commands."""
    # Registered for each command line, hence nothing costly: no certificates, no partitions.
    parser = subparsers.add_parser(
        "dct", help="certificates, keys and factory settings in a module's flash"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _add(commands, "new", _new, "make an image with an empty table")
    command.add_argument("file", type=arguments.path, metavar="FILE")
    for name, text in (
        ("maker", "who made the module"),
        ("product", "what it is"),
        ("serial", "its serial number"),
        ("date", "when it was made"),
    ):
        command.add_argument(f"--{name}", metavar="TEXT", help=text)
    command.add_argument("--force", action="store_true", help="replace FILE")
    _dry_run(command)

    command = _add(commands, "add", _put, "add an identity, or parts of one", target=True)
    command.add_argument("name", metavar="NAME", help="of the identity, as in dct:NAME")
    command.add_argument(
        "--cert",
        type=arguments.path,
        metavar="F",
        help="certificate, or chain with the own one first",
    )
    command.add_argument("--key", type=arguments.path, metavar="F", help="private key")
    command.add_argument(
        "--ca", type=arguments.path, metavar="F", help="roots by which others are verified"
    )
    command.add_argument(
        "--password-file", type=arguments.path, metavar="F", help="of an encrypted key"
    )
    command.add_argument("--force", action="store_true", help="replace what is there")
    _allow_expired(command)
    _dry_run(command)

    command = _add(
        commands,
        "set",
        _set,
        "set a factory setting, or maker, product, serial, date",
        target=True,
    )
    command.add_argument("name", metavar="VARIABLE", help="its full name ('uart.baud 1')")
    command.add_argument("value", metavar="VALUE")
    _dry_run(command)

    command = _add(commands, "unset", _unset, "take such a setting out again", target=True)
    command.add_argument("name", metavar="VARIABLE", help="its full name")
    _dry_run(command)

    command = _add(commands, "list", _list, "list what a table holds", target=True)
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(commands, "show", _show, "show the certificates of an identity", target=True)
    command.add_argument("name", metavar="NAME")
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(commands, "remove", _remove, "remove an identity, or a part", target=True)
    command.add_argument("name", metavar="NAME")
    command.add_argument(
        "--only", choices=("cert", "key", "ca"), help="this part; without it all of it"
    )
    _dry_run(command)

    command = _add(commands, "verify", _verify, "check all that a table holds", target=True)
    _allow_expired(command)

    command = _add(commands, "write", _write, "write FILE's table to a module or a flash image")
    command.add_argument("file", type=arguments.path, metavar="FILE")
    _elsewhere(command)
    _allow_expired(command)
    _dry_run(command)

    command = _add(commands, "read", _read, "read the table of a module or a flash image")
    command.add_argument("file", type=arguments.path, metavar="FILE")
    _elsewhere(command)
    command.add_argument("--force", action="store_true", help="replace FILE")


def _add(commands: Any, name: str, run: Any, text: str, target: bool = False) -> Any:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(run=arguments.paths_told(run))
    if target:
        command.add_argument(
            "file",
            type=arguments.path,
            nargs="?",
            metavar="FILE",
            help="an image of the table (`airwire dct new`) or of a whole flash",
        )
        _modules(command)
    return command


def _modules(command: Any, required: bool = False) -> Any:
    group = command.add_mutually_exclusive_group(required=required)
    group.add_argument(
        "--board",
        metavar="NAME",
        help="a virtual board; one that runs is switched off and on for a change",
    )
    group.add_argument("--port", help="a chip, through esptool, which stops and starts it")
    command.add_argument(
        "--baud", type=arguments.whole(1, arguments.MAX_BAUD), help="of --port (460800)"
    )
    return group


def _elsewhere(command: Any) -> None:
    group = _modules(command, required=True)
    group.add_argument(
        "--image", type=arguments.path, metavar="FLASH", help="an image of a whole flash"
    )


def _dry_run(command: Any) -> None:
    command.add_argument("--dry-run", action="store_true", help="check all, write nothing")


def _allow_expired(command: Any) -> None:
    command.add_argument(
        "--allow-expired", action="store_true", help="take certificates whatever their dates"
    )


# Changing


def _new(args: argparse.Namespace) -> int:
    from airwire.cert import files
    from airwire.dct.table import FIELDS, Table
    from airwire.wire import dct

    files.refuse_overwriting([args.file], args.force)
    table = Table()
    for name in FIELDS:
        text = getattr(args, name)
        if text is not None:
            table.put_text(dct.MANUFACTURING, name, text)
    copy, data = table.to_copy()
    if not args.dry_run:
        erased = b"\xff" * dct.COPY
        _make(args, data + erased if copy == 0 else erased + data)
    print(f"{args.file}: {_counted(table)}{_not_written(args)}")
    return 0


def _make(args: argparse.Namespace, data: bytes) -> None:
    from airwire.cert import files
    from airwire.dct import lock

    # One that is replaced is not changed by others meanwhile.
    with lock.file(args.file) if args.file.exists() else nullcontext():
        files.write(args.file, data, private=True, replace=args.force)


def _change(args: argparse.Namespace, make: Any) -> int:
    """Read the target's table, have `make(table)` change it and say in words what it did, write
    it.
    """
    from airwire.dct import targets
    from airwire.dct.table import Table

    with targets.opened(args.file, args, change=not args.dry_run) as target:
        table = Table.parse(target.read(), target.where)
        before = dict(table.entries)
        lines = make(table, target.where)
        _put_table(args, target, table, before)
    print("\n".join([*lines, f"{target.where}: {_counted(table)}{_not_written(args)}"]))
    return 0


def _put_table(args: argparse.Namespace, target: Any, table: Any, before: dict) -> None:
    copy, data = table.to_copy()
    # An equal table is not written, as on the device: each write wears the flash.
    if not args.dry_run and (table.entries != before or table.copy is None):
        target.write(copy, data)


def _put(args: argparse.Namespace) -> int:
    from airwire.cert import files
    from airwire.cert.check import Material
    from airwire.dct.table import check_identity

    check_identity(args.name)
    if not (args.cert or args.key or args.ca):
        raise UserError("nothing to add: --cert FILE, --key FILE, --ca FILE")
    # All of the input is checked before a module is stopped.
    given = Material(
        files.certificates(args.cert) if args.cert else (),
        files.key(args.key, args.password_file) if args.key else None,
        files.certificates(args.ca) if args.ca else (),
        *(str(path or "") for path in (args.cert, args.key, args.ca)),
    )
    given.check(args.allow_expired)

    def make(table: Any, where: str) -> list[str]:
        parts = [part for part in ("cert", "key", "ca") if getattr(args, part)]
        there = [part for part in parts if part in table.kinds(args.name)]
        if there and not args.force:
            raise UserError(
                f"{where}: {args.name} has {' and '.join(there)} already: --force replaces"
            )
        stored = table.material(args.name)
        whole = Material(
            given.chain or stored.chain,
            given.key or stored.key,
            given.roots or stored.roots,
            given.chain_where or stored.chain_where,
            given.key_where or stored.key_where,
            given.roots_where or stored.roots_where,
        )
        whole.check(allow_expired=True)  # the dates of what is stored are not asked for now
        table.put_material(args.name, given)
        return [*_notes(given.notes), _identity(table, args.name)]

    return _change(args, make)


def _set(args: argparse.Namespace) -> int:
    from airwire.dct import values
    from airwire.dct.table import FIELDS
    from airwire.wire import dct

    if args.name in FIELDS:
        section, name, shown = dct.MANUFACTURING, args.name, args.value
    else:
        variable, name = values.find(args.name)
        values.check(variable, name, args.value)
        section, shown = dct.VARIABLES, _hidden(variable, args.value)

    def make(table: Any, where: str) -> list[str]:
        table.put_text(section, name, args.value)
        return [f"{name}: {shown}"]

    return _change(args, make)


def _unset(args: argparse.Namespace) -> int:
    from airwire.wire import dct

    def make(table: Any, where: str) -> list[str]:
        name = args.name.encode()
        for section in (dct.MANUFACTURING, dct.VARIABLES):
            if (section, name, dct.TEXT) in table.entries:
                table.remove([(section, name, dct.TEXT)])
                return [f"{args.name}: taken out"]
        raise UserError(f"{where}: no setting {args.name!r}; `airwire dct list` shows them")

    return _change(args, make)


def _remove(args: argparse.Namespace) -> int:
    from airwire.dct.table import KINDS
    from airwire.wire import dct

    def make(table: Any, where: str) -> list[str]:
        there = table.kinds(args.name)
        if not there:
            raise UserError(f"{where}: no identity {args.name}; there are: {_names(table)}")
        kinds = [kind for kind in there if args.only in (None, kind)]
        if not kinds:
            has = " and ".join(there)
            raise UserError(f"{where}: {args.name} has no {args.only}, it has {has}")
        table.remove((dct.IDENTITY, args.name.encode(), KINDS[kind]) for kind in kinds)
        return [f"{args.name}: removed {', '.join(kinds)}"]

    return _change(args, make)


def _write(args: argparse.Namespace) -> int:
    from airwire.dct import targets
    from airwire.dct.table import Table

    source = Table.parse(targets.File(args.file).read(), str(args.file))
    if source.copy is None:
        raise UserError(f"{args.file}: no whole table in it ({', '.join(source.copies)})")
    found = faults(source, args.allow_expired)
    if found:
        raise UserError(f"{args.file}: {found[0]}")
    with targets.opened(args.image, args, change=not args.dry_run) as target:
        table = Table.parse(target.read(), target.where)
        before, table.entries = table.entries, source.entries
        _put_table(args, target, table, before)
    same = ": it had this table already" if before == source.entries else ""
    print(f"{target.where}: {_counted(table)}{same or _not_written(args)}")
    return 0


def _read(args: argparse.Namespace) -> int:
    from airwire.cert import files
    from airwire.dct import targets
    from airwire.dct.table import Table

    files.refuse_overwriting([args.file], args.force)
    with targets.opened(args.image, args, change=False) as target:
        data = target.read()
    table = Table.parse(data, target.where)
    if table.copy is None:
        raise UserError(f"{target.where}: no whole table in it ({', '.join(table.copies)})")
    _make(args, data)
    print(f"{args.file}: {_counted(table)}, from {target.where}")
    return 0


# Looking


def _load(args: argparse.Namespace) -> tuple[Any, str]:
    from airwire.dct import targets
    from airwire.dct.table import Table

    with targets.opened(args.file, args, change=False) as target:
        return Table.parse(target.read(), target.where), target.where


def _list(args: argparse.Namespace) -> int:
    from airwire.dct import report

    table, where = _load(args)
    if args.json:
        print(json.dumps(report.to_json(table), indent=2))
    else:
        print(f"{where}: {'no table' if table.copy is None else _counted(table)}")
        print("\n".join(report.lines(table)))
    return 0


def _show(args: argparse.Namespace) -> int:
    from airwire.dct import report

    table, where = _load(args)
    if args.name not in table.identities():
        raise UserError(f"{where}: no identity {args.name}; there are: {_names(table)}")
    if args.json:
        print(json.dumps(report.identity_json(table, args.name), indent=2))
    else:
        print("\n".join(report.identity_lines(table, args.name)))
    return 0


def _verify(args: argparse.Namespace) -> int:
    table, where = _load(args)
    if table.copy is None:
        raise UserError(f"{where}: no whole table in it ({', '.join(table.copies)})", _FAULTY)
    found = faults(table, args.allow_expired)
    faulty = "1 fault" if len(found) == 1 else f"{len(found) or 'no'} faults"
    print("\n".join([*found, f"{where}: {_counted(table)}, {faulty}"]))
    return _FAULTY if found else 0


def faults(table: Any, allow_expired: bool) -> list[str]:
    """What is wrong with identities and settings, a line each."""
    from airwire.dct import values
    from airwire.wire import dct

    found = []
    for name in table.identities():
        try:
            table.material(name).check(allow_expired)
        except UserError as error:
            found.append(error.message)
    for name, text in table.texts(dct.VARIABLES).items():
        try:
            values.check(*values.find(name), text)
        except UserError as error:
            found.append(error.message)
    return found


# Words


def _counted(table: Any) -> str:
    from airwire.dct.table import room

    count = len(table.entries)
    entries = f"{count} {'entry' if count == 1 else 'entries'}"
    return f"{entries}, {table.size()} of {room()} bytes"


def _not_written(args: argparse.Namespace) -> str:
    return " (dry run: nothing is written)" if args.dry_run else ""


def _names(table: Any) -> str:
    return ", ".join(table.identities()) or "none"


def _identity(table: Any, name: str) -> str:
    from airwire.dct import report

    return f"{name}: {report.summary(table, name)}"


def _notes(notes: list[str]) -> list[str]:
    return [f"note: {text}" for text in notes]


def _hidden(variable: Any, value: str) -> str:
    from airwire.dct import report

    return report.SECRET if variable.access == "secret" else value
