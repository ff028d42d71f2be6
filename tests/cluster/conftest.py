"""The sweep's tiny problem, and hosts."""

from collections.abc import Iterator

import pytest

from tests.support.hosts import Hosts
from tests.sweep.conftest import folder, inline

__all__ = ["folder", "hosts", "inline"]


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    """Hosts on a network of their own."""
    hosts = Hosts()
    yield hosts
    hosts.close()
