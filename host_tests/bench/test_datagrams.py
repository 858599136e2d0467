"""The name services' memory, which `make bench` prints with their instructions: no datagram may
allocate more than it is allowed, and those of others nothing at all.
"""

import pytest

from host_tests.bench import datagrams
from host_tests.conftest import runnable

FREE = [case for case, _, budget in datagrams.CASES if budget == 0]


@pytest.mark.parametrize("case, budget", [(case, budget) for case, _, budget in datagrams.CASES])
def test_bytes_of_a_datagram(case, budget, interpreters):
    runnable("i386", interpreters)
    assert datagrams.allocated(case) <= budget


@pytest.mark.parametrize("case", FREE)
def test_nothing_is_allocated_for_others(case, interpreters):
    for arch in interpreters:
        assert datagrams.locked(arch, case)


def test_a_lock_that_is_broken_is_seen(interpreters):
    assert not datagrams.locked("amd64", "mdns-browse")
