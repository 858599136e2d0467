"""`airwire cert`: what one does with openssl and a browser otherwise. Arguments and text only."""

import argparse
import json
import keyword
import os
from pathlib import Path
from typing import Any

from airwire import arguments
from airwire.errors import UserError

# Of a key: below it the boards' TLS refuses, above it a chip takes seconds for a handshake.
_RSA_BITS = (2048, 3072, 4096)
_MAX_DAYS = 36500
# Longer than a slow server takes, short of what a person waits for.
_FETCH_SECONDS = 10.0

# What `to-python` calls its literal, unless told.
_PYTHON_NAMES = {False: "CERTIFICATE", True: "KEY"}


def register(subparsers: Any) -> None:
    """Add `cert` and its sub-commands."""
    cert = subparsers.add_parser(
        "cert", help="certificates and keys: make, convert and show them, fetch a server's"
    )
    commands = cert.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _new(commands, "new-ca", _new_ca, "make an authority: a root, or one under another")
    command.add_argument(
        "--under", type=arguments.path, metavar="CA", help="the authority that signs it"
    )
    _signer(command)

    command = _new(commands, "new-server", _new_server, "make a server's certificate and key")
    command.add_argument(
        "--ca", type=arguments.path, required=True, help="the authority that signs it"
    )
    command.add_argument("--client", action="store_true", help="good for a client as well")
    _names(command)
    _signer(command)

    command = _new(commands, "new-client", _new_client, "make a client's certificate and key")
    command.add_argument(
        "--ca", type=arguments.path, required=True, help="the authority that signs it"
    )
    _names(command)
    _signer(command)

    command = _new(
        commands, "self-signed", _self_signed, "make a certificate that is its own root"
    )
    _names(command)

    for kind, words in (("der", "binary"), ("pem", "text")):
        command = _add(
            commands,
            f"to-{kind}",
            _to_der if kind == "der" else _to_pem,
            f"convert a certificate or key to {kind.upper()} ({words})",
        )
        _convert(command)
        command.add_argument(
            "-o", "--output", type=arguments.path, metavar="FILE", help=f"(the name with .{kind})"
        )

    command = _add(
        commands, "to-python", _to_python, "print a module with a certificate or key as a literal"
    )
    _convert(command)
    command.add_argument("--name", default="", help="of the literal (CERTIFICATE or KEY)")
    command.add_argument(
        "-o", "--output", type=arguments.path, metavar="FILE", help="(standard output)"
    )

    command = _add(commands, "show", _show, "show the certificates of files; of a key its kind")
    command.add_argument("files", nargs="+", type=arguments.path, metavar="FILE")
    command.add_argument("--json", action="store_true", help="for programs")

    command = _add(
        commands,
        "fetch",
        _fetch,
        "get the certificates of a server, and say which a board is to trust",
    )
    command.add_argument("host", metavar="HOST[:PORT]", help="port 443 unless given")
    command.add_argument("--name", default="", help="the server's name, where HOST is another")
    command.add_argument(
        "--timeout",
        type=arguments.seconds,
        default=_FETCH_SECONDS,
        metavar="S",
        help="seconds (10)",
    )
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        metavar="FILE",
        help="write the one to trust, as PEM",
    )
    command.add_argument(
        "--chain", type=arguments.path, metavar="FILE", help="write all of them, as PEM"
    )
    command.add_argument("--force", action="store_true", help="replace files")
    command.add_argument("--json", action="store_true", help="for programs")


def _add(commands: Any, name: str, run: Any, text: str) -> Any:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(run=arguments.paths_told(run))
    return command


def _new(commands: Any, name: str, run: Any, text: str) -> Any:
    command = _add(commands, name, run, text)
    command.add_argument(
        "stem", type=arguments.path, metavar="FILE", help="makes FILE.pem and FILE.key"
    )
    command.add_argument("--name", help="common name in it (the name of FILE)")
    command.add_argument(
        "--days", type=arguments.whole(1, _MAX_DAYS), metavar="N", help="how long it is valid"
    )
    command.add_argument(
        "--rsa",
        type=int,
        choices=_RSA_BITS,
        metavar="BITS",
        help="an RSA key of 2048, 3072 or 4096 bits; default: EC P-256, quicker on a chip",
    )
    command.add_argument("--force", action="store_true", help="replace files")
    command.add_argument(
        "--key", type=arguments.path, metavar="F", help="renew: for this key instead of a new one"
    )
    command.add_argument("--encrypt", action="store_true", help="protect the key by a password")
    command.add_argument(
        "--password-file",
        type=arguments.path,
        metavar="F",
        help="where the password of the key is; else it is asked for",
    )
    return command


def _signer(command: Any) -> None:
    command.add_argument(
        "--ca-key",
        type=arguments.path,
        metavar="F",
        help="the authority's key (its name with .key)",
    )
    command.add_argument(
        "--ca-password-file",
        type=arguments.path,
        metavar="F",
        help="where the password of the authority's key is; else it is asked for",
    )


