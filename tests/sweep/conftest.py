"""A sweep over the tiny problem, and a crew that trains it in this process."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from nntrain.cluster.leg import Files, Gone, Leg, go
from nntrain.data.kaggle import write_csv
from nntrain.training.fit import Split, read_data
from nntrain.training.progress import EpochRecord
from nntrain.training.reporter import Reporter
from tests.conftest import CONFIG, stripes

SWEEP = """
config: tiny.yaml
space:
  training.optimizer.learning_rate: {log: [1e-4, 1]}
  network[0].dense: {whole: [2, 10], step: 2}
  training.batch_size: {choice: [8, 16]}
trials: 6
at_once: 3
pruning: {first: 1, after: 2}
seed: 5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with data, a configuration and a sweep of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    Path("data").mkdir()
    write_csv("data/train.csv", *stripes(200))
    Path("tiny.yaml").write_text(CONFIG.format(train="data/train.csv"))
    Path("sweep.yaml").write_text(SWEEP)
    return tmp_path


class Killed(BaseException):
    """What ends the process, as far as a test in it can be ended."""


class Inline:
    """A crew of a few workers, all in this process, who end their legs in any order."""

    def __init__(
        self,
        data: Split,
        workers: int = 2,
        seed: int = 0,
        seconds: float = 1e9,
        killed_after: int | None = None,
    ) -> None:
        self.data = data
        self.workers = workers
        self.chance = random.Random(seed)
        self.seconds = seconds
        self.waiting: list[tuple[Leg, Files]] = []
        self.legs = 0
        self.left = killed_after

    @property
    def busy(self) -> bool:
        return bool(self.waiting)

    @property
    def idle(self) -> int:
        return max(0, self.workers - len(self.waiting))

    def start(self, name: str, config: str, files: Files, until: int | None) -> None:
        self.waiting.append((Leg(name, config, until, 1, self.seconds), files))

    def wait(self) -> list[tuple[str, Gone]]:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed
        if not self.waiting or self.chance.random() < 0.2:
            return []
        leg, files = self.waiting.pop(self.chance.randrange(len(self.waiting)))
        self.legs += 1
        return [(leg.name, go(leg, files, self.data, self.hear))]

    def hear(self, name: str, record: EpochRecord) -> None:
        """Epochs are of no interest here."""


@pytest.fixture
def inline(folder: Path) -> Callable[..., Inline]:
    """Makes crews."""
    from nntrain.config import load_config

    data = read_data(load_config("tiny.yaml"), Reporter())
    return lambda **options: Inline(data, **options)
