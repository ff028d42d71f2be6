"""A tiny problem that trains in milliseconds: 4×4 pictures of three kinds of stripes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nntrain.config import Config, parse_config
from nntrain.data.kaggle import write_csv

CONFIG = """
seed: 3
data: {{train: {train}, validation: 0.25, classes: 3}}
network:
  - {{dense: 8, activation: sigmoid}}
  - {{dense: 3, activation: softmax}}
loss: cross_entropy
training: {{epochs: 4, batch_size: 16, optimizer: {{name: adam, learning_rate: 0.02}}}}
"""


def stripes(count: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Noisy pictures, shape (count, 16), of rows (0), columns (1) or a border (2)."""
    rng = np.random.default_rng(seed)
    kinds = np.zeros((3, 4, 4))
    kinds[0, ::2], kinds[1, :, ::2], kinds[2, [0, -1]], kinds[2, :, [0, -1]] = 1, 1, 1, 1
    labels = rng.integers(0, 3, count).astype(np.uint8)
    pixels = 180 * kinds[labels].reshape(count, 16) + rng.uniform(0, 75, (count, 16))
    return pixels.astype(np.uint8), labels


@pytest.fixture(autouse=True, scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test meets what another run of the tests has left."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNTRAIN_CACHE", str(folder))
        yield folder


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_disks() -> Iterator[None]:
    """Nothing that a test writes must outlast a power failure."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def one_thread_in_blas() -> Iterator[None]:
    """Unless nntrain says otherwise: its idle threads would spin on cores that other tests need."""
    with threadpool_limits(1, "blas"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_NUM_THREADS", "1")  # for processes that tests start
        yield


@pytest.fixture
def train_csv(tmp_path: Path) -> Path:
    """200 labelled rows."""
    path = tmp_path / "train.csv"
    write_csv(path, *stripes(200))
    return path


@pytest.fixture
def make_config(train_csv: Path) -> Callable[..., Config]:
    """Makes the tiny problem's configuration, with overrides as --set takes them."""

    def make(*overrides: str) -> Config:
        return parse_config(CONFIG.format(train=train_csv), "tiny.yaml", overrides)

    return make
