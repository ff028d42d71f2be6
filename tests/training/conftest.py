import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def numbered(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Makes a new path for a run at every call."""
    counter = itertools.count()
    yield lambda: tmp_path / f"run{next(counter)}"
