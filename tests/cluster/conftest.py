"""The sweep's tiny problem, and hosts."""

from collections.abc import Iterator

import pytest

from tests.cluster.hosts import Hosts
from tests.sweep.conftest import folder, inline

__all__ = ["folder", "hosts", "inline"]


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    """Some, with a network between them."""
    made = Hosts()
    yield made
    made.close()