def _names(command: Any) -> None:
    for option, text in (("--dns", "a host name"), ("--ip", "an address")):
        command.add_argument(
            option,
            action="append",
            default=[],
            metavar=option[2:].upper(),
            help=f"{text} that it is called by; may be given several times",
        )


def _convert(command: Any) -> None:
    command.add_argument("file", type=arguments.path, metavar="FILE", help="certificates or a key")
    command.add_argument("--only", type=int, metavar="N", help="the N-th certificate, from 1")
    command.add_argument(
        "--password-file", type=arguments.path, metavar="F", help="of an encrypted key"
    )
    command.add_argument("--force", action="store_true", help="replace files")


# Making


def _paths(stem: Path) -> tuple[Path, Path]:
    # FILE, FILE.pem and FILE.key all mean the same pair.
    if stem.suffix in (".pem", ".key"):
        stem = stem.with_suffix("")
    if not stem.name:
        raise UserError("a file name is missing")
    return stem.with_name(stem.name + ".pem"), stem.with_name(stem.name + ".key")


def _authority(args: argparse.Namespace, given: Path) -> Any:
    from airwire.cert import files, make

    cert, key = _paths(given)
    if given.exists() and not given.is_dir():
        cert = given  # whatever it is called
    if not cert.exists():
        raise UserError(f"no authority {cert}: `airwire cert new-ca` makes one")
    key = args.ca_key or key
    chain = files.certificates(cert)
    private = files.key(key, args.ca_password_file, "--ca-password-file")
    return make.Authority(private, chain, str(cert))


def _write_pair(args: argparse.Namespace, make_one: Any, issuer: Any) -> int:
    """Key and certificate of a `new-...`; `make_one` gets name and key."""
    from airwire.cert import describe, files, make

    cert_path, key_path = _paths(args.stem)
    files.refuse_overwriting((cert_path,) if args.key else (cert_path, key_path), args.force)
    name = make.common_name(cert_path.stem if args.name is None else args.name)
    if issuer is not None:
        issuer.check()
    secret = None
    if args.key:
        if args.encrypt or args.rsa:
            raise UserError("--key takes the key as it is: no --encrypt, no --rsa")
        private = files.key(args.key, args.password_file)
        make.check_key(private, str(args.key))
    else:
        if args.encrypt:
            secret = files.password(str(key_path), args.password_file, twice=True)
        elif args.password_file:
            raise UserError("--password-file is for --encrypt and --key")
        private = make.key(args.rsa)
    cert = make_one(name, private)
    chain = [cert, *(issuer.below() if issuer else [])]
    if not args.key:
        files.write(key_path, files.key_pem(private, secret), private=True, replace=args.force)
    files.write(cert_path, files.pem(chain), private=False, replace=args.force)
    about = describe.facts(cert, str(cert_path))
    more = f", with {len(chain) - 1} above it" if len(chain) > 1 else ""
    print(f"{cert_path}: {', '.join(about.usage)} {about.subject}, {about.key}{more}")
    print(f"  until {about.not_after[:10]}")
    if not args.key:
        print(f"{key_path}: its key{', encrypted' if secret else ''}; keep it to yourself")
    return 0


def _new_ca(args: argparse.Namespace) -> int:
    from airwire.cert import make

    under = _authority(args, args.under) if args.under else None
    if under is None and (args.ca_key or args.ca_password_file):
        raise UserError("--ca-key and --ca-password-file are for --under")
    return _write_pair(args, lambda name, key: make.authority(name, key, args.days, under), under)


def _new_server(args: argparse.Namespace) -> int:
    from airwire.cert import make

    purposes = [make.SERVER, make.CLIENT] if args.client else [make.SERVER]
    return _leaf(args, purposes, _authority(args, args.ca), named=True)


def _new_client(args: argparse.Namespace) -> int:
    from airwire.cert import make

    return _leaf(args, [make.CLIENT], _authority(args, args.ca), named=False)


def _self_signed(args: argparse.Namespace) -> int:
    from airwire.cert import make

    return _leaf(args, [make.SERVER, make.CLIENT], None, named=True)


def _leaf(args: argparse.Namespace, purposes: list, issuer: Any, named: bool) -> int:
    from airwire.cert import make

    names = make.alternative_names(args.dns, args.ip)
    if named and not names:
        raise UserError("what do clients call it? --dns NAME or --ip ADDRESS")
    return _write_pair(
        args,
        lambda name, key: make.leaf(name, key, args.days, names, purposes, issuer),
        issuer,
    )


# Converting


def _load(args: argparse.Namespace) -> tuple[list, Any]:
    """What FILE holds: certificates, or else a key."""
    from airwire.cert import files

    data = files.read(args.file)
    certs = files.try_certificates(data, str(args.file))
    if args.only is not None:
        if not 1 <= args.only <= len(certs):
            raise UserError(f"{args.file}: no certificate {args.only}: there are {len(certs)}")
        certs = [certs[args.only - 1]]
    if certs:
        return certs, None
    key = files.try_key(data, args.file, args.password_file)
    if key is None:
        raise UserError(f"{args.file}: neither a certificate nor a private key")
    return [], key


