"""Programs with the driver in C, compiled once for all tests of a worker, and boards to drive."""

import pytest

from host_tests.c.programs import sanitized
from host_tests.client.conftest import board, flash_image, home

__all__ = ["board", "flash_image", "home"]


@pytest.fixture(scope="session")
def conform(tmp_path_factory):
    """conform.c, the driver behind a pipe."""
    return sanitized("conform.c", tmp_path_factory.mktemp("c"))
