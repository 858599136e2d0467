"""The memory of HTTP's heads, which `make bench` prints with their instructions."""

import pytest

from host_tests.bench import http_head
from host_tests.conftest import runnable


@pytest.mark.parametrize("case, most", [(case, most) for case, _, most, _ in http_head.CASES])
def test_bytes_of_a_head(case, most, interpreters):
    runnable("i386", interpreters)
    assert http_head.SCRIPT.allocated(case) <= most
