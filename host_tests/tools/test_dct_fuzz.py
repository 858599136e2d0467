"""Tables whose certificates and keys are damaged: the reports say so and never fail, and print no
key.
"""

import random

import pytest

from airwire.dct import cli, report
from airwire.dct.table import Table
from airwire.errors import UserError
from airwire.wire import dct
from host_tests.tools.cert_command import secrets_of
from host_tests.tools.odd_certs import SERVER, Made, chain_of_three

PADDING = [f"{number}.example" for number in range(5)]


def spoilt(data, chance):
    data = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 8))):
        how = chance.randrange(3)
        at = chance.randrange(len(data) or 1)
        if how == 0 and data:
            data[at] = chance.randrange(256)
        elif how == 1:
            data[at : at + chance.randrange(9)] = chance.randbytes(chance.randrange(9))
        elif at:
            del data[at:]
    return bytes(data) or b"x"  # an entry is not empty


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_damaged_identities_are_reported(counts):
    root, middle, leaf = chain_of_three(purposes=[SERVER], names=PADDING)
    other = Made("other", usages=["digital_signature"], ca=True, path_length=1)
    chance = random.Random(7)
    key = leaf.key_forms(b"x")["der"]
    secrets = secrets_of(leaf.key)
    seen = set()
    for _ in range(counts(200, 10_000)):
        chain = chance.choice((leaf.der, leaf.pem + middle.pem, other.der))
        entries = [
            (dct.IDENTITY, b"x", dct.CERTIFICATE, spoilt(chain, chance)),
            (dct.IDENTITY, b"x", dct.KEY, spoilt(key, chance)),
            (dct.IDENTITY, b"x", dct.ROOTS, spoilt(root.der + other.der, chance)),
            (dct.VARIABLES, b"wlan.ssid", dct.TEXT, b"x" * chance.randrange(40)),
        ]
        table = Table.parse(dct.image(entries), "t")
        faults = cli.faults(table, allow_expired=False)
        said = [*faults, *report.lines(table), str(report.to_json(table))]
        try:
            said += report.identity_lines(table, "x")
        except UserError as error:
            said.append(error.message)
        assert not any("\n" in fault for fault in faults)
        assert not any(secret in text for text in said for secret in secrets)
        seen.update(fault.split(":")[0] for fault in faults)
    assert {"x (cert)", "x (key)", "x (ca)"} <= seen


def test_any_partition_is_a_table_or_refused(counts):
    _, _, leaf = chain_of_three()
    whole = dct.image([(dct.IDENTITY, b"x", dct.CERTIFICATE, leaf.der)])
    chance = random.Random(8)
    for _ in range(counts(300, 10_000)):
        copy = bytearray(whole[: 24 + len(leaf.der) + 20])
        copy[chance.randrange(24)] = chance.randrange(256)
        data = bytes(copy) + whole[len(copy) :]
        try:
            table = Table.parse(data, "t")
        except UserError as error:
            assert error.message.startswith("t: ")
        else:
            assert table.copy in (0, None)
            assert report.lines(table)