def _to_der(args: argparse.Namespace) -> int:
    from airwire.cert import files

    certs, key = _load(args)
    if len(certs) > 1:
        raise UserError(
            f"{args.file}: {len(certs)} certificates, and a DER file holds one: "
            "--only N takes one of them; a chain stays PEM"
        )
    return _converted(args, files.der(certs[0]) if certs else files.key_der(key), "der", bool(key))


def _to_pem(args: argparse.Namespace) -> int:
    from airwire.cert import files

    certs, key = _load(args)
    return _converted(args, files.pem(certs) if certs else files.key_pem(key), "pem", bool(key))


def _converted(args: argparse.Namespace, data: bytes, suffix: str, private: bool) -> int:
    from airwire.cert import files

    path = args.output or args.file.with_suffix(f".{suffix}")
    if os.path.realpath(path) == os.path.realpath(args.file):
        raise UserError(f"{path} would replace what it is made from: --output FILE names another")
    files.refuse_overwriting([path], args.force)
    files.write(path, data, private, replace=args.force)
    what = "key" if private else "certificate"
    print(f"{path}: {what}, {suffix.upper()}, {len(data)} bytes")
    return 0


def _to_python(args: argparse.Namespace) -> int:
    from airwire.cert import describe, files

    certs, key = _load(args)
    name = args.name or _PYTHON_NAMES[bool(key)]
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise UserError(f"--name {name}: not a name in Python")
    if key and args.output is None:
        raise UserError("a key is not printed: --output FILE writes the module")
    # A chain can be loaded in one piece only as PEM.
    data = files.key_der(key) if key else files.der(certs[0])
    data = files.pem(certs) if len(certs) > 1 else data
    lines = [f"# From {describe.printable(args.file.name)}, by `airwire cert to-python`."]
    for cert in certs:
        about = describe.facts(cert, str(args.file))
        lines.append(f"# {about.subject}, until {about.not_after[:10]}")
    step = 16 if len(certs) < 2 else 64
    pieces = [data[i : i + step] for i in range(0, len(data), step)]
    lines += [f"{name} = (", *(f"    {piece!r}" for piece in pieces), ")"]
    text = "\n".join(lines) + "\n"
    if args.output is None:
        print(text, end="")
        return 0
    files.refuse_overwriting([args.output], args.force)
    files.write(args.output, text.encode(), private=bool(key), replace=args.force)
    print(f"{args.output}: {name}, to be named as py:{args.output.stem}.{name}")
    return 0


# Looking


def _show(args: argparse.Namespace) -> int:
    from airwire.cert import describe, files

    report: dict[str, Any] = {}
    for path in args.files:
        data = files.read(path)
        certs = [describe.facts(c, str(path)) for c in files.try_certificates(data, str(path))]
        keys = files.key_kinds(data)
        if not certs and not keys:
            raise UserError(f"{path}: neither a certificate nor a private key")
        report[str(path)] = {"certificates": [c.to_json() for c in certs], "keys": keys}
        if not args.json:
            words = [f"{len(certs)} certificate{'s' * (len(certs) > 1)}"] if certs else []
            print(f"{path}: {', '.join(words + [f'private key {kind}' for kind in keys])}")
            if certs:
                print(describe.table(certs))
    if args.json:
        print(json.dumps(report, indent=2))
    return 0


def _fetch(args: argparse.Namespace) -> int:
    from airwire.cert import describe, fetch, files

    host, port = fetch.place(args.host)
    wanted = [path for path in (args.output, args.chain) if path]
    files.refuse_overwriting(wanted, args.force)
    found = fetch.chain(host, port, args.name or host, args.timeout)
    about = [describe.facts(cert, args.host) for cert in found.chain]
    trust = fetch.to_trust(found.chain)
    if args.json:
        chain = [each.to_json() for each in about]
        number = None if trust is None else trust + 1
        more = {"protocol": found.protocol, "cipher": found.cipher}
        print(json.dumps({"host": host, "port": port, **more, "chain": chain, "trust": number}))
    else:
        how = f"{found.protocol}, {found.cipher}" if found.protocol else "wants a client's as well"
        print(f"{host}:{port}: {how}; certificates sent: {len(about)}")
        print(describe.table(about))
        print(_advice(about, trust))
    if args.output:
        if trust is None:
            raise UserError(f"{args.output} is not written: the server sends none to trust")
        files.write(
            args.output, files.pem([found.chain[trust]]), private=False, replace=args.force
        )
    if args.chain:
        files.write(args.chain, files.pem(found.chain), private=False, replace=args.force)
    return 0


def _advice(about: list, trust: int | None) -> str:
    if trust is None:
        return (
            f"Trust the authority that signed it, {about[0].issuer}: "
            "the server does not send its certificate"
        )
    which = about[trust]
    kind = "an intermediate, which is enough for a board"
    if which.self_signed:
        kind = "its own root" if trust == 0 else "a root"
    return (
        f"To trust: {trust + 1}, {which.subject} ({kind}). Nobody has verified it: compare its"
        " SHA-256 with one that you have from elsewhere"
    )
