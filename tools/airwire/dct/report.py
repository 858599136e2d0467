"""How a DCT looks to a person and to a program. Of a key only its kind, of a password nothing."""

from typing import Any

from airwire.cert import describe
from airwire.dct import values
from airwire.dct.table import Table
from airwire.errors import UserError
from airwire.wire import dct

SECRET = "********"


def lines(table: Table) -> list[str]:
    """All of a table: the module, its factory settings, its identities in a line each."""
    found = [(name, text) for name, text in table.texts(dct.MANUFACTURING).items()]
    found += _settings(table)
    found += [(f"dct:{name}", summary(table, name)) for name in table.identities()]
    width = max((len(name) for name, _ in found), default=0)
    states = [f"copy {number}: {state}" for number, state in enumerate(table.copies, 1)]
    return [*(f"{name:{width}}  {text}" for name, text in found), ", ".join(states)]


def summary(table: Table, name: str) -> str:
    """What an identity has, in a line."""
    try:
        material = table.material(name)
        parts = []
        if material.chain:
            own = describe.facts(material.chain[0], name)
            more = len(material.chain) - 1
            chain = f" with {more} above it" if more else ""
            parts.append(f"certificate of {own.subject}{chain}, until {own.not_after[:10]}")
        if material.key is not None:
            parts.append(f"key {describe.key_name(material.key.public_key())}")
        if material.roots:
            count = len(material.roots)
            parts.append(f"{count} root{'s' * (count > 1)}")
    except UserError as error:
        return error.message
    return "; ".join(parts)


def identity_lines(table: Table, name: str) -> list[str]:
    """An identity with all that its certificates say."""
    material = table.material(name)
    found = [f"dct:{name}"]
    for certs, what in ((material.chain, "certificate"), (material.roots, "roots")):
        if certs:
            facts = [describe.facts(cert, name) for cert in certs]
            found += [f"{what}:", describe.table(facts)]
    if material.key is not None:
        found.append(f"key: {describe.key_name(material.key.public_key())}")
    return found


def to_json(table: Table) -> dict[str, Any]:
    """The report of `list --json`."""
    return {
        "sequence": table.sequence,
        "copies": list(table.copies),
        "size": table.size(),
        "module": table.texts(dct.MANUFACTURING),
        "settings": dict(_settings(table)),
        "identities": [identity_json(table, name) for name in table.identities()],
    }


def identity_json(table: Table, name: str) -> dict[str, Any]:
    """The report of `show --json`."""
    try:
        material = table.material(name)
        return {
            "name": name,
            "certificate": [describe.facts(c, name).to_json() for c in material.chain],
            "key": material.key and describe.key_name(material.key.public_key()),
            "roots": [describe.facts(c, name).to_json() for c in material.roots],
        }
    except UserError as error:
        return {"name": name, "error": error.message}


def _settings(table: Table) -> list[tuple[str, str]]:
    return [
        (name, SECRET if _is_secret(name) else describe.printable(text))
        for name, text in table.texts(dct.VARIABLES).items()
    ]


def _is_secret(name: str) -> bool:
    # What is not known may be: a newer firmware's.
    try:
        return values.find(name)[0].access == "secret"
    except UserError:
        return True
