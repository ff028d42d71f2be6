"""Fixture that writes a CSV and reads it."""

from collections.abc import Callable
from typing import Any

import pytest

from nntrain.data.dataset import Dataset
from nntrain.data.kaggle import (
    read_csv,
)


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Dataset]:
    path = tmp_path_factory.mktemp("csv") / "file.csv"

    def read(content: bytes, **options: Any) -> Dataset:
        path.write_bytes(content)
        return read_csv(path, **{"classes": 10, **options})

    return read
