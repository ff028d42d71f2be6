"""Hosts for schedulers and workers."""

from collections.abc import Iterator

import pytest

from tests.support.hosts import Hosts


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    hosts = Hosts()
    yield hosts
    hosts.close()
